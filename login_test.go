package charla_test

import (
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
)

// A login links the conversation that the session really wrote in, which another
// session of the same e-mail had begun (R7.2), and a message sent again across
// the login is stored once (R3.9).
func TestLoginKeepsTheConversationAndItsKeys(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Chat.EmailAsIdentifier = true
		c.Chat.Google.Enabled = true
	})
	first, second := b.enter("juan"), b.enter("juan")
	began := b.write(first, "hola").Ref
	key := &charla.WriteOptions{Key: "k1"}
	was, err := second.Write(b.ctx, "¿sigue ahí?", key)
	require.NoError(t, err)
	require.Equal(t, began, was.Ref)

	second, _, err = second.Login(b.ctx, charla.Proof{Provider: "google", Subject: "7"})
	require.NoError(t, err)
	require.Equal(t, []tickets.ConversationID{began.Conversation}, b.stored(second).Links)
	again, err := second.Write(b.ctx, "¿sigue ahí?", key)
	require.NoError(t, err)
	require.Equal(t, was, again)

	next, err := second.Write(b.ctx, "ya entré", &charla.WriteOptions{Key: "k2"})
	require.NoError(t, err)
	require.NotEqual(t, began.Conversation, next.Ref.Conversation)
}
