package console

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
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
	// Found is what a search found in a message, in place of the last one; nil: nothing.
	Found []piece
	// Account is what its account is called, in a list of several.
	Account string
	URL     string
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

// Waited returns how long a customer has waited, or has to wait at most, as tick of
// console.js says it.
func (p page) Waited(w *waitView) string {
	text, d := "espera", p.Now.Sub(w.Since)
	switch {
	case w.State == "late":
		text = "con demora"
	case !w.Due.IsZero():
		text, d = "vence en", w.Due.Sub(p.Now)
	}
	return translate(p.Prefs.Lang, text) + " " + roughly(d)
}

// roughly returns a duration in its largest unit, of hours and days with the next one: "19 min".
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	two := func(big time.Duration, bigName string, small time.Duration, smallName string) string {
		text := fmt.Sprintf("%d\u00a0%s", d/big, bigName)
		if rest := d % big / small; rest > 0 {
			text += fmt.Sprintf(" %d\u00a0%s", rest, smallName)
		}
		return text
	}
	switch d = max(d, 0); {
	case d >= day:
		return two(day, "d", time.Hour, "h")
	case d >= time.Hour:
		return two(time.Hour, "h", time.Minute, "min")
	case d >= time.Minute:
		return fmt.Sprintf("%d\u00a0min", d/time.Minute)
	}
	return fmt.Sprintf("%d\u00a0s", d/time.Second)
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

// source is an account of which the list has tickets.
type source struct {
	name  string
	inbox *charla.Inbox
	page  charla.Page[charla.Row]
	// counts are of the lists that are counted.
	counts []int
	err    error
}

// Limits of a list of several accounts.
const (
	// maxSources is of how many accounts it has tickets, maxReaders how many are read at once.
	maxSources, maxReaders = 64, 8
	// maxRows is how many tickets it has at most.
	maxRows = 200
)

// sources returns the accounts of the page's list: the visit's, or all that the person sees.
func (v *visit) sources(p *inboxPage) ([]source, error) {
	if !p.Wide {
		return []source{{inbox: v.agent().Inbox()}}, nil
	}
	live, _, err := v.accounts(v.r.Context(), &v.person)
	if err != nil {
		return nil, err
	}
	p.Partial = len(live) > maxSources
	sites, err := v.sites(v.r.Context(), live)
	var list []source
	for _, one := range live[:min(len(live), maxSources)] {
		name := one.Name
		if site := sites[one.ID]; site != "" {
			name += " · " + site
		}
		list = append(list, source{name: name, inbox: v.inboxOf(one.ID, &v.person)})
	}
	return list, err
}

// readAll fills in the sources' tickets that a query finds, and the counts, some accounts at once.
func (v *visit) readAll(sources []source, q charla.TicketQuery, counted []charla.TicketQuery) {
	var group sync.WaitGroup
	turn := make(chan struct{}, maxReaders)
	for i := range sources {
		one := &sources[i]
		turn <- struct{}{}
		group.Go(func() {
			defer func() { <-turn }()
			if one.counts, one.err = one.inbox.Counts(v.r.Context(), counted...); one.err == nil {
				one.page, one.err = one.inbox.Tickets(v.r.Context(), q)
			}
		})
	}
	group.Wait()
}

// list fills in the page's tabs and rows. A search with problems shows them.
func (v *visit) list(p *inboxPage, form url.Values) error {
	views := v.views()
	chosen := max(slices.IndexFunc(views, func(one view) bool { return one.key == p.View }), 0)
	q := views[chosen].query
	p.View, p.Mixed = views[chosen].key, q.Status == "" && !q.Waiting
	p.links(v)
	p.nothing(v, views[chosen].empty)
	sources, err := v.sources(p)
	if err != nil {
		return err
	}
	q.Text, q.Limit = p.Search, rowsPerPage
	if p.Wide {
		q.Limit = rowsAsked(form)
	} else {
		q.Cursor = form.Get("cursor")
	}
	var counted []charla.TicketQuery
	for _, one := range views {
		if one.counted {
			counted = append(counted, one.query)
		}
	}
	v.readAll(sources, q, counted)
	counts := make([]int, len(counted))
	for i := range sources {
		var problems chatcfg.Problems
		switch one := &sources[i]; {
		case errors.As(one.err, &problems):
			_, p.Problem = v.failure(one.err)
		case errors.Is(one.err, charla.ErrNotFound) && p.Wide: // gone meanwhile
			continue
		case one.err != nil:
			return one.err
		}
		for k, n := range sources[i].counts {
			counts[k] += n
		}
	}
	p.tabs(views, counts)
	if p.Problem != "" {
		return nil
	}
	v.rows(p, sources, q)
	return v.hits(p.Rows, p.Search)
}

// rowsAsked returns how many tickets a list of several accounts shows.
func rowsAsked(form url.Values) int {
	n, err := strconv.Atoi(form.Get("n"))
	if err != nil {
		return rowsPerPage
	}
	return min(max(n, rowsPerPage), maxRows)
}

// rows fills in the sources' tickets in the order of the query, and where there are more.
func (v *visit) rows(p *inboxPage, sources []source, q charla.TicketQuery) {
	more := ""
	for i := range sources {
		one := &sources[i]
		for k := range one.page.Items {
			row := v.row(&one.page.Items[k])
			row.Account = one.name
			row.URL += p.Query
			p.Rows = append(p.Rows, row)
		}
		more += one.page.Next
	}
	if !p.Wide {
		if more != "" {
			p.More = p.Base + p.Query + "&cursor=" + url.QueryEscape(more)
		}
		return
	}
	slices.SortStableFunc(p.Rows, func(a, b ticketRow) int {
		if q.Waiting && a.Ticket.Wait != nil && b.Ticket.Wait != nil {
			return a.Ticket.Wait.Since.Compare(b.Ticket.Wait.Since)
		}
		return b.ChangedAt.Compare(a.ChangedAt)
	})
	if (more != "" || len(p.Rows) > q.Limit) && q.Limit < maxRows {
		p.More = p.Base + p.Query + "&n=" + strconv.Itoa(q.Limit+rowsPerPage)
	}
	p.Rows = p.Rows[:min(len(p.Rows), q.Limit)]
}

// links fills in where the lists are, and what every link on the page has of them.
func (p *inboxPage) links(v *visit) {
	query := url.Values{"view": {p.View}, "q": {p.Search}}
	p.Back = "/inbox"
	if !p.Wide {
		p.Back = accountPath(v.account.ID(), "inbox")
	}
	p.Base = v.link(p.Back)
	if p.Wide {
		query.Set("in", "all")
	}
	p.Query = "?" + query.Encode()
}

// tabs fills in the page's lists with how many tickets they have.
func (p *inboxPage) tabs(views []view, counts []int) {
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
		p.All = p.Base + "?" + url.Values{"view": {"all"}, "q": {p.Search}}.Encode()
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
