package tickets_test

import (
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

func TestParseConversationID(t *testing.T) {
	t.Parallel()
	id := tickets.ConversationID{UUID: uuid.MustParse("0190b3c2-7c1e-7d4a-9f00-8a1b2c3d4e5f")}
	got, err := tickets.ParseConversationID(id.String())
	assert.NoError(t, err)
	assert.Equal(t, id, got)
	for _, text := range []string{"", "x", strings.ToUpper(id.String()), "{" + id.String() + "}", "urn:uuid:" + id.String(), id.String() + " "} {
		_, err := tickets.ParseConversationID(text)
		assert.ErrorIs(t, err, chatcfg.ErrID, "%q", text)
	}
}
