package widget_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStoredAlong: R3.9: the answer to a message names what its commit stored and
// nothing of another's, though all of them are of one instant.
func TestStoredAlong(t *testing.T) {
	t.Parallel()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
	s := setupDesk(t, &charla.Options{Clock: mock}, func(c *chatcfg.Config) {
		c.Automation.TicketCreated = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts("Ya te atendemos")}
	}, nil)
	type stored struct {
		Message message
		Also    []message
	}
	say := func(token, key, text string) (got stored) {
		a := s.do(request{method: "POST", path: "messages", token: token, body: map[string]any{"key": key, "text": text}})
		require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
		a.into(t, &got)
		return got
	}
	v := s.enter("carla")
	one := say(v.token, "k1", "uno")
	assert.Equal(t, []string{"1 customer uno"}, texts([]message{one.Message}))
	assert.Equal(t, []string{"2 rule Ya te atendemos"}, texts(one.Also), "what its commit stored")
	two := say(v.token, "k2", "dos")
	assert.Equal(t, []string{"3 customer dos"}, texts([]message{two.Message}))
	assert.Empty(t, two.Also, "another commit's")
	assert.Equal(t, one, say(v.token, "k1", "uno"), "repeated")
	assert.Equal(t, two, say(v.token, "k2", "dos"), "repeated")

	// After a login it writes in another conversation, from 1.
	_, token, err := s.account.Visitor(charla.Token(v.token)).Login(t.Context(), charla.Proof{Subject: "u1", Name: "Carla"})
	require.NoError(t, err)
	three := say(string(token), "k3", "tres")
	require.Equal(t, []string{"1 customer tres"}, texts([]message{three.Message}))
	assert.Equal(t, one, say(string(token), "k1", "uno"), "repeated after a login")
	assert.Equal(t, two, say(string(token), "k2", "dos"), "repeated after a login")
}
