package console

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// ticketRow is a ticket in the list.
type ticketRow struct {
	charla.Row
	Name string
	// Snippet is the last message, By who wrote it, and At when: those of the ticket, not of
	// its last change.
	Snippet string
	By      tickets.Author
	At      time.Time
	Active  bool
	// New says that the customer waits, or had the last word and this agent has not read it;
	// then News is how many messages are unread.
	New  bool
	News int
	Wait *waitView
	URL  string
}

// waitView is a wait with its colour.
type waitView struct {
	Since, Due time.Time
	// State is "ok", "soon", "late" or, without an SLA, "plain".
	State string
}

// soon is the share of a wait that is left when it turns yellow.
const soon = 0.25

// waiting returns how a ticket's wait is shown; nil: nobody waits.
func waiting(t *tickets.Ticket, now time.Time) *waitView {
	if t.Wait == nil {
		return nil
	}
	w := &waitView{Since: t.Wait.Since, Due: t.Wait.Due, State: "plain"}
	switch {
	case t.Delayed() || !w.Due.IsZero() && !now.Before(w.Due):
		w.State = "late"
	case w.Due.IsZero():
	case float64(w.Due.Sub(now)) < soon*float64(w.Due.Sub(w.Since)):
		w.State = "soon"
	default:
		w.State = "ok"
	}
	return w
}

// view is a list of the inbox.
type view struct {
	key, label, icon string
	query            charla.TicketQuery
	empty            emptyView
	// tab says that it is always on show, counted that it says how many it has.
	tab, counted bool
}

// maxTeams is how many of a person's teams have a list.
const maxTeams = 10

// views returns the lists of a person's inbox, in their order, the first one by default.
func (v *visit) views() []view {
	open := tickets.StatusOpen
	later := emptyView{"No hay tickets abiertos", "Cuando alguien escriba en el chat, aparecerá en esta lista."}
	list := []view{
		{"open", v.t("Abiertos"), "inbox", charla.TicketQuery{Status: open}, later, true, true},
		{"mine", v.t("Míos"), "user", charla.TicketQuery{Status: open, Assignee: v.person.ID}, emptyView{"No tienes tickets", "Toma uno de los que no tiene nadie, o respóndelo."}, true, true},
		{"unassigned", v.t("Sin asignar"), "inbox", charla.TicketQuery{Status: open, Unassigned: true}, emptyView{"Nada sin asignar", "Todos los tickets abiertos los tiene alguien."}, true, true},
	}
	teams := v.person.Teams[:min(len(v.person.Teams), maxTeams)]
	for _, team := range teams {
		one := view{"team:" + string(team), string(team), "people", charla.TicketQuery{Status: open, Team: team}, emptyView{"Nada para tu equipo", "Aquí quedan los tickets abiertos de tu equipo."}, false, true}
		if len(teams) == 1 {
			one.label, one.tab = v.t("Equipo"), true
		}
		list = append(list, one)
	}
	return append(list,
		view{"waiting", v.t("Esperan"), "clock", charla.TicketQuery{Waiting: true}, emptyView{"Nadie espera", "Todos los que escribieron tienen respuesta."}, false, true},
		view{"delayed", v.t("Demora"), "alert", charla.TicketQuery{Status: open, Delayed: true}, emptyView{"Nada con demora", "Nadie espera más de lo que fija tu SLA."}, false, true},
		view{"important", v.t("Importantes"), "star", charla.TicketQuery{Important: true}, emptyView{"Nada importante", "Aquí quedan los tickets marcados con la estrella."}, false, false},
		view{"ignored", v.t("Ignorados"), "eyeoff", charla.TicketQuery{Status: tickets.StatusIgnored}, emptyView{"Nada ignorado", "Aquí quedan los tickets que alguien decide ignorar."}, false, false},
		view{"closed", v.t("Cerrados"), "check", charla.TicketQuery{Status: tickets.StatusClosed}, emptyView{"Nada cerrado", "Aquí quedan los tickets que ya se cerraron."}, false, false},
		view{"all", v.t("Todos"), "list", charla.TicketQuery{}, emptyView{"Ningún ticket todavía", later.Text}, false, false},
	)
}

// reader returns the account's inbox as the person sees it.
func (v *visit) reader() *charla.Inbox { return v.agent().Inbox() }

// list fills in the page's tabs and rows. A search with problems shows them.
func (v *visit) list(p *inboxPage, cursor string) error {
	inbox, views := v.reader(), v.views()
	chosen := max(slices.IndexFunc(views, func(one view) bool { return one.key == p.View }), 0)
	q := views[chosen].query
	p.View, p.Mixed = views[chosen].key, q.Status == "" && !q.Waiting
	if err := v.tabs(p, inbox, views); err != nil {
		return err
	}
	p.nothing(v, views[chosen].empty)
	p.Query = "?" + url.Values{"view": {p.View}, "q": {p.Search}}.Encode()
	q.Text, q.Cursor, q.Limit = p.Search, cursor, rowsPerPage
	list, err := inbox.Tickets(v.r.Context(), q)
	var problems chatcfg.Problems
	if errors.As(err, &problems) {
		_, p.Problem = v.failure(err)
		return nil
	} else if err != nil {
		return err
	}
	for i := range list.Items {
		row := v.row(&list.Items[i])
		row.URL += p.Query
		p.Rows = append(p.Rows, row)
	}
	if list.Next != "" {
		p.More = v.link(accountPath(v.account.ID(), "inbox")) + p.Query + "&cursor=" + url.QueryEscape(list.Next)
	}
	return nil
}

// tabs fills in the page's lists with how many tickets they have, all counted in one read.
func (v *visit) tabs(p *inboxPage, inbox *charla.Inbox, views []view) error {
	var queries []charla.TicketQuery
	for _, one := range views {
		if one.counted {
			queries = append(queries, one.query)
		}
	}
	counts, err := inbox.Counts(v.r.Context(), queries...)
	if err != nil {
		return err
	}
	for _, one := range views {
		tab := tabView{Key: one.key, Label: one.label, Icon: one.icon, Active: one.key == p.View}
		if one.counted {
			tab.Count = countText(counts[0])
			counts = counts[1:]
		}
		if one.tab {
			p.Tabs = append(p.Tabs, tab)
			continue
		}
		if tab.Active {
			p.Chosen = tab
		}
		p.Others = append(p.Others, tab)
	}
	return nil
}

// countText returns a count as a list says it; nothing for zero.
func countText(n int) string {
	switch {
	case n == 0:
		return ""
	case n >= charla.MaxCount:
		return "999+"
	}
	return strconv.Itoa(n)
}

// nothing fills in what an empty list says, which is another thing for a search.
func (p *inboxPage) nothing(v *visit, empty emptyView) {
	p.Nothing = emptyView{v.t(empty.Title), v.t(empty.Text)}
	if p.Search == "" {
		return
	}
	p.Nothing = emptyView{v.t("Sin resultados"), v.t("Ningún ticket tiene todas esas palabras.")}
	if p.View != "all" {
		p.Nothing.Text = v.t("Ningún ticket de esta lista tiene todas esas palabras.")
		p.All = v.link(accountPath(v.account.ID(), "inbox")) + "?" + url.Values{"view": {"all"}, "q": {p.Search}}.Encode()
	}
}

// row returns a ticket as the list shows it. An older ticket of a conversation has none of
// its messages: the last one is of a newer ticket.
func (v *visit) row(t *charla.Row) ticketRow {
	row := ticketRow{Row: *t, Name: v.nameOf(&t.Customer), Wait: waiting(&t.Ticket, v.now()), URL: v.link(ticketPath(t.Ref))}
	if last := &t.Last; last.Ticket == t.Number {
		row.Snippet, row.By, row.At = last.Text, last.From, last.At
		if last.Text == "" && last.File != nil {
			row.Snippet = last.File.Name
		}
	}
	if row.At.IsZero() {
		row.At = t.ClosedAt
	}
	if row.At.IsZero() {
		row.At = t.ChangedAt
	}
	row.New = row.Wait != nil || t.Unread > 0 && t.Status == tickets.StatusOpen && row.By != tickets.FromAgent
	if row.New {
		row.News = t.Unread
	}
	return row
}
