package widget_test

import (
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBotIsMarked: R12.1: a visitor reads under which name a bot writes, and that it is one;
// as the company, under the account's.
func TestBotIsMarked(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	ref := s.write(v, "hola").Ref
	for _, name := range []string{"Guía", ""} {
		_, err := s.account.Agent(charla.Person{ID: "guia", Name: name, Automated: true}).Reply(t.Context(), ref, "¿en qué ayudo?", nil)
		require.NoError(t, err)
	}
	_, err := s.ana().Reply(t.Context(), ref, "hola", nil)
	require.NoError(t, err)
	type message struct {
		From, Name string
		Bot        bool
	}
	read := func() []message {
		var page struct{ Messages []message }
		s.do(request{path: "messages?after=1", token: v.token}).into(t, &page)
		return page.Messages
	}
	assert.Equal(t, []message{{"agent", "Guía · bot", true}, {"agent", "bot", true}, {"agent", "Ana", false}}, read())
	s.save(func(c *chatcfg.Config) { c.Chat.WriteAsCompany = true })
	assert.Equal(t, []message{{"agent", "Tienda · bot", true}, {"agent", "Tienda · bot", true}, {"agent", "Tienda", false}}, read())
}
