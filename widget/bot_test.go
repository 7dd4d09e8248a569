package widget_test

import (
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
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

// TestBotCloses: R12.1, R14.1: a visitor reads which bot closed the conversation, marked as in
// messages.
func TestBotCloses(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	type closed struct {
		By, Name string
		Bot      bool
	}
	read := func() closed {
		var status struct{ Closed closed }
		s.do(request{path: "session", token: v.token}).into(t, &status)
		return status.Closed
	}
	for _, name := range []string{"Guía", ""} {
		ref := s.write(v, "hola").Ref
		_, err := s.account.Agent(charla.Person{ID: "guia", Name: name, Automated: true}).Do(t.Context(), ref, tickets.Command{Kind: tickets.CommandClose}, nil)
		require.NoError(t, err)
		assert.Equal(t, closed{"manual", strings.TrimPrefix(name+" · bot", " · "), true}, read())
	}
	s.save(func(c *chatcfg.Config) { c.Chat.WriteAsCompany = true })
	assert.Equal(t, closed{"manual", "Tienda · bot", true}, read())
	_, err := s.ana().Do(t.Context(), s.write(v, "hola").Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	assert.Equal(t, closed{"manual", "Tienda", false}, read())
}
