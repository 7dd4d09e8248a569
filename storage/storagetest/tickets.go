package storagetest

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var ticketChecks = []test{
	{"tickets/filters", checkFilters},
	{"tickets/order and pages", checkTicketPages},
	{"tickets/page sizes", checkPageSizes},
	{"tickets/pages while others change", checkPagesMeanwhile},
	{"tickets/cursors", checkTicketCursors},
}

var wordChecks = []test{
	{"words/match", checkWords},
	{"words/no character is special", checkWordCharacters},
}

// foreign are cursors that no list of any store ever gave.
var foreign = []string{
	"x", " ", "0", "-1", "1", "null", "{}", "' OR 1=1 --", "ñ", "AAAA", "%", "\x00",
	strings.Repeat("A", 10_000),
}

// shape makes a batch's ticket one of many kinds, by number: over 60 numbers every
// combination of what can be asked for is there.
func shape(i int, b *storage.Batch) {
	t := &b.Tickets[0]
	t.Status = []tickets.Status{tickets.StatusOpen, tickets.StatusIgnored, tickets.StatusClosed}[i%3]
	t.Important = i%2 == 0
	if t.Status == tickets.StatusOpen && i%4 != 3 {
		t.Wait = &tickets.Wait{Since: later(1000 - i)}
		if i%4 == 0 {
			t.Wait.Limit, t.Wait.DelayedAt = tickets.Span(time.Minute), later(2000)
		}
	}
	t.WithBot = i%24 == 3 // open, and nobody waits
	switch i % 5 {
	case 0:
		t.Typification = &tickets.Typification{Category: "venta", Fields: map[string]string{"canal": "web", "ñ": "a'b"}}
	case 1:
		t.Typification = &tickets.Typification{Category: "Venta", Fields: map[string]string{"canal": "web", "vacío": ""}}
	case 2:
		t.Typification = &tickets.Typification{Fields: map[string]string{"canal": "tienda"}}
	}
	t.Assignee.Agent = []tickets.AgentID{"ana", "", "beto", ""}[i/3%4]
	t.Team = []tickets.TeamID{"", "ventas", "Ventas"}[i/5%3]
	t.Asked = i%4 > 0
	if score := i / 2 % 7; score > 1 { // also of one who was not asked
		t.Rating = &tickets.Rating{Score: score - 1, Comment: "ñ", At: later(i)}
	}
	t.Turn = []tickets.Turn{{}, {Agent: "ana", Key: "k"}, {Agent: "an", Key: "a\nk"}}[i%7%3]
	b.Active = t.Status == tickets.StatusOpen
}

// filters are conditions of a list, each with what it means.
var filters = []struct {
	name  string
	query storage.TicketQuery
	holds func(t *tickets.Ticket) bool
}{
	{"none", storage.TicketQuery{}, func(*tickets.Ticket) bool { return true }},
	{"open", storage.TicketQuery{Status: tickets.StatusOpen}, func(t *tickets.Ticket) bool { return t.Status == tickets.StatusOpen }},
	{"ignored", storage.TicketQuery{Status: tickets.StatusIgnored}, func(t *tickets.Ticket) bool { return t.Status == tickets.StatusIgnored }},
	{"closed", storage.TicketQuery{Status: tickets.StatusClosed}, func(t *tickets.Ticket) bool { return t.Status == tickets.StatusClosed }},
	{"no such status", storage.TicketQuery{Status: "Open"}, func(*tickets.Ticket) bool { return false }},
	{"important", storage.TicketQuery{Important: true}, func(t *tickets.Ticket) bool { return t.Important }},
	{"delayed", storage.TicketQuery{Delayed: true}, (*tickets.Ticket).Delayed},
	{"category", storage.TicketQuery{Category: "venta"}, func(t *tickets.Ticket) bool { return category(t) == "venta" }},
	{"no such category", storage.TicketQuery{Category: "vent%"}, func(*tickets.Ticket) bool { return false }},
	{"field", storage.TicketQuery{Fields: map[string]string{"canal": "web"}}, func(t *tickets.Ticket) bool { return field(t, "canal") == "web" }},
	{"two fields", storage.TicketQuery{Fields: map[string]string{"canal": "web", "ñ": "a'b"}}, func(t *tickets.Ticket) bool { return field(t, "ñ") == "a'b" }},
	{"empty field", storage.TicketQuery{Fields: map[string]string{"vacío": ""}}, func(t *tickets.Ticket) bool { return category(t) == "Venta" }},
	{"no such field", storage.TicketQuery{Fields: map[string]string{"canal": "w_b"}}, func(*tickets.Ticket) bool { return false }},
	{"odd field name", storage.TicketQuery{Fields: map[string]string{`$."canal'`: "web"}}, func(*tickets.Ticket) bool { return false }},
	{"assignee", storage.TicketQuery{Assignee: "ana"}, func(t *tickets.Ticket) bool { return t.Assignee.Agent == "ana" }},
	{"assignee's closed ones", storage.TicketQuery{Assignee: "ana", Status: tickets.StatusClosed}, func(t *tickets.Ticket) bool {
		return t.Assignee.Agent == "ana" && t.Status == tickets.StatusClosed
	}},
	{"no such assignee", storage.TicketQuery{Assignee: "an%"}, func(*tickets.Ticket) bool { return false }},
	{"team", storage.TicketQuery{Team: "ventas"}, func(t *tickets.Ticket) bool { return t.Team == "ventas" }},
	{"team's open ones", storage.TicketQuery{Team: "ventas", Status: tickets.StatusOpen}, func(t *tickets.Ticket) bool {
		return t.Team == "ventas" && t.Status == tickets.StatusOpen
	}},
	{"unassigned", storage.TicketQuery{Unassigned: true}, func(t *tickets.Ticket) bool {
		return t.Assignee.Agent == "" && t.Status != tickets.StatusClosed
	}},
	{"unassigned of a team", storage.TicketQuery{Unassigned: true, Team: "Ventas"}, func(t *tickets.Ticket) bool {
		return t.Assignee.Agent == "" && t.Team == "Ventas" && t.Status != tickets.StatusClosed
	}},
	{"score", storage.TicketQuery{Score: 5}, func(t *tickets.Ticket) bool { return t.Rating != nil && t.Rating.Score == 5 }},
	{"score of closed ones", storage.TicketQuery{Score: 1, Status: tickets.StatusClosed}, func(t *tickets.Ticket) bool {
		return t.Rating != nil && t.Rating.Score == 1 && t.Status == tickets.StatusClosed
	}},
	{"score of a team", storage.TicketQuery{Score: 2, Team: "ventas"}, func(t *tickets.Ticket) bool {
		return t.Rating != nil && t.Rating.Score == 2 && t.Team == "ventas"
	}},
	{"no such score", storage.TicketQuery{Score: -1}, func(*tickets.Ticket) bool { return false }},
	{"with the bot", storage.TicketQuery{WithBot: true}, func(*tickets.Ticket) bool { return true }},
	{"with the bot, unassigned", storage.TicketQuery{WithBot: true, Unassigned: true}, func(t *tickets.Ticket) bool { return t.Assignee.Agent == "" }},
	{"all at once", storage.TicketQuery{
		Status: tickets.StatusOpen, Important: true, Delayed: true, Category: "venta", Fields: map[string]string{"canal": "web"},
	}, func(t *tickets.Ticket) bool {
		return t.Status == tickets.StatusOpen && t.Important && t.Delayed() && category(t) == "venta" && field(t, "canal") == "web"
	}},
}

// category returns a ticket's category; empty: it has none.
func category(t *tickets.Ticket) string {
	if t.Typification == nil {
		return ""
	}
	return t.Typification.Category
}

// field returns a field of a ticket's typification; empty: it has none.
func field(t *tickets.Ticket, name string) string {
	if t.Typification == nil {
		return ""
	}
	return t.Typification.Fields[name]
}

// filled stores an account with n tickets of all shapes, whose instants of the last
// change are often the same, and returns it with their rows. A failure stops the check.
func (c *check) filled(n int) (chatcfg.Account, []storage.TicketRow) {
	a := c.account()
	var rows []storage.TicketRow
	for i := range n {
		b := c.begin(a, func(b *storage.Batch) {
			shape(i, b)
			b.Tickets[0].ChangedAt = later(5000 + i/4)
		})
		rows = append(rows, storage.TicketRow{Conversation: b.Conversation.ID, Ticket: b.Tickets[0]})
	}
	return a, rows
}

// everyCondition stops the check unless some filter has each condition of a query.
func everyCondition(c *check) {
	others := []string{"Account", "Conversation", "Words", "Order", "Preview", "Reader", "Cursor", "Limit"} // they have checks of their own
	for _, field := range reflect.VisibleFields(reflect.TypeFor[storage.TicketQuery]()) {
		found := slices.Contains(others, field.Name)
		for _, f := range filters {
			found = found || !reflect.ValueOf(f.query).FieldByIndex(field.Index).IsZero()
		}
		c.that(found, "no filter of this suite has TicketQuery.%s", field.Name)
	}
}

// checkFilters checks that a list has the tickets that each filter's condition holds
// for, and no others, each once and in order.
func checkFilters(c *check) {
	everyCondition(c)
	a, rows := c.filled(60)
	c.filled(20)
	all := 0
	for _, row := range rows {
		if !row.WithBot {
			all++
		}
	}
	for _, order := range []storage.Order{"", storage.ByChange, storage.ByWaiting} {
		for _, f := range filters {
			want := map[tickets.ConversationID]tickets.Ticket{}
			for _, row := range rows {
				waits := row.Status == tickets.StatusOpen && row.Wait != nil
				if f.holds(&row.Ticket) && row.WithBot == f.query.WithBot && (waits || order != storage.ByWaiting) {
					want[row.Conversation] = row.Ticket
				}
			}
			q := f.query
			q.Account, q.Order = a.ID, order
			counts, err := c.Queries().Counts(c.ctx, a.ID, []storage.TicketQuery{{Account: a.ID}, q})
			c.must(err, "Counts")
			c.same(counts, []int{all, len(want)}, "%s, order %q: counts", f.name, order)
			for _, limit := range []int{0, 7} {
				got := map[tickets.ConversationID]tickets.Ticket{}
				list := c.list(q, limit)
				for _, row := range list {
					got[row.Conversation] = row.Ticket
				}
				c.same(len(list), len(got), "%s, order %q, limit %d: a ticket twice", f.name, order, limit)
				c.same(got, want, "%s, order %q, limit %d", f.name, order, limit)
				ordered(c, order, list)
			}
			// Within one conversation.
			for _, row := range rows[:6] {
				q.Conversation = row.Conversation
				_, wanted := want[row.Conversation]
				// One of a customer is listed also while it is with the bot.
				wanted = wanted || row.WithBot && q.Status == "" && order != storage.ByWaiting && f.holds(&row.Ticket)
				c.same(len(c.list(q, 0)), map[bool]int{true: 1}[wanted], "%s, order %q, one conversation", f.name, order)
			}
		}
	}
}

// ordered stops the check unless a list is in an order.
func ordered(c *check, order storage.Order, list []storage.TicketRow) {
	for i := 1; i < len(list); i++ {
		before, row := &list[i-1].Ticket, &list[i].Ticket
		if order == storage.ByWaiting {
			c.that(!row.Wait.Since.Before(before.Wait.Since), "by waiting: %v before %v", before.Wait.Since, row.Wait.Since)
		} else {
			c.that(!row.ChangedAt.After(before.ChangedAt), "by change: %v before %v", before.ChangedAt, row.ChangedAt)
		}
	}
}

// checkTicketPages checks that a list is the same with any limit, in either order and
// among tickets of one instant.
func checkTicketPages(c *check) {
	a, rows := c.filled(25)
	rows = slices.DeleteFunc(rows, func(r storage.TicketRow) bool { return r.WithBot })
	whole := c.list(storage.TicketQuery{Account: a.ID}, 0)
	waiting := c.list(storage.TicketQuery{Account: a.ID, Order: storage.ByWaiting}, 0)
	c.same(len(whole), len(rows), "tickets by change")
	for limit := 1; limit <= 26; limit++ {
		c.same(c.list(storage.TicketQuery{Account: a.ID}, limit), whole, "by change, limit %d", limit)
		c.same(c.list(storage.TicketQuery{Account: a.ID, Order: storage.ByWaiting}, limit), waiting, "by waiting, limit %d", limit)
	}
	page, err := c.Queries().Tickets(c.ctx, storage.TicketQuery{Account: a.ID, Limit: len(rows)})
	c.must(err, "Tickets")
	c.same(page.Next, "", "Next of a page that holds all")

	// A conversation with several tickets, of one instant.
	b := c.first(a)
	for n := range 5 {
		t := b.Tickets[0]
		t.Number = tickets.Number(n + 2)
		b.Tickets[n].Status, b.Conversation.Number = tickets.StatusClosed, t.Number
		b.Tickets = append(b.Tickets, t)
	}
	c.commit(b)
	for limit := 1; limit <= 7; limit++ {
		var numbers []tickets.Number
		for _, row := range c.list(storage.TicketQuery{Account: a.ID, Conversation: b.Conversation.ID}, limit) {
			numbers = append(numbers, row.Number)
		}
		slices.Sort(numbers)
		c.same(numbers, []tickets.Number{1, 2, 3, 4, 5, 6}, "tickets of a conversation, limit %d", limit)
	}
}

// checkPageSizes checks that no page is larger than MaxPage.
func checkPageSizes(c *check) {
	a := c.account()
	b := c.first(a)
	var want int64 = storage.MaxPage + 3
	for seq := int64(2); seq <= want; seq++ {
		t := b.Tickets[0]
		t.Number, t.Status = tickets.Number(seq), tickets.StatusOpen
		b.Tickets[seq-2].Status, b.Conversation.Number = tickets.StatusClosed, t.Number
		b.Tickets = append(b.Tickets, t)
		b.Messages = append(b.Messages, message(seq, b.Conversation.Session, base, "hola"))
		b.Entries = append(b.Entries, entry(seq, 1, base))
		b.Deliveries = append(b.Deliveries, delivery(b, fmt.Sprint(seq), base))
	}
	b.Conversation.LastSeq, b.Conversation.LastEntry = want, want
	c.commit(b)
	id := b.Conversation.ID
	for limit, size := range map[int]int{0: storage.MaxPage, -5: storage.MaxPage, 2: 2, storage.MaxPage: storage.MaxPage, storage.MaxPage + 1: storage.MaxPage, math.MaxInt: storage.MaxPage} {
		page, err := c.Queries().Tickets(c.ctx, storage.TicketQuery{Account: a.ID, Limit: limit})
		c.must(err, "Tickets")
		c.same(len(page.Items), size, "tickets with limit %d", limit)
		c.that(page.Next != "", "Next of a page of tickets with limit %d", limit)
		list, err := c.Queries().Messages(c.ctx, storage.MessageQuery{Account: a.ID, Conversation: id, Limit: limit})
		c.must(err, "Messages")
		c.same(len(list), size, "messages with limit %d", limit)
		entries, err := c.Queries().History(c.ctx, tickets.Ref{Account: a.ID, Conversation: id}, 0, limit)
		c.must(err, "History")
		c.same(len(entries), size, "entries with limit %d", limit)
		outbox, err := c.Outbox().List(c.ctx, a.ID, storage.Pending, "", limit)
		c.must(err, "Outbox.List")
		c.same(len(outbox.Items), size, "deliveries with limit %d", limit)
	}
	c.same(len(c.list(storage.TicketQuery{Account: a.ID}, 0)), int(want), "tickets on all pages")
}

// checkPagesMeanwhile checks that a ticket that does not change while a client reads
// the pages is listed exactly once.
func checkPagesMeanwhile(c *check) {
	a := c.account()
	var still []tickets.ConversationID
	var moving []*storage.Batch
	for i := range 60 {
		b := c.begin(a, func(b *storage.Batch) {
			b.Tickets[0].Wait = &tickets.Wait{Since: later(i / 3)}
		})
		if i%2 == 0 {
			still = append(still, b.Conversation.ID)
		} else {
			moving = append(moving, b)
		}
	}
	var done atomic.Bool
	c.race(3, func(i int) {
		if i == 0 {
			defer done.Store(true)
			for range 4 {
				for i, b := range moving {
					next := c.next(b)
					next.Tickets[0].Wait = nil
					if i%2 == 0 {
						next.Tickets[0].Wait = &tickets.Wait{Since: next.Tickets[0].ChangedAt}
					}
					moving[i] = c.commit(next)
					if i%5 == 0 {
						c.begin(a, nil)
					}
				}
			}
			return
		}
		order := []storage.Order{storage.ByChange, storage.ByWaiting}[i-1]
		for last := false; !last; {
			last = done.Load()
			seen := map[tickets.ConversationID]int{}
			for _, row := range c.list(storage.TicketQuery{Account: a.ID, Order: order}, 4) {
				seen[row.Conversation]++
			}
			for _, id := range still {
				c.same(seen[id], 1, "by %s: how often a ticket that does not change was listed", order)
			}
		}
	})
}

// checkTicketCursors checks that a cursor is refused by any other list.
func checkTicketCursors(c *check) {
	a, _ := c.filled(9)
	other, _ := c.filled(9)
	q := storage.TicketQuery{Account: a.ID, Limit: 3}
	page, err := c.Queries().Tickets(c.ctx, q)
	c.must(err, "Tickets")
	q.Account, q.Cursor = other.ID, page.Next
	_, err = c.Queries().Tickets(c.ctx, q)
	c.is(err, storage.ErrCursor, "Tickets with another account's cursor")
	q.Account, q.Order = a.ID, storage.ByWaiting
	_, err = c.Queries().Tickets(c.ctx, q)
	c.is(err, storage.ErrCursor, "Tickets with the cursor of another order")
	_, err = c.Queries().Changes(c.ctx, a.ID, page.Next, 3)
	c.is(err, storage.ErrCursor, "Changes with the cursor of a list of tickets")
	_, err = c.Outbox().List(c.ctx, a.ID, storage.Pending, page.Next, 3)
	c.is(err, storage.ErrCursor, "Outbox.List with the cursor of a list of tickets")
	_, feed := c.follow(a.ID, "", 0)
	for _, cursor := range append([]string{feed, page.Next + "A", page.Next[1:]}, foreign...) {
		q := storage.TicketQuery{Account: a.ID, Limit: 3, Cursor: cursor}
		_, err = c.Queries().Tickets(c.ctx, q)
		c.is(err, storage.ErrCursor, "Tickets with cursor %.50q", cursor)
	}
}

// worded stores a conversation whose first ticket can be found by texts, and returns
// its batch. A failure stops the check.
func (c *check) worded(a chatcfg.Account, texts ...string) *storage.Batch {
	return c.begin(a, func(b *storage.Batch) {
		for _, text := range texts {
			b.Words = append(b.Words, storage.Words{Ticket: 1, Text: text})
		}
	})
}

// checkWords checks that a search finds the tickets of the account that have all words,
// the last one as the beginning of one, in any of their texts.
func checkWords(c *check) {
	a, other := c.account(), c.account()
	one := c.worded(a, "hola quiero comprar un piano", "año nuevo")
	two := c.worded(a, "hola mi piano llego roto")
	three := c.worded(a, "ano near or and not nuevo")
	c.worded(other, "hola quiero comprar un piano roto año nuevo ano")
	// Texts of later commits add up, and of another ticket are its own.
	next := c.next(one)
	next.Words = []storage.Words{{Ticket: 1, Text: "gracias"}}
	one = c.commit(next)
	four := c.next(one)
	four.Conversation.Number = 2
	closed := one.Tickets[0]
	closed.Status = tickets.StatusClosed
	four.Tickets[0].Number = 2
	four.Tickets = append(four.Tickets, closed)
	four.Words = []storage.Words{{Ticket: 2, Text: "reclamo gracias"}, {Ticket: 2, Text: ""}}
	c.commit(four)

	id := func(b *storage.Batch, n tickets.Number) string { return fmt.Sprint(b.Conversation.ID, "/", n) }
	first, second, third, fourth := id(one, 1), id(two, 1), id(three, 1), id(four, 2)
	for _, q := range []struct {
		words string
		want  []string
	}{
		{"hola", []string{first, second}},
		{"hol", []string{first, second}},
		{"h", []string{first, second}},
		{"hola piano", []string{first, second}},
		{"piano hola", []string{first, second}},
		{"hola comprar", []string{first}},
		{"hol comprar", nil},
		{"comprar hol", []string{first}},
		{"piano roto", []string{second}},
		{"roto comprar", nil},
		{"ola", nil},
		{"holas", nil},
		{"hola quiero comprar un piano año nuevo gracias", []string{first}},
		{"gracias", []string{first, fourth}},
		{"comprar gra", []string{first}},
		{"reclamo", []string{fourth}},
		{"año", []string{first}},
		{"ano", []string{third}},
		{"añ", []string{first}},
		{"an", []string{third}},
		{"near", []string{third}},
		{"or", []string{third}},
		{"and", []string{third}},
		{"not", []string{third}},
		{"hola or roto", nil},
		{"not hola", nil},
		{"nuevo nuevo", []string{first, third}},
	} {
		for limit := range 2 {
			var got []string
			for _, row := range c.list(storage.TicketQuery{Account: a.ID, Words: strings.Fields(q.words)}, limit) {
				got = append(got, fmt.Sprint(row.Conversation, "/", row.Number))
			}
			slices.Sort(got)
			slices.Sort(q.want)
			c.same(got, q.want, "words %q, limit %d", q.words, limit)
		}
	}
	got := c.list(storage.TicketQuery{Account: a.ID, Words: []string{"gracias"}, Conversation: one.Conversation.ID, Status: tickets.StatusOpen, Order: storage.ByChange}, 1)
	c.same(len(got), 1, "words together with other conditions")
	c.same(len(c.list(storage.TicketQuery{Account: a.ID, Words: []string{"gracias"}, Important: true}, 1)), 0, "words together with a condition that does not hold")
	c.same(len(c.list(storage.TicketQuery{Account: a.ID, Words: []string{"hola"}, Order: storage.ByWaiting}, 1)), 0, "words by waiting where nobody waits")
	c.same(len(c.list(storage.TicketQuery{Account: c.account().ID, Words: []string{"hola"}}, 1)), 0, "words in an empty account")
}

// checkWordCharacters checks that no character of a query is taken as a command.
func checkWordCharacters(c *check) {
	a := c.account()
	c.worded(a, "hola mundo", "日本語 текст ελληνικα", "doesn't 5.000,50 mi_arte צה\"ל 👩🚒 🇨🇱 退 退款")
	for _, word := range []string{
		`"`, `'`, `*`, `%`, `_`, `\`, `(`, `)`, `:`, `^`, `-`, `+`, `{`, `;`, `""`, `''`, `"*`, `$1`, `?`, `?1`, `@a`,
		`zz"`, `zz*`, `zz"*`, `zz%`, `%zz`, `zz'`, `zz\`, `zz" OR "hola`, `zz' OR '1'='1`, `zz OR hola`, `zz) OR (hola`,
		`zz'; DROP TABLE tickets; --`, `text:zz`, `NEAR(zz)`, `NOT zz`, `^zz`, `{zz}`, "zz\nhola", "zz\thola", "zz\\", `zz:*`,
		`zz & hola`, `zz | hola`, `!zz`, `zz <-> hola`, strings.Repeat("z", 5000),
	} {
		for _, words := range [][]string{{word}, {word, "hola"}, {"hola", word}} {
			c.same(len(c.list(storage.TicketQuery{Account: a.ID, Words: words}, 0)), 0, "words %.40q", words)
		}
		none := storage.TicketQuery{Account: a.ID, Category: word, Fields: map[string]string{word: word}}
		c.same(len(c.list(none, 0)), 0, "category and field %.40q", word)
	}
	for _, words := range [][]string{
		{"日本語"}, {"日"}, {"текст", "ελλ"}, {"mundo", "тек"}, {"hola", "mundo"},
		{"doesn't", "hola"}, {"doesn'"}, {"5.000,50", "hola"}, {"5.0"}, {"mi_arte", "mi_"}, {"צה\"ל", "צה\""}, {"👩🚒", "👩"}, {"🇨🇱", "退款", "退"},
	} {
		c.same(len(c.list(storage.TicketQuery{Account: a.ID, Words: words}, 0)), 1, "words %q", words)
	}
	for _, words := range [][]string{{"doesn", "hola"}, {"arte"}, {"5", "hola"}, {"👩", "hola"}, {"款"}} {
		c.same(len(c.list(storage.TicketQuery{Account: a.ID, Words: words}, 0)), 0, "parts of words %q", words)
	}
}
