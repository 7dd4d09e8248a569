package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
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

// A search finds what the contract says, whatever characters words are made of,
// and nothing of another account.
func TestSearchModel(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqliteFast)
	accounts := []chatcfg.Account{b.account}
	for range 11 { // so that there are accounts 1 and 11, 2 and 12
		accounts = append(accounts, b.newAccount("Otra"))
	}
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := []string{"a", "b", "n", "ñ", "x", "1", "2", "A", "á", "\"", "*", "'", "(", ":", "-", "^", "\x01", "\uE000", "\uE041", "\uE080", "\uE081", "日", "\U0001F600", "NEAR", "OR", "\u0301", "\u200b"}
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
	for range 80 {
		o := one{account: r.IntN(len(accounts))}
		c := b.chat(accounts[o.account])
		o.id = c.conv.ID
		for range 1 + r.IntN(3) {
			var words []string
			for range 1 + r.IntN(4) {
				words = append(words, word())
			}
			batch := c.next("x")
			batch.Words = []storage.Words{{Ticket: 1, Text: strings.Join(words, " ")}, {Ticket: 1, Text: word()}}
			o.texts = append(o.texts, batch.Words[0].Text, batch.Words[1].Text)
			require.NoError(t, b.Conversations().Commit(b.ctx, batch))
		}
		all = append(all, o)
	}
	found := 0
	for range 500 {
		var words []string
		for range 1 + r.IntN(2) {
			if r.IntN(2) == 0 {
				words = append(words, word())
				continue
			}
			// A word that is there, or its beginning.
			o := all[r.IntN(len(all))]
			some := []rune(strings.Fields(strings.Join(o.texts, " "))[0])
			words = append(words, string(some[:1+r.IntN(len(some))]))
		}
		account := r.IntN(len(accounts))
		var want []tickets.ConversationID
		for _, o := range all {
			if o.account == account && holds(o.texts, words) {
				want = append(want, o.id)
			}
		}
		got := b.searched(accounts[account], words)
		found += len(got)
		require.ElementsMatch(t, want, got, "account %d words %q", account, words)
	}
	require.Greater(t, found, 100)
}

func TestSearchEnye(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqliteFast)
	b.chat(b.account).says("el año y la mañana")
	assert.Len(t, b.searched(b.account, []string{"año"}), 1)
	assert.Empty(t, b.searched(b.account, []string{"ano"}))
	assert.Len(t, b.searched(b.account, []string{"el", "mañ"}), 1)
	assert.Empty(t, b.searched(b.account, []string{"man"}))
}

// FuzzWords: whatever is indexed and looked for, a search is not an error and
// finds what the contract says.
func FuzzWords(f *testing.F) {
	for _, seed := range [][2]string{
		{"hola niño", "niñ"}, {"año", "ano"}, {`a"b`, `a"`}, {"x* y", "x*"}, {"near or and", "near or"}, {"\x00 a", "\x00"},
		{"\uE041 A", "A"}, {"\uE080\uE041", "\uE080"}, {" a  b ", " "}, {"", ""}, {"日本語", "日本"}, {"a\tb", "a"}, {"text:a", "text:"},
	} {
		f.Add(seed[0], seed[1])
	}
	b := setup(f, &sqliteFast)
	f.Fuzz(func(t *testing.T, text, query string) {
		if !utf8.ValidString(text) || !utf8.ValidString(query) || len(text)+len(query) > 10_000 {
			return // the contract's texts are valid UTF-8
		}
		mine := &bundle{TB: t, Store: b.Store, ctx: b.ctx}
		mine.minted.Store(b.minted.Add(100))
		a := mine.newAccount("Tienda")
		batch := mine.chat(a).next("hola")
		batch.Words = []storage.Words{{Ticket: 1, Text: text}}
		require.NoError(t, b.Conversations().Commit(b.ctx, batch))
		words := slices.DeleteFunc(strings.Split(query, " "), func(word string) bool { return word == "" }) // no word is empty
		require.Equal(t, holds([]string{text}, words), len(mine.searched(a, words)) == 1, "%q in %q", words, text)
	})
}

// A list is read page by page while tickets change: one that does not is listed
// once, in every order and with every condition.
func TestListPages(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqliteFast)
	var still, moving []*chat
	for i := range 40 {
		c := b.chat(b.account)
		c.tick.Important = i%2 == 0
		c.tick.Typification = &tickets.Typification{Category: "venta", Fields: map[string]string{"a\"<b>.'c\\": "1", "n": fmt.Sprint(i % 2)}}
		if i%4 < 2 {
			c.tick.Wait.DelayedAt = base.Add(time30)
		}
		if i%8 < 4 {
			still = append(still, c)
		} else {
			moving = append(moving, c)
		}
		c.says("hola pedido")
	}
	for name, q := range map[string]storage.TicketQuery{
		"all":       {},
		"open":      {Status: tickets.StatusOpen},
		"waiting":   {Order: storage.ByWaiting},
		"important": {Important: true},
		"delayed":   {Delayed: true},
		"category":  {Category: "venta"},
		"fields":    {Fields: map[string]string{"a\"<b>.'c\\": "1", "n": "0"}},
		"words":     {Words: []string{"hola", "ped"}},
		"several":   {Words: []string{"hola"}, Important: true, Delayed: true, Status: tickets.StatusOpen, Category: "venta", Fields: map[string]string{"n": "0"}},
	} {
		var want, got []tickets.ConversationID
		for _, c := range still {
			if q.Important && !c.tick.Important || q.Delayed && !c.tick.Delayed() || q.Fields["n"] == "0" && !c.tick.Important {
				continue
			}
			want = append(want, c.conv.ID)
		}
		q.Account, q.Limit = b.account.ID, 7
		for {
			page, err := b.Queries().Tickets(b.ctx, q)
			require.NoError(t, err, name)
			for _, row := range page.Items {
				got = append(got, row.Conversation)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			for _, c := range moving[:5] {
				c.says("otra")
			}
			other := q
			other.Category = "x"
			_, err = b.Queries().Tickets(b.ctx, other)
			require.ErrorIs(t, err, storage.ErrCursor, "of another list")
		}
		for _, id := range want {
			n := 0
			for _, one := range got {
				if one == id {
					n++
				}
			}
			assert.Equal(t, 1, n, name)
		}
		require.NotEmpty(t, want)
		got = slices.DeleteFunc(got, func(id tickets.ConversationID) bool { return !slices.Contains(want, id) })
		assert.Len(t, got, len(want))
	}
}

// TestWordsAreStored: words are stored as they always were, else what an older version stored
// would not be found.
func TestWordsAreStored(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqliteFast)
	batch := b.chat(b.account).next("")
	batch.Words[0].Text = "az09 AZ `{ /: \x01\x7f \u0080ñ\U0001F600 \uD7FF \uE000 \uE07F \uE080 \uE081"
	require.NoError(t, b.Conversations().Commit(b.ctx, batch))
	for word := range strings.SplitSeq(batch.Words[0].Text, " ") {
		require.Len(t, b.searched(b.account, []string{word, ""}), 1, "%q", word)
	}
	db := database(t, b.path)
	db.SetMaxOpenConns(1)
	_, err := db.Exec("CREATE VIRTUAL TABLE temp.stored USING fts5vocab(main, words, row)")
	require.NoError(t, err)
	terms, err := db.Query("SELECT term FROM temp.stored")
	require.NoError(t, err)
	defer terms.Close()
	var got []string
	for terms.Next() {
		var term string
		require.NoError(t, terms.Scan(&term))
		got = append(got, term)
	}
	require.NoError(t, terms.Err())
	assert.ElementsMatch(t, []string{
		"1xaz09", "1x\uE041\uE05A", "1x\uE060\uE07B", "1x\uE02F\uE03A", "1x\uE001\uE07F", "1x\u0080ñ\U0001F600", "1x\uD7FF",
		"1x\uE080\uE000", "1x\uE080\uE07F", "1x\uE080\uE080", "1x\uE081",
	}, got)
}
