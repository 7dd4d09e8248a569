package console

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// apiTicketPath is the path of a ticket in the API.
const apiTicketPath = "/api/a/{account}/tickets/{conversation}/{number}"

// personInfo is who asks.
type personInfo struct {
	ID   tickets.AgentID `json:"id"`
	Name string          `json:"name,omitempty"`
	// Role is "agent", "supervisor" or "administrator".
	Role string `json:"role"`
	// Teams are those that they are in, by the host's names.
	Teams []tickets.TeamID `json:"teams,omitempty"`
	// Mark is what a front end sends as Charla-Person with what it shows to this person.
	Mark string `json:"mark"`
}

var roleNames = map[Role]string{RoleAgent: "agent", RoleSupervisor: "supervisor", RoleAdministrator: "administrator"}

var apiMe = get("me", "Says who asks.", func(v *visit, _ *nothing) (personInfo, error) {
	return personInfo{v.person.ID, v.person.Name, roleNames[v.person.Role], v.person.Teams, ownerOf(&v.person)}, nil
})

// accountItem is an account in a list.
type accountItem struct {
	ID chatcfg.AccountID `json:"id"`
	// Key is the public channel key: it stands in the snippet.
	Key    string `json:"key"`
	Name   string `json:"name"`
	Hidden bool   `json:"hidden,omitempty"`
	// DeletedAt is when it was deleted: what it has can still be read. Absent: it lives.
	DeletedAt time.Time `json:"deletedAt,omitzero"`
}

var apiAccounts = get("accounts", "Lists the accounts that the person sees.", func(v *visit, q *charla.PageQuery) (charla.Page[accountItem], error) {
	page, err := v.accountsPage(v.r.Context(), &v.person, *q)
	answer := charla.Page[accountItem]{Items: []accountItem{}, Next: page.Next}
	for _, one := range page.Items {
		answer.Items = append(answer.Items, accountItem{one.ID, one.Key, one.Name, one.Hidden, one.DeletedAt})
	}
	return answer, err
})

// agent returns the handle of the person in the account.
func (v *visit) agent() *charla.Agent { return v.account.Agent(v.person.agent()) }

// listed returns a page whose list is not nil, which would be null in JSON.
func listed[T any](page charla.Page[T], err error) (charla.Page[T], error) {
	if page.Items == nil {
		page.Items = []T{}
	}
	return page, err
}

var apiAvailable = get("available", "Says whether the account has an agent who is online.", func(v *visit, _ *nothing) (tickets.Presence, error) {
	return v.account.Inbox().Presence(v.r.Context())
})

// colleagueItem is one of those to whom a ticket can be given, and whom a note can name.
type colleagueItem struct {
	ID    tickets.AgentID  `json:"id"`
	Name  string           `json:"name,omitempty"`
	Teams []tickets.TeamID `json:"teams,omitempty"`
}

// colleagueList are an account's.
type colleagueList struct {
	Items []colleagueItem `json:"items"`
}

var apiColleagues = get("colleagues", "Lists to whom a ticket can be given and whom a note can name: the person first, and whom else the host lists.",
	func(v *visit, _ *nothing) (list colleagueList, err error) {
		people, err := v.colleagues()
		for i := range people {
			list.Items = append(list.Items, colleagueItem{people[i].ID, people[i].Name, people[i].Teams})
		}
		return list, err
	})

var apiTickets = get("tickets", "Lists tickets with their last messages, and how many messages the person has not read.",
	func(v *visit, q *charla.TicketQuery) (charla.Page[charla.Row], error) {
		return listed(v.agent().Inbox().Tickets(v.r.Context(), *q))
	})

// viewsQuery says which tickets to count.
type viewsQuery struct {
	// View is a query of the list of tickets, such as "status=open&unassigned=true", without
	// text, cursor and limit. It may be there 20 times.
	View []string
}

// viewCounts are how many tickets there are.
type viewCounts struct {
	// Counts are of each view, in their order, up to 1,000 each.
	Counts []int `json:"counts"`
}

var apiCounts = get("counts", "Counts the tickets of several views, as of one moment.", func(v *visit, q *viewsQuery) (viewCounts, error) {
	views := make([]charla.TicketQuery, min(len(q.View), charla.MaxViews+1)) // one too many is refused
	for i := range views {
		values, err := url.ParseQuery(q.View[i])
		if err != nil {
			return viewCounts{}, statusError(http.StatusBadRequest)
		}
		for _, name := range []string{"text", "cursor", "limit"} {
			if values.Has(name) {
				return viewCounts{}, badRequest(nil).add(fmt.Sprintf("view[%d].%s", i, name), chatcfg.CodeUnwanted)
			}
		}
		if err := decodeQuery(values, &views[i]); err != nil {
			return viewCounts{}, under(fmt.Sprintf("view[%d]", i), err)
		}
	}
	counts, err := v.agent().Inbox().Counts(v.r.Context(), views...)
	if counts == nil {
		counts = []int{}
	}
	return viewCounts{counts}, err
})

// ticketInfo is a ticket.
type ticketInfo struct {
	Ref tickets.Ref `json:"ref"`
	tickets.Ticket
	Marks tickets.Marks `json:"marks"`
}

var apiTicket = get("ticket", "Reads a ticket, and how far its conversation has been read.", func(v *visit, _ *nothing) (ticketInfo, error) {
	ref, err := v.ref()
	if err != nil {
		return ticketInfo{}, err
	}
	inbox := v.account.Inbox()
	t, err := inbox.Ticket(v.r.Context(), ref)
	if err != nil {
		return ticketInfo{}, err
	}
	marks, err := inbox.Marks(v.r.Context(), ref)
	return ticketInfo{ref, t, marks}, err
})

// ofTicket returns what read does with the ticket that the path names, if there is one.
func ofTicket[Q, A any](read func(*visit, tickets.Ref, *Q) (A, error)) func(*visit, *Q) (A, error) {
	return func(v *visit, q *Q) (A, error) {
		var empty A
		ref, err := v.ref()
		if err != nil {
			return empty, err
		}
		if _, err := v.account.Inbox().Ticket(v.r.Context(), ref); err != nil {
			return empty, err
		}
		return read(v, ref, q)
	}
}

var apiMessages = get("messages", "Reads the whole conversation of a ticket, in its order.",
	ofTicket(func(v *visit, ref tickets.Ref, q *charla.MessageQuery) (charla.Page[tickets.Message], error) {
		return listed(v.account.Inbox().Messages(v.r.Context(), ref, *q))
	}))

var apiHistory = get("history", "Reads what happened to a ticket: each decision with its inputs, and what every rule answered, oldest first.",
	ofTicket(func(v *visit, ref tickets.Ref, q *charla.PageQuery) (charla.Page[tickets.Entry], error) {
		return listed(v.account.Inbox().History(v.r.Context(), ref, *q))
	}))

var apiExplain = get("explain", "Says in words, in the language of Accept-Language, what happened to a ticket and why, oldest first.",
	ofTicket(func(v *visit, ref tickets.Ref, q *charla.PageQuery) (charla.Page[automation.Explanation], error) {
		lang := chatcfg.MatchLocale(v.r.Header.Get("Accept-Language"))
		return listed(v.account.Inbox().Explain(v.r.Context(), ref, lang, *q))
	}))

var apiFile = &operation{
	id: "file", summary: "Reads the attachment of a message, by its sequence.", media: "application/octet-stream", answer: typeOf[[]byte](),
	do: func(v *visit) error {
		if err := v.readQuery(&nothing{}); err != nil {
			return err
		}
		return v.file()
	},
}

var apiContacts = get("contacts", "Lists what visitors sent by the contact form, the last first.",
	func(v *visit, q *charla.PageQuery) (charla.Page[tickets.Submission], error) {
		return listed(v.account.Inbox().Contacts(v.r.Context(), *q))
	})

var apiCustomer = get("customer", "Finds a customer who has written, with all of their conversations.",
	func(v *visit, q *charla.CustomerKey) (charla.Customer, error) {
		return v.account.Inbox().Customer(v.r.Context(), *q)
	})

// quickReplies are an account's.
type quickReplies struct {
	Items   []chatcfg.QuickReply `json:"items"`
	Version chatcfg.Version      `json:"version"`
}

var apiQuickReplies = get("quickReplies", "Lists the account's quick replies, whichever team they are for.",
	func(v *visit, _ *nothing) (quickReplies, error) {
		list, version, err := v.agent().QuickReplies(v.r.Context())
		if list == nil {
			list = []chatcfg.QuickReply{}
		}
		return quickReplies{list, version}, err
	})

// shortcutQuery names a quick reply.
type shortcutQuery struct {
	// Shortcut is its shortcut; case does not matter.
	Shortcut string
}

// renderedText is a text for a ticket.
type renderedText struct {
	Text string `json:"text"`
}

var apiQuickReply = get("quickReply", "Renders a quick reply for a ticket, in the customer's language. Nothing is sent.",
	ofTicket(func(v *visit, ref tickets.Ref, q *shortcutQuery) (renderedText, error) {
		text, err := v.agent().QuickReply(v.r.Context(), ref, q.Shortcut)
		return renderedText{text}, err
	}))

var apiReport = get("report", "Reads the figures of a period.", func(v *visit, q *charla.ReportQuery) (tickets.Report, error) {
	return v.account.Inbox().Report(v.r.Context(), *q)
})
