package console

import (
	"strconv"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// inboxPage is the agents' console: a list of tickets and one conversation.
type inboxPage struct {
	// Tabs are always on show, Others behind a button, which is lit and named after Chosen
	// if that is the list.
	Tabs, Others []tabView
	Chosen       tabView
	View, Search string
	Rows         []ticketRow
	More         string
	Problem      string
	Thread       *thread
	Deleted      bool
	// Mixed says that the list has tickets of several states.
	Mixed bool
	// Nothing is said of an empty list, and All where to search all tickets; empty: nowhere.
	Nothing emptyView
	All     string
	// Key names the one ticket that the button takes.
	Key string
	// Wide says that the list has the tickets of all accounts that the person sees, and
	// Partial that they see more than it has.
	Wide, Partial bool
	// Base is where the lists are, and Back the same as a path below the root.
	Base, Back string
	// Query is the list's part of every link on the page, with its "?".
	Query string
}

type emptyView struct{ Title, Text string }

type tabView struct {
	Key, Label, Icon string
	Count            string
	Active           bool
}

const rowsPerPage = 30

// inbox shows the list, and the conversation that the path names, if any.
func (v *visit) inbox() error { return v.showInbox(nil, nil) }

// showInbox is inbox with the result of a dry run and with what went wrong; nil: none.
func (v *visit) showInbox(dry *dryRun, f *flash) error {
	form := v.query()
	p := inboxPage{View: form.Get("view"), Search: trim(form.Get("q"), 300), Key: randomText(), Wide: v.account == nil || form.Get("in") == "all"}
	var zone *time.Location // nil: the first account's
	if v.account != nil {
		p.Deleted = !v.account.info.DeletedAt.IsZero()
		var err error
		if zone, err = v.zone(); err != nil {
			return err
		}
	}
	if err := v.list(&p, form); err != nil {
		return err
	}
	if conversation := v.r.PathValue("conversation"); conversation != "" {
		ref, err := v.ref()
		if err != nil {
			return err
		}
		if p.Thread, err = v.thread(ref, form); err != nil {
			return err
		}
		p.Thread.Dry = dry
		for i := range p.Rows {
			p.Rows[i].Active = p.Rows[i].Ref.Conversation == ref.Conversation && p.Rows[i].Number == p.Thread.Ticket.Number
		}
	}
	title := v.t("Bandeja")
	if p.Thread != nil {
		title = p.Thread.Name
	}
	return v.render("inbox", page{Title: title, Nav: "inbox", Flash: f, Zone: zone, Wide: p.Wide, Data: p})
}

// ticketPath returns the path at which a ticket is shown.
func ticketPath(ref tickets.Ref) string {
	return accountPath(ref.Account, "inbox/") + ref.Conversation.String() + "/" + strconv.FormatInt(int64(ref.Number), 10)
}

// nameOf returns what a customer is called in lists.
func (v *visit) nameOf(c *tickets.Customer) string {
	for _, name := range []string{c.Name, c.Email, c.RUT, c.Phone} {
		if name != "" {
			return name
		}
	}
	return v.t("Cliente anónimo")
}

// ref returns the ticket that the path names. It fails with [charla.ErrNotFound].
func (v *visit) ref() (tickets.Ref, error) {
	conversation, err := parseID(v.r.PathValue("conversation"))
	number, err2 := parseNumber(v.r.PathValue("number"))
	if err != nil || err2 != nil {
		return tickets.Ref{}, charla.ErrNotFound
	}
	return tickets.Ref{
		Account: v.account.ID(), Conversation: tickets.ConversationID{UUID: conversation}, Number: tickets.Number(number),
	}, nil
}
