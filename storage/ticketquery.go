package storage

import (
	"fmt"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage/internal/columns"
	"github.com/charlahq/charla/tickets"
)

// TicketQuery says which tickets to list. Every condition given must hold.
type TicketQuery struct {
	Account chatcfg.AccountID
	// Status empty: any.
	Status tickets.Status
	// Conversation zero: every customer's.
	Conversation tickets.ConversationID
	// Important and Delayed list only such tickets.
	Important, Delayed bool
	// Category is compared exactly; empty: any. Fields must all be there and be
	// equal.
	Category string
	Fields   map[string]string
	// Assignee lists only what that agent has, Team what that team has; empty: any.
	// Unassigned lists only what is not closed and no agent has. What these name is at most a
	// kilobyte long.
	Assignee   tickets.AgentID `json:",omitempty"`
	Team       tickets.TeamID  `json:",omitempty"`
	Unassigned bool            `json:",omitempty"`
	// Score lists only what was rated so; zero: any.
	Score int `json:",omitempty"`
	// WithBot lists only what is with the bot, of whatever Status; otherwise that is left
	// out, unless one Conversation is listed in any status.
	WithBot bool `json:",omitempty"`
	// Words are folded words of which all must occur in the ticket's texts,
	// whichever, as whole words, the last one as a prefix of one. They are
	// compared as they are, byte by byte; no character has a meaning of its own. None is
	// empty.
	Words []string
	Order Order
	// Preview also fills in Last, Unread and Wake of every row, all as of the
	// moment of the list. It selects nothing: a cursor holds with it and without.
	Preview bool `json:",omitempty"`
	// Reader has Unread count what that agent has not read ([tickets.Conversation.Unread]);
	// empty: what is above the agents' mark. It selects nothing either.
	Reader tickets.AgentID `json:"-"`
	// Cursor is a Page's Next; it holds for the same query only.
	Cursor string
	Limit  int
}

// ticketColumn is a column of a ticket, with the condition of a query on it.
type ticketColumn struct {
	columns.Column
	// wanted is the value that a query demands of the column; not valid: any. Nil: no
	// query demands one.
	wanted func(q *TicketQuery) columns.Value
	// holds reports whether a ticket has what a query demands of the column; nil: it is
	// the same value.
	holds func(q *TicketQuery, t *tickets.Ticket) bool
}

// first are the schemas that began with the table of tickets.
var first = columns.Since{SQLite: 1, Postgres: 1}

// ticketColumns is the table of columns, those that narrow a list more behind those
// that narrow it less.
var ticketColumns = []ticketColumn{
	{
		Column: columns.Column{
			Name: "status", Type: columns.Text, Since: first,
			Value: func(t *tickets.Ticket) columns.Value {
				if t.WithBot {
					return columns.String(columns.StatusBot)
				}
				return columns.String(t.Status)
			},
		},
		wanted: func(q *TicketQuery) columns.Value {
			if q.WithBot {
				return columns.String(columns.StatusBot)
			}
			return columns.StringOrNull(q.Status)
		},
	},
	{
		Column: columns.Column{
			Name: "important", Type: columns.Flag, Since: first,
			Value: func(t *tickets.Ticket) columns.Value { return columns.Bool(t.Important) },
		},
		wanted: func(q *TicketQuery) columns.Value { return columns.TrueOrNull(q.Important) },
	},
	{
		Column: columns.Column{
			Name: "delayed", Type: columns.Flag, Since: first,
			Value: func(t *tickets.Ticket) columns.Value { return columns.Bool(t.Delayed()) },
		},
		wanted: func(q *TicketQuery) columns.Value { return columns.TrueOrNull(q.Delayed) },
	},
	{
		// Zero: the customer was asked and has not answered. NULL: nobody asked.
		Column: columns.Column{
			Name: "rating", Type: columns.Number, Nullable: true, ByStatus: true, Since: columns.Since{SQLite: 11, Postgres: 10},
			Value: func(t *tickets.Ticket) columns.Value {
				v := columns.Value{Valid: t.Asked || t.Rating != nil}
				if t.Rating != nil {
					v.Number = int64(t.Rating.Score)
				}
				return v
			},
		},
		wanted: func(q *TicketQuery) columns.Value { return columns.Value{Valid: q.Score != 0, Number: int64(q.Score)} },
	},
	{
		// Of the typification, NULL without any.
		Column: columns.Column{
			Name: "fields", Type: columns.JSON, Nullable: true, Since: first,
			Index: "tickets_typified", Where: "category IS NOT NULL",
			Value: func(t *tickets.Ticket) columns.Value {
				if t.Typification == nil {
					return columns.Value{}
				}
				return columns.Object(t.Typification.Fields)
			},
		},
		wanted: func(q *TicketQuery) columns.Value { return columns.Object(q.Fields) },
		holds: func(q *TicketQuery, t *tickets.Ticket) bool {
			for name, want := range q.Fields {
				if t.Typification == nil {
					return false
				}
				if got, ok := t.Typification.Fields[name]; !ok || got != want {
					return false
				}
			}
			return true
		},
	},
	{
		Column: columns.Column{
			Name: "category", Type: columns.Text, Nullable: true, Since: first,
			Value: func(t *tickets.Ticket) columns.Value {
				if t.Typification == nil {
					return columns.Value{}
				}
				return columns.String(t.Typification.Category)
			},
		},
		wanted: func(q *TicketQuery) columns.Value { return columns.StringOrNull(q.Category) },
	},
	{
		Column: columns.Column{
			Name: "team", Type: columns.Text, Nullable: true, ByStatus: true, Since: columns.Since{SQLite: 5, Postgres: 4},
			Value: func(t *tickets.Ticket) columns.Value { return columns.StringOrNull(t.Team) },
		},
		wanted: func(q *TicketQuery) columns.Value { return columns.StringOrNull(q.Team) },
	},
	{
		// Not of closed ones, which would be most.
		Column: columns.Column{
			Name: "unassigned", Type: columns.Flag, Since: columns.Since{SQLite: 6, Postgres: 5},
			Value: func(t *tickets.Ticket) columns.Value {
				return columns.Bool(t.Assignee.Agent == "" && t.Status != tickets.StatusClosed)
			},
		},
		wanted: func(q *TicketQuery) columns.Value { return columns.TrueOrNull(q.Unassigned) },
	},
	{
		Column: columns.Column{
			Name: "assignee", Type: columns.Text, Nullable: true, ByStatus: true, Since: columns.Since{SQLite: 7, Postgres: 6},
			Value: func(t *tickets.Ticket) columns.Value { return columns.StringOrNull(t.Assignee.Agent) },
		},
		wanted: func(q *TicketQuery) columns.Value { return columns.StringOrNull(q.Assignee) },
	},
	{
		Column: columns.Column{
			Name: "created", Type: columns.Number, Since: first,
			Value: func(t *tickets.Ticket) columns.Value { return columns.Instant(t.CreatedAt) },
		},
	},
	{
		Column: columns.Column{
			Name: "changed", Type: columns.Number, Change: columns.Always, Since: first, Index: "tickets_status",
			Value: func(t *tickets.Ticket) columns.Value { return columns.Instant(t.ChangedAt) },
		},
	},
	{
		// Since when somebody waits, only of open tickets.
		Column: columns.Column{
			Name: "waits", Type: columns.Number, Nullable: true, Change: columns.Often, Since: first,
			Value: func(t *tickets.Ticket) columns.Value {
				at, ok := ByWaiting.Of(t)
				return columns.InstantOrNull(at, ok)
			},
		},
	},
	{
		// Where auto-close counts from, only of open tickets.
		Column: columns.Column{
			Name: "counts", Type: columns.Number, Nullable: true, Change: columns.Often, Since: first,
			Value: func(t *tickets.Ticket) columns.Value {
				at, ok := CountsFrom.Of(t)
				return columns.InstantOrNull(at, ok)
			},
		},
	},
}

// TicketColumns returns the columns by which the stores in SQL find tickets. It is for
// these stores only: its type is internal.
func TicketColumns() columns.Table {
	all := make(columns.Table, len(ticketColumns))
	for i := range ticketColumns {
		all[i] = ticketColumns[i].Column
	}
	return all
}

// Conditions returns what the query demands of columns, the condition that narrows a list
// most last. It is for the stores in SQL, as [TicketColumns] is.
func (q *TicketQuery) Conditions() (found []columns.Condition) {
	for i := range ticketColumns {
		c := &ticketColumns[i]
		if c.wanted == nil {
			continue
		}
		if v := c.wanted(q); v.Valid {
			found = append(found, columns.Condition{Column: &c.Column, Value: v})
		}
	}
	return found
}

// WithoutBot reports whether the list leaves out what is with the bot, and no other condition
// does. It is for the stores in SQL, as [TicketColumns] is.
func (q *TicketQuery) WithoutBot() bool {
	return !q.WithBot && q.Status == "" && q.Order != ByWaiting && q.Conversation.IsZero()
}

// EachStatus reports whether the list is one ordered range of an index for each status,
// to be merged: the query names no status, and nothing else gives the order. It is for the
// stores in SQL, as [TicketColumns] is.
func (q *TicketQuery) EachStatus() bool {
	if q.Status != "" || q.WithBot || q.Order == ByWaiting || !q.Conversation.IsZero() || len(q.Words) > 0 {
		return false
	}
	all := q.Conditions()
	return len(all) == 0 || all[len(all)-1].ByStatus
}

// Matches reports whether a ticket with these texts ([Words]) meets the conditions of a
// query. It does not check account, conversation and order ([Order.Of]).
func (q *TicketQuery) Matches(t *tickets.Ticket, texts []string) bool {
	for i := range ticketColumns {
		switch c := &ticketColumns[i]; {
		case c.wanted == nil:
		case c.holds != nil:
			if !c.holds(q, t) {
				return false
			}
		default:
			if v := c.wanted(q); v.Valid && c.Value(t) != v {
				return false
			}
		}
	}
	if t.WithBot && q.WithoutBot() {
		return false
	}
	for i, word := range q.Words {
		if !hasWord(texts, word, i == len(q.Words)-1) {
			return false
		}
	}
	return true
}

// List returns a name for [Cursor] that differs between any two queries with different
// tickets or order; Preview, Cursor and Limit do not count.
func (q TicketQuery) List() string {
	q.Preview, q.Reader, q.Cursor, q.Limit = false, "", "", 0
	return fmt.Sprintf("tickets %#v", q)
}
