package foreign_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/internal/fold"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// desk is a desk on one of the stores, with one account.
type desk struct {
	*charla.Desk
	name    string
	store   storage.Store
	account *charla.Account
}

// desks are a desk on each kind of store. They draw the same chance, so that
// they decide alike.
func desks(t testing.TB) []desk {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "fuzz.db"), &sqlite.Options{Readers: 1, InsecureNoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return []desk{deskOn(t, "memory", storage.NewMemory()), deskOn(t, "sqlite", db)}
}

func deskOn(t testing.TB, name string, store storage.Store) desk {
	t.Helper()
	d := desk{name: name, store: store}
	var err error
	d.Desk, err = charla.New(store, &charla.Options{Entropy: &entropy{chance: rand.NewChaCha8([32]byte{1})}})
	require.NoError(t, err)
	d.account, _, err = d.CreateAccount(context.Background(), "Tienda", "tienda.cl", nil)
	require.NoError(t, err)
	return d
}

// entropy is a generator that several goroutines may read.
type entropy struct {
	mu     sync.Mutex
	chance *rand.ChaCha8
}

func (e *entropy) Read(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.chance.Read(p)
}

func write(t testing.TB, account *charla.Account, text string) tickets.Ref {
	t.Helper()
	ctx := context.Background()
	v, _, err := account.Enter(ctx, charla.Entry{Name: "Juan", Email: "juan@example.com"})
	require.NoError(t, err)
	r, err := v.Write(ctx, text, nil)
	require.NoError(t, err)
	return r.Ref
}

// list is a list that is read by cursor.
type list struct {
	name string
	page func(d *desk, cursor string) (items []string, next string, err error)
}

var lists = []list{
	{"tickets", func(d *desk, cursor string) ([]string, string, error) {
		return d.tickets(cursor, charla.TicketQuery{})
	}},
	{"tickets that wait", func(d *desk, cursor string) ([]string, string, error) {
		return d.tickets(cursor, charla.TicketQuery{Waiting: true})
	}},
	{"tickets by words", func(d *desk, cursor string) ([]string, string, error) {
		return d.tickets(cursor, charla.TicketQuery{Text: "hola"})
	}},
	{"changes", func(d *desk, cursor string) ([]string, string, error) {
		page, err := d.store.Queries().Changes(context.Background(), d.account.ID(), cursor, 3)
		if errors.Is(err, storage.ErrCursor) {
			for _, err = range d.account.Inbox().Live(context.Background(), cursor, 0) { // says so, too
				break
			}
		}
		var items []string
		for _, c := range page.Items {
			items = append(items, c.Conversation.String())
		}
		return items, page.Next, err
	}},
}

func (d *desk) tickets(cursor string, q charla.TicketQuery) ([]string, string, error) {
	q.PageQuery = charla.PageQuery{Cursor: cursor, Limit: 3}
	page, err := d.account.Inbox().Tickets(context.Background(), q)
	var items []string
	for _, row := range page.Items {
		items = append(items, row.Ref.Conversation.String())
	}
	return items, page.Next, err
}

// FuzzCursor: a cursor that is not the list's own is ErrCursor; one that is
// nearly so, too, or reads on from some place of that very list.
func FuzzCursor(f *testing.F) {
	both := desks(f)
	whole := make(map[string][]string) // the lists, read from the start
	cursors := make(map[string][]string)
	for i := range both {
		d := &both[i]
		for n := range 8 {
			write(f, d.account, fmt.Sprint("hola ", n))
		}
		other, _, err := d.CreateAccount(context.Background(), "Otra", "otra.cl", nil)
		require.NoError(f, err)
		write(f, other, "hola")
		for _, l := range lists {
			key := d.name + l.name
			for cursor := ""; len(whole[key]) < 8; {
				items, next, err := l.page(d, cursor)
				require.NoError(f, err)
				whole[key] = append(whole[key], items...)
				if cursor = next; next != "" {
					cursors[key] = append(cursors[key], next)
				}
			}
			require.Len(f, whole[key], 8, key)
		}
	}
	for _, seed := range []string{"", "\n", "AAAA", "=", "latest", "../x", "\x00", "' OR 1=1 --"} {
		f.Add(uint8(0), uint8(1), seed, uint16(0), byte(0))
		f.Add(uint8(3), uint8(0), seed, uint16(30), byte(1))
	}
	f.Fuzz(func(t *testing.T, from, to uint8, text string, at uint16, flip byte) {
		source, target := lists[int(from)%len(lists)], lists[int(to)%len(lists)]
		for i := range both {
			d, key := &both[i], both[i].name+source.name
			given := cursors[key][int(from)/len(lists)%len(cursors[key])]
			near := []byte(given)
			near[int(at)%len(near)] ^= flip
			for _, cursor := range []string{text, string(near), given[:int(at)%len(given)] + text} {
				items, _, err := target.page(d, cursor)
				switch {
				case errors.Is(err, charla.ErrCursor):
					require.Empty(t, items)
					assert.False(t, cursor == given && source.name == target.name, "%s refuses its own cursor", key)
				case cursor == "" || cursor == storage.Latest:
					require.NoError(t, err)
				default:
					require.NoError(t, err, "%s %q", d.name, cursor)
					assert.Equal(t, source.name, target.name, "%s takes a cursor of %s", target.name, source.name)
					assert.NotContains(t, cursor, "\n", "a cursor has one spelling")
					all := whole[key]
					if len(items) > 0 {
						begin := slices.Index(all, items[0])
						require.GreaterOrEqual(t, begin, 0, "not of this list")
						require.Equal(t, all[begin:min(begin+len(items), len(all))], items)
					}
				}
				if other := &both[1-i]; cursor == given {
					_, _, err := target.page(other, cursor)
					require.ErrorIs(t, err, charla.ErrCursor, "of another database")
				}
			}
		}
	})
}

// FuzzSearch: a ticket is found by a text if every word of it occurs in what was
// written or in the customer's data, the last as a beginning; in both stores.
func FuzzSearch(f *testing.F) {
	for _, seed := range [][2]string{
		{"¿Dónde está mi pedido?", "DONDE ped"}, {"año", "ano"}, {"año", "AN\u0303"}, {"hola", "juan hola"}, {"x", "example.com"},
		{`"a" OR b*`, `a" OR "b`}, {"Straße", "strasse"}, {"日本語", "日本"}, {"hola", "  "}, {"a b", "b a"}, {"pedido 123", "12 pedido"},
		{"doesn’t", "doesn't"}, {"我要退款", "退款"}, {"👍🏽", "👍"}, {"reem\u00adbolso", "reembolso"},
	} {
		f.Add(seed[0], seed[1])
	}
	both := desks(f)
	f.Fuzz(func(t *testing.T, text, query string) {
		if len(chatcfg.CheckText("", text, 200)) > 0 || len(query) > 200 {
			return
		}
		ctx := context.Background()
		words := strings.Fields(fold.Words(text + " Juan juan@example.com"))
		want := found(words, strings.Fields(fold.Query(query)))
		for i := range both {
			d := &both[i]
			a, _, err := d.CreateAccount(ctx, "Tienda", "tienda.cl", nil)
			require.NoError(t, err)
			ref := write(t, a, text)
			page, err := a.Inbox().Tickets(ctx, charla.TicketQuery{Text: query})
			if len(strings.Fields(fold.Query(query))) > charla.MaxSearch {
				var problems chatcfg.Problems
				require.ErrorAs(t, err, &problems)
				continue
			}
			require.NoError(t, err)
			if query == "" {
				assert.Len(t, page.Items, 1)
				continue
			}
			assert.Equal(t, want, len(page.Items) == 1, "%s: %q in %q", d.name, query, text)
			if want {
				assert.Equal(t, ref, page.Items[0].Ref)
			}
		}
	})
}

func found(words, query []string) bool {
	for i, q := range query {
		holds := slices.Contains(words, q)
		if i == len(query)-1 {
			holds = slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, q) })
		}
		if !holds {
			return false
		}
	}
	return len(query) > 0
}

// FuzzKey: only an account's very key finds it; and only its very name deletes it.
func FuzzKey(f *testing.F) {
	both := desks(f)
	for _, seed := range []string{"", "ck_", "CK_", "\x00", "\xff", "' OR 1=1 --", "Tienda", "tienda", "Tienda "} {
		f.Add(seed, uint16(0), byte(0x20))
	}
	f.Fuzz(func(t *testing.T, text string, at uint16, flip byte) {
		ctx := context.Background()
		for i := range both {
			d := &both[i]
			info, err := d.account.Info(ctx)
			require.NoError(t, err)
			near := []byte(info.Key)
			near[int(at)%len(near)] ^= flip
			for _, key := range []string{text, string(near), info.Key + text, text + info.Key} {
				a, err := d.AccountByKey(ctx, key)
				if key == info.Key {
					require.NoError(t, err)
					assert.Equal(t, d.account.ID(), a.ID())
					continue
				}
				require.ErrorIs(t, err, charla.ErrNotFound, "%s %q", d.name, key)
			}
			if text != info.Name {
				require.ErrorIs(t, d.account.Delete(ctx, text), charla.ErrConfirmation)
			}
			info, err = d.account.Info(ctx)
			require.NoError(t, err)
			assert.Zero(t, info.DeletedAt)
		}
	})
}
