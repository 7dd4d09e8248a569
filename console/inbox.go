package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// inboxPage is the agents' console: a list of tickets and one conversation.
type inboxPage struct {
	// Tabs are always on show, Others behind a button, which is lit and called as Chosen if
	// that is the list.
	Tabs, Others []tabView
	Chosen       string
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
	// Query is the list's part of every link on the page, with its "?".
	Query string
}

type emptyView struct{ Title, Text string }

type tabView struct {
	Key, Label, Icon string
	Count            string
	Active           bool
}

// ticketRow is a ticket in the list.
type ticketRow struct {
	charla.Row
	Name    string
	Snippet string
	Mine    bool
	Active  bool
	// New says that the customer waits, or had the last word and nobody has read it.
	New  bool
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

// views are the lists of the inbox. Those that are counted are always on show.
var views = []struct {
	key, label, icon string
	query            charla.TicketQuery
	counted          bool
	empty            emptyView
}{
	{"open", "Abiertos", "inbox", charla.TicketQuery{Status: tickets.StatusOpen}, true, emptyView{"No hay tickets abiertos", "Cuando alguien escriba en el chat, aparecerá en esta lista."}},
	{"waiting", "Esperan", "clock", charla.TicketQuery{Waiting: true}, true, emptyView{"Nadie espera", "Todos los que escribieron tienen respuesta."}},
	{"delayed", "Demora", "alert", charla.TicketQuery{Status: tickets.StatusOpen, Delayed: true}, true, emptyView{"Nada con demora", "Nadie espera más de lo que fija tu SLA."}},
	{"important", "Importantes", "star", charla.TicketQuery{Important: true}, false, emptyView{"Nada importante", "Aquí quedan los tickets marcados con la estrella."}},
	{"ignored", "Ignorados", "eyeoff", charla.TicketQuery{Status: tickets.StatusIgnored}, false, emptyView{"Nada ignorado", "Aquí quedan los tickets que alguien decide ignorar."}},
	{"closed", "Cerrados", "check", charla.TicketQuery{Status: tickets.StatusClosed}, false, emptyView{"Nada cerrado", "Aquí quedan los tickets que ya se cerraron."}},
	{"all", "Todos", "list", charla.TicketQuery{}, false, emptyView{"Ningún ticket todavía", "Cuando alguien escriba en el chat, aparecerá en esta lista."}},
}

const rowsPerPage = 30

// inbox shows the list, and the conversation that the path names, if any.
func (v *visit) inbox() error { return v.showInbox(nil, nil) }

// showInbox is inbox with the result of a dry run and with what went wrong; nil: none.
func (v *visit) showInbox(dry *dryRun, f *flash) error {
	zone, err := v.zone()
	if err != nil {
		return err
	}
	form := v.query()
	p := inboxPage{View: form.Get("view"), Search: trim(form.Get("q"), 300), Deleted: !v.account.info.DeletedAt.IsZero()}
	if err := v.list(&p, form.Get("cursor")); err != nil {
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
	return v.render("inbox", page{Title: title, Nav: "inbox", Flash: f, Zone: zone, Data: p})
}

// list fills in the page's tabs and rows. A search with problems shows them.
func (v *visit) list(p *inboxPage, cursor string) error {
	inbox := v.account.Inbox()
	chosen := 0
	for i, one := range views {
		if one.key == p.View {
			chosen = i
		}
	}
	q := views[chosen].query
	p.View, p.Mixed = views[chosen].key, q.Status == "" && !q.Waiting
	for _, one := range views {
		tab := tabView{Key: one.key, Label: v.t(one.label), Icon: one.icon, Active: one.key == p.View}
		if one.counted {
			count := one.query
			count.Limit = 100
			list, err := inbox.Tickets(v.r.Context(), count)
			if err != nil {
				return err
			}
			if n := len(list.Items); n == 100 {
				tab.Count = "99+"
			} else if n > 0 {
				tab.Count = strconv.Itoa(n)
			}
		}
		if one.counted {
			p.Tabs = append(p.Tabs, tab)
			continue
		}
		if tab.Active {
			p.Chosen = tab.Label
		}
		p.Others = append(p.Others, tab)
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
	for _, t := range list.Items {
		row, err := v.row(inbox, t)
		if err != nil {
			return err
		}
		row.URL += p.Query
		p.Rows = append(p.Rows, row)
	}
	if list.Next != "" {
		p.More = v.link(accountPath(v.account.ID(), "inbox")) + p.Query + "&cursor=" + url.QueryEscape(list.Next)
	}
	return nil
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

// row returns a ticket as the list shows it, with its last message.
func (v *visit) row(inbox *charla.Inbox, t charla.Row) (ticketRow, error) {
	row := ticketRow{Row: t, Name: v.nameOf(&t.Customer), Wait: waiting(&t.Ticket, v.now())}
	row.URL = v.link(ticketPath(t.Ref))
	last, err := inbox.Messages(v.r.Context(), t.Ref, charla.MessageQuery{Newest: true, PageQuery: charla.PageQuery{Limit: 6}})
	for _, m := range slices.Backward(last.Items) {
		if m.Ticket == t.Number && (m.From == tickets.FromCustomer || m.From == tickets.FromAgent) {
			row.Snippet, row.Mine = m.Text, m.From == tickets.FromAgent
			if m.Text == "" && m.File != nil {
				row.Snippet = m.File.Name
			}
			break
		}
	}
	row.New = row.Wait != nil || t.Unread > 0 && t.Status == tickets.StatusOpen && !row.Mine
	return row, err
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
	number, err2 := strconv.ParseInt(v.r.PathValue("number"), 10, 64)
	if err != nil || err2 != nil || number < 1 {
		return tickets.Ref{}, charla.ErrNotFound
	}
	return tickets.Ref{
		Account: v.account.ID(), Conversation: tickets.ConversationID{UUID: conversation}, Number: tickets.Number(number),
	}, nil
}

// commands are the buttons of a conversation, by the last part of their addresses.
var commands = map[string]tickets.CommandKind{
	"close": tickets.CommandClose, "ignore": tickets.CommandIgnore, "open": tickets.CommandOpen,
	"pause": tickets.CommandPause, "resume": tickets.CommandResume,
	"important": tickets.CommandMark, "normal": tickets.CommandUnmark,
	"classify": tickets.CommandClassify, "describe": tickets.CommandDescribe,
}

// act does what a button of the conversation says, and shows it again. What the library
// refuses is shown on the page.
func (v *visit) act() error {
	ref, err := v.ref()
	if err != nil {
		return err
	}
	ctx, form := v.r.Context(), v.r.PostForm
	agent := v.account.Agent(v.person.agent())
	key := trim(form.Get("key"), 200)
	if key == "" {
		key = randomText()
	}
	action := v.r.PathValue("action")
	switch action {
	case "typing":
		if err := agent.SetActivity(ctx, ref, charla.Replying); err != nil {
			return err
		}
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	case "read":
		seq, err := strconv.ParseInt(form.Get("seq"), 10, 64)
		if err != nil {
			return statusError(http.StatusBadRequest)
		}
		if err := agent.MarkRead(ctx, ref, seq); err != nil {
			return err
		}
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	case "dryrun":
		return v.dryRun(ref)
	case "reply":
		o := &charla.WriteOptions{Key: key}
		if o.File, err = v.upload(); err == nil {
			_, err = agent.Reply(ctx, ref, unix(form.Get("text")), o)
		}
	default:
		command := tickets.Command{Kind: commands[action]}
		switch command.Kind {
		case "":
			return charla.ErrNotFound
		case tickets.CommandClassify:
			if fields := pairsIn(form); form.Get("category") != "" || len(fields) > 0 {
				command.Typification = &tickets.Typification{Category: form.Get("category"), Fields: fields}
			}
		case tickets.CommandDescribe:
			command.Metadata = pairsIn(form)
		}
		_, err = agent.Do(ctx, ref, command, &charla.CallOptions{Key: key})
	}
	if err != nil {
		return v.refused(err)
	}
	return v.back(ticketPath(ref))
}

// refused shows the conversation again with what was wrong, and what was typed: a script is
// only told, since it has both.
func (v *visit) refused(err error) error {
	status, text := v.failure(err)
	if v.scripted || status == http.StatusNotFound {
		return err
	}
	v.status = status
	return v.showInbox(nil, &flash{Kind: "bad", Text: text, Draft: v.r.PostFormValue("text")})
}

// pairsIn reads the rows of names and values; a row without a name is skipped.
func pairsIn(form url.Values) map[string]string {
	pairs := map[string]string{}
	for i, name := range form["name"] {
		if name != "" && i < len(form["value"]) {
			pairs[name] = form["value"][i]
		}
	}
	return pairs
}
