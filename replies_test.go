package charla_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestQuickReplies: R11.5: quick replies are saved whole on their version, with all
// problems at once; one of two saves at once wins; no other account has them.
func TestQuickReplies(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	list, version, err := b.account.Agent(ana).QuickReplies(b.ctx)
	require.NoError(t, err)
	assert.Empty(t, list)
	assert.Zero(t, version)
	want := []chatcfg.QuickReply{
		{Shortcut: "hola", Title: "Saludo", Text: chatcfg.Words{ES: "Hola {customer|amigo}", PT: "Olá {customer|amigo}"}},
		{Shortcut: "precios", Title: "Precios", Text: chatcfg.Words{Any: "Mira {account}"}, Team: "ventas"},
	}
	version, err = b.account.Agent(ana).SaveQuickReplies(b.ctx, 0, want)
	require.NoError(t, err)
	assert.EqualValues(t, 1, version)
	before := b.record().Revision
	again, err := b.account.Agent(ana).SaveQuickReplies(b.ctx, 0, want)
	require.NoError(t, err, "the same save again")
	assert.Equal(t, version, again)
	assert.Equal(t, before, b.record().Revision, "and stores nothing")
	_, err = b.account.Agent(ana).SaveQuickReplies(b.ctx, 0, want[:1])
	require.ErrorIs(t, err, charla.ErrStale)

	_, err = b.account.Agent(ana).SaveQuickReplies(b.ctx, 1, []chatcfg.QuickReply{
		{Shortcut: "a\nb", Title: "x", Text: chatcfg.Words{Any: "{nadie}"}},
		{Shortcut: "Hola", Title: "", Text: chatcfg.Words{}, Team: strings.Repeat("é", 65)},
		{Shortcut: "hola", Title: "x", Text: chatcfg.Words{ES: "x", EN: strings.Repeat("x", chatcfg.MaxText+1)}},
	})
	var problems chatcfg.Problems
	require.ErrorAs(t, err, &problems)
	var paths []string
	for _, one := range problems {
		paths = append(paths, fmt.Sprint(one.Path, " ", one.Code))
	}
	assert.Equal(t, []string{
		"replies[0].shortcut control_character", "replies[0].text unknown_variable", "replies[1].title blank", "replies[1].text blank",
		"replies[1].team too_long", "replies[2].shortcut duplicate", "replies[2].text.en too_long",
	}, paths)
	many := make([]chatcfg.QuickReply, chatcfg.MaxQuickReplies+1)
	for i := range many {
		many[i] = chatcfg.QuickReply{Shortcut: fmt.Sprint(i), Title: "x", Text: chatcfg.Words{Any: "x"}}
	}
	_, err = b.account.Agent(ana).SaveQuickReplies(b.ctx, 1, many)
	require.ErrorAs(t, err, &problems)
	long := many[:200]
	for i := range long {
		long[i].Text.Any = strings.Repeat("x", chatcfg.MaxText)
	}
	_, err = b.account.Agent(ana).SaveQuickReplies(b.ctx, 1, long)
	require.ErrorAs(t, err, &problems)
	assert.Equal(t, chatcfg.CodeTooLarge, problems[0].Code)
	for _, same := range [][2]string{{"saldos", "SALDOſ"}, {"οδοσ", "οδος"}, {"café", "cafe\u0301"}} {
		_, err = b.account.Agent(ana).SaveQuickReplies(b.ctx, 1, []chatcfg.QuickReply{
			{Shortcut: same[0], Title: "x", Text: chatcfg.Words{Any: "x"}}, {Shortcut: same[1], Title: "x", Text: chatcfg.Words{Any: "y"}},
		})
		require.ErrorAs(t, err, &problems, same)
		assert.Equal(t, chatcfg.CodeDuplicate, problems[0].Code)
	}
	for i := range long {
		long[i].Text.Any = "x"
	}
	list, version, err = b.account.Agent(ana).QuickReplies(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, want, list)
	assert.EqualValues(t, 1, version)

	var group sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		group.Go(func() { _, errs[i] = b.account.Agent(ana).SaveQuickReplies(b.ctx, 1, many[i:i+1]) })
	}
	group.Wait()
	won := -1
	for i, err := range errs {
		if err == nil {
			assert.Equal(t, -1, won, "one wins")
			won = i
		} else {
			require.ErrorIs(t, err, charla.ErrStale)
		}
	}
	require.GreaterOrEqual(t, won, 0)
	list, _, err = b.account.Agent(ana).QuickReplies(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, many[won:won+1], list)
	_, err = b.account.Agent(ana).SaveQuickReplies(b.ctx, 2, many[1:])
	require.NoError(t, err)

	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	list, _, err = other.Agent(ana).QuickReplies(b.ctx)
	require.NoError(t, err)
	assert.Empty(t, list)
	_, _, err = b.desk.Account(chatcfg.AccountID{}).Agent(ana).QuickReplies(b.ctx)
	require.ErrorIs(t, err, charla.ErrNotFound)
}

// TestQuickReply: R11.5, R4.6, R6.9: a quick reply is rendered for a ticket on the server:
// in the customer's language, with the agent's name, or the company's where the account
// writes as that. It sends nothing.
func TestQuickReply(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	v := b.enterAs(charla.Entry{Name: "Juan {agent}", Email: "juan@example.com", Locale: chatcfg.Portuguese})
	ref := b.write(v, "olá").Ref
	_, err := b.account.Agent(ana).SaveQuickReplies(b.ctx, 0, []chatcfg.QuickReply{
		{Shortcut: "Hola", Title: "Saludo", Text: chatcfg.Words{ES: "Hola {customer}, soy {agent|alguien} de {account}", PT: "Olá {customer}, sou {agent|alguém} da {account}"}},
	})
	require.NoError(t, err)
	render := func(who charla.Person) string {
		text, err := b.agent(who).QuickReply(b.ctx, ref, "hOLA")
		require.NoError(t, err)
		return text
	}
	assert.Equal(t, "Olá Juan {agent}, sou Ana da Tienda", render(ana))
	assert.Equal(t, "Olá Juan {agent}, sou alguém da Tienda", render(charla.Person{ID: "beto"}))
	b.save(func(c *chatcfg.Config) { c.Chat.WriteAsCompany = true }, nil)
	assert.Equal(t, "Olá Juan {agent}, sou Tienda da Tienda", render(ana))
	assert.Len(t, b.messages(ref), 1)
	_, err = b.agent(ana).QuickReply(b.ctx, ref, "chau")
	require.ErrorIs(t, err, charla.ErrNotFound)
	_, err = b.agent(ana).QuickReply(b.ctx, tickets.Ref{Conversation: ref.Conversation, Number: 9}, "hola")
	require.ErrorIs(t, err, charla.ErrNotFound)
}
