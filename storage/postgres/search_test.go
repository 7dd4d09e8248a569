package postgres_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// holds is what a search means: all words, the last one as a prefix, each in
// whichever text.
func holds(texts, words []string) bool {
	for i, word := range words {
		found := false
		for _, text := range texts {
			for one := range strings.SplitSeq(text, " ") {
				found = found || one == word || i == len(words)-1 && strings.HasPrefix(one, word)
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// searched lists the conversations of tickets that have words, page by page.
func (b *bundle) searched(a chatcfg.Account, words []string) (ids []tickets.ConversationID) {
	b.Helper()
	q := storage.TicketQuery{Account: a.ID, Words: words, Limit: 3}
	for {
		page, err := b.Queries().Tickets(b.ctx, q)
		require.NoError(b, err, "%q", words)
		for _, row := range page.Items {
			ids = append(ids, row.Conversation)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return ids
		}
	}
}

// A search finds what the contract says, whatever characters words are made of and
// however long they are, and nothing of another account.
func TestSearchModel(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	accounts := []chatcfg.Account{b.account}
	for range 11 { // so that there are accounts 1 and 11, 2 and 12
		accounts = append(accounts, b.newAccount("Otra"))
	}
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := []string{
		"a", "b", "n", "ñ", "x", "y", "1", "2", "A", "á", "\"", "*", "'", "\\", "(", ":", "-", "^", "|", "&", "!", "<->", "%", "_",
		"\x01", "\uE000", "日", "\U0001F600", "NEAR", "OR", "\u0301", "\u200b", "\t", "\n",
		strings.Repeat("ñ", 250), strings.Repeat("日", 165), strings.Repeat("z", 496), strings.Repeat("\U0001F600", 125), strings.Repeat("'", 600),
	}
	word := func() (w string) {
		for range 1 + r.IntN(3) {
			w += alphabet[r.IntN(len(alphabet))]
		}
		return w
	}
	type one struct {
		account int
		id      tickets.ConversationID
		texts   []string
	}
	var all []one
	longest := 0
	for range 60 {
		o := one{account: r.IntN(len(accounts))}
		c := b.chat(accounts[o.account])
		o.id = c.conv.ID
		for range 1 + r.IntN(3) {
			var words []string
			for range 1 + r.IntN(4) {
				words = append(words, word())
				longest = max(longest, len(words[len(words)-1]))
			}
			batch := c.next("x")
			batch.Words = []storage.Words{{Ticket: 1, Text: strings.Join(words, " ")}, {Ticket: 1, Text: word()}}
			o.texts = append(o.texts, batch.Words[0].Text, batch.Words[1].Text)
			require.NoError(t, b.Conversations().Commit(b.ctx, batch))
		}
		all = append(all, o)
	}
	require.Greater(t, longest, 2*postgres.MaxWord)
	found := 0
	for range 400 {
		account := r.IntN(len(accounts))
		var words []string
		for range 1 + r.IntN(2) {
			if r.IntN(2) == 0 {
				words = append(words, word())
				continue
			}
			// A word that is there, or its beginning.
			o := all[r.IntN(len(all))]
			account = o.account
			each := strings.Split(strings.Join(o.texts, " "), " ")
			some := []rune(each[r.IntN(len(each))])
			words = append(words, string(some[:1+r.IntN(len(some))]))
		}
		var want []tickets.ConversationID
		for _, o := range all {
			if o.account == account && holds(o.texts, words) {
				want = append(want, o.id)
			}
		}
		got := b.searched(accounts[account], words)
		found += len(got)
		require.ElementsMatch(t, want, got, "account %d words %.60q", account, words)
	}
	require.Greater(t, found, 100)
}

// A text of any length is found by all of its words.
func TestLongText(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	c := b.chat(b.account)
	batch := c.next("x")
	var text strings.Builder
	for i := range 120_000 {
		text.WriteString("palabra")
		text.WriteString(strings.Repeat(string(rune('a'+i%26)), 1+i%9))
		text.WriteByte(' ')
	}
	batch.Words = []storage.Words{{Ticket: 1, Text: text.String() + "última"}}
	require.NoError(t, b.Conversations().Commit(b.ctx, batch))
	assert.Len(t, b.searched(b.account, []string{"palabrab", "palabrazzz", "últ"}), 1)
	assert.Empty(t, b.searched(b.account, []string{"palabr", "últ"}))
}
