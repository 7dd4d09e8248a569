package foreign_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/internal/fold"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/charlahq/charla/tickets"
	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R5.1: the borders of words are those of another program that follows Unicode's annex
// 29, where ours are to be the annex's.
func TestBorders(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(29, 1))
	pieces := []string{"a", "ñ", "É", "я", "1", "٣", "'", ",", ";", "·", "_", "-", "¿", " x", "$", "א", "\"", "退", "と", "ค", "ி", "👍", "🇨", "🇱", "👩\u200d🚒", "é\u0301", "ß", "한"}
	for range 50_000 {
		var b strings.Builder
		b.WriteString("x") // white space at the beginning is no symbol
		for range r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		want := map[int]bool{}
		for at, rest, state, word := 0, b.String(), -1, ""; rest != ""; at += len(word) {
			want[at] = true
			word, rest, state = uniseg.FirstWordInString(rest, state)
		}
		got := map[int]bool{}
		for reader := (fold.Reader{Text: b.String()}); ; {
			symbol, ok := reader.Next()
			if !ok {
				break
			}
			if symbol&fold.Border != 0 {
				got[reader.From] = true
			}
		}
		require.Equal(t, want, got, "%+q", b.String())
	}
}

// R5.1: what a keyword matches, a search finds, on each store.
func TestKeywordsAreFound(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	all := desks(t)
	server, err := pgtest.Start(ctx, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop()) })
	dsn, err := server.Create(ctx)
	require.NoError(t, err)
	store, err := postgres.Open(ctx, dsn, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	all = append(all, deskOn(t, "postgres", store))

	r := rand.New(rand.NewPCG(51, 2))
	pieces := []string{"a", "b", "ñ", "n\u0303", "Á", "1", "'", "’", "ʼ", ".", ",", "_", "-", "\u2011", " ", " ", "\u00ad", "\u200b", "退", "款", "カ", "ﾄﾞ", "ค", "န", "မာ", "א", "Ｂ", "５", "👍", "🏽", "🇨🇱", "\u200d", "☎"}
	draw := func(n int) string {
		var b strings.Builder
		few := pieces[r.IntN(len(pieces)-8):]
		for range n {
			b.WriteString(few[r.IntN(len(few))])
		}
		return b.String()
	}
	matched := 0
	for range 100 {
		text := "x" + draw(2+r.IntN(20))
		refs := make([]tickets.Ref, len(all))
		for i := range all {
			refs[i] = write(t, all[i].account, text)
		}
		runes := []rune(text)
		for range 10 {
			from := r.IntN(len(runes))
			keyword := string(runes[from:min(from+1+r.IntN(4), len(runes))])
			keywords, err := automation.CompileKeywords([]string{keyword})
			if err != nil || fold.Query(keyword) == "" {
				continue
			}
			if _, found := keywords.Find(text); !found {
				continue
			}
			matched++
			for i := range all {
				page, err := all[i].account.Inbox().Tickets(ctx, charla.TicketQuery{Text: keyword, Conversation: refs[i].Conversation})
				require.NoError(t, err)
				require.Len(t, page.Items, 1, "%s: %+q in %+q", all[i].name, keyword, text)
			}
		}
	}
	assert.Greater(t, matched, 100)
}
