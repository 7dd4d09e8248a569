package charla_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// list is a list that is read page by page: it returns a name for each item of a page,
// and where the next page begins.
type list func(charla.PageQuery) ([]string, string, error)

// listOf makes a list of what a method returns.
func listOf[T any](read func(charla.PageQuery) (charla.Page[T], error), name func(T) string) list {
	return func(q charla.PageQuery) ([]string, string, error) {
		page, err := read(q)
		var names []string
		for _, one := range page.Items {
			names = append(names, name(one))
		}
		return names, page.Next, err
	}
}

// pages reads a list to its end in pages of at most limit items.
func (l list) pages(t *testing.T, limit int) [][]string {
	t.Helper()
	var pages [][]string
	for q := (charla.PageQuery{Limit: limit}); ; {
		names, next, err := l(q)
		require.NoError(t, err)
		if pages = append(pages, names); next == "" {
			return pages
		}
		require.NotEqual(t, q.Cursor, next)
		require.Len(t, names, limit, "a page that another follows is full")
		q.Cursor = next
	}
}

// paged is a list, and how many items it has.
type paged struct {
	list  list
	items int
}

// TestPages: R8.4: every list is read alike: its pages, however large, are the list, and
// no item comes twice.
func TestPages(t *testing.T) {
	t.Parallel()
	const n = 7
	b := setup(t, func(c *chatcfg.Config) {
		form(c)
		c.General.ReopenWindow = nil
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@x.cl"}}
	})
	b.use(b.newDesk(func(o *charla.Options) { o.Hooks, o.Mailer, o.Presence = nil, nil, nil }))
	for i := range n - 1 {
		_, _, err := b.desk.CreateAccount(b.ctx, fmt.Sprint("Otra ", i), "otra.cl", nil)
		require.NoError(t, err)
	}
	b.presence(tickets.Online)
	s := b.enter("juan")
	var ref tickets.Ref
	for i := range n {
		b.clock.Add(time.Second)
		ref = b.write(s, fmt.Sprint("m", i)).Ref
		_, err := b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClose}, nil)
		require.NoError(t, err)
		if i > 0 { // others wait
			b.write(b.enter(fmt.Sprint("c", i)), "hola")
		}
		_, err = b.account.Visitor("").Contact(b.ctx, charla.ContactForm{Email: "a@x.cl", Text: fmt.Sprint("f", i), Scriptless: true}, nil)
		require.NoError(t, err)
	}
	b.presence(tickets.Away)
	inbox, whole := b.account.Inbox(), tickets.Ref{Conversation: ref.Conversation}
	row := func(r charla.Row) string { return fmt.Sprint(r.Ref.Conversation, r.Ref.Number) }
	message := func(m tickets.Message) string { return m.Text }
	rows := func(q charla.TicketQuery) list {
		return listOf(func(p charla.PageQuery) (charla.Page[charla.Row], error) {
			q.PageQuery = p
			return inbox.Tickets(b.ctx, q)
		}, row)
	}
	lists := map[string]paged{
		"accounts": {listOf(func(p charla.PageQuery) (charla.Page[charla.AccountInfo], error) {
			return b.desk.Accounts(b.ctx, charla.AccountQuery{PageQuery: p})
		}, func(a charla.AccountInfo) string { return a.Name }), n},
		"deliveries": {listOf(func(p charla.PageQuery) (charla.Page[charla.Delivery], error) {
			return b.desk.Deliveries(b.ctx, charla.DeliveryQuery{Account: b.account.ID(), State: charla.DeliveryPending, PageQuery: p})
		}, func(d charla.Delivery) string { return d.Key }), 2*n - 1 + 2*n},
		"tickets":           {rows(charla.TicketQuery{}), 2*n - 1},
		"tickets, waiting":  {rows(charla.TicketQuery{Waiting: true}), n - 1},
		"tickets, status":   {rows(charla.TicketQuery{Status: tickets.StatusClosed}), n},
		"tickets, one's":    {rows(charla.TicketQuery{Conversation: ref.Conversation}), n},
		"tickets, searched": {rows(charla.TicketQuery{Text: "hola"}), n - 1},
		"messages": {listOf(func(p charla.PageQuery) (charla.Page[tickets.Message], error) {
			return inbox.Messages(b.ctx, ref, charla.MessageQuery{PageQuery: p})
		}, message), n},
		"messages, after": {listOf(func(p charla.PageQuery) (charla.Page[tickets.Message], error) {
			return inbox.Messages(b.ctx, ref, charla.MessageQuery{After: 2, Before: 7, PageQuery: p})
		}, message), 4},
		"a visitor's messages": {listOf(func(p charla.PageQuery) (charla.Page[tickets.Message], error) {
			return s.Messages(b.ctx, charla.MessageQuery{PageQuery: p})
		}, message), n},
		"history": {listOf(func(p charla.PageQuery) (charla.Page[tickets.Entry], error) {
			return inbox.History(b.ctx, whole, p)
		}, func(e tickets.Entry) string { return fmt.Sprint(e.N) }), 2 * n},
		"a ticket's history": {listOf(func(p charla.PageQuery) (charla.Page[tickets.Entry], error) {
			return inbox.History(b.ctx, ref, p)
		}, func(e tickets.Entry) string { return fmt.Sprint(e.N) }), 2},
		"explanations": {listOf(func(p charla.PageQuery) (charla.Page[automation.Explanation], error) {
			return inbox.Explain(b.ctx, whole, chatcfg.English, p)
		}, func(e automation.Explanation) string { return fmt.Sprint(e.At, e.What) }), 2 * n},
		"contacts": {listOf(func(p charla.PageQuery) (charla.Page[tickets.Submission], error) {
			return inbox.Contacts(b.ctx, p)
		}, func(s tickets.Submission) string { return s.Text }), n},
	}
	newest := map[string]func(charla.PageQuery) (charla.Page[tickets.Message], error){
		"newest": func(p charla.PageQuery) (charla.Page[tickets.Message], error) {
			return inbox.Messages(b.ctx, ref, charla.MessageQuery{Newest: true, PageQuery: p})
		},
		"a visitor's newest": func(p charla.PageQuery) (charla.Page[tickets.Message], error) {
			return s.Messages(b.ctx, charla.MessageQuery{Newest: true, PageQuery: p})
		},
		"newest before": func(p charla.PageQuery) (charla.Page[tickets.Message], error) {
			return inbox.Messages(b.ctx, ref, charla.MessageQuery{Newest: true, Before: 6, PageQuery: p})
		},
	}
	var cursors []string // of the opaque kind, of each list
	for name, c := range lists {
		pages := c.list.pages(t, 0)
		require.Len(t, pages, 1, name)
		all := pages[0]
		require.Len(t, all, c.items, name)
		assert.Len(t, slices.Compact(slices.Sorted(slices.Values(all))), c.items, "%s: nothing twice", name)
		for limit := 1; limit <= c.items+1; limit++ {
			assert.Equal(t, all, slices.Concat(c.list.pages(t, limit)...), "%s in pages of %d", name, limit)
		}
		for _, wrong := range []int{-1, charla.MaxPage + 1} {
			names, _, err := c.list(charla.PageQuery{Limit: wrong})
			require.NoError(t, err)
			assert.Equal(t, all, names, "%s with limit %d", name, wrong)
		}
		_, next, err := c.list(charla.PageQuery{Limit: 1})
		require.NoError(t, err)
		require.NotEmpty(t, next, name)
		if len(next) > 20 {
			cursors = append(cursors, next)
		}
	}
	for name, read := range newest {
		messages := listOf(read, message)
		all := messages.pages(t, 0)[0]
		require.NotEmpty(t, all)
		for limit := 1; limit <= len(all)+1; limit++ {
			pages := messages.pages(t, limit)
			slices.Reverse(pages) // each in its order, the last messages first
			assert.Equal(t, all, slices.Concat(pages...), "%s in pages of %d", name, limit)
		}
		lists[name] = paged{messages, len(all)}
	}

	for name, c := range lists {
		_, own, err := c.list(charla.PageQuery{Limit: 1})
		require.NoError(t, err)
		for _, foreign := range append([]string{
			"nonsense", " ", "-1", "+1", "01", "1 ", "1.0", "9223372036854775808", "\x00", "newest", own + "x", own + "\n", " " + own,
		}, cursors...) {
			if foreign == own {
				continue
			}
			names, next, err := c.list(charla.PageQuery{Cursor: foreign})
			require.ErrorIs(t, err, charla.ErrCursor, "%s: cursor %q", name, foreign)
			assert.Empty(t, names)
			assert.Empty(t, next)
		}
		_, _, err = c.list(charla.PageQuery{Cursor: own})
		require.NoError(t, err, "%s: its own", name)
	}
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	for _, foreign := range cursors {
		p := charla.PageQuery{Cursor: foreign}
		_, err := other.Inbox().Contacts(b.ctx, p)
		require.ErrorIs(t, err, charla.ErrCursor, "another account's")
		_, err = other.Inbox().Tickets(b.ctx, charla.TicketQuery{PageQuery: p})
		require.ErrorIs(t, err, charla.ErrCursor, "another account's")
		_, err = b.desk.Deliveries(b.ctx, charla.DeliveryQuery{Account: b.account.ID(), State: charla.DeliveryDead, PageQuery: p})
		require.ErrorIs(t, err, charla.ErrCursor, "another state's")
	}
}
