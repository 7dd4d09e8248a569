package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// people are those outside: what they asked for, and what they were answered.
type people struct {
	sessions []*visitor
	requests []*request
	// asked are the requests by what they write into the log.
	asked   map[string]*request
	readers []*reader
	feeds   map[chatcfg.AccountID]*feed
	inboxes map[chatcfg.AccountID]*inbox
	// dries are the dry runs that were not yet compared with what happened.
	dries     []*dry
	followers []*follower
	counter   int
	names     int
}

// visitor is a session as its browser knows it.
type visitor struct {
	account *account
	id      tickets.SessionID
	token   charla.Token
	person  int
	locale  chatcfg.Locale // the language, if charla knows it
	ended   bool           // the end was acknowledged
	// entering says that a login is under way: a browser has one at a time.
	entering bool
	keys     int
	ends     bool    // it has asked to end its conversation, which it does once
	rated    [7]bool // by score: it has asked for that one
}

// on returns the visitor's handle on a desk.
func (v *visitor) on(d *charla.Desk) *charla.Visitor { return d.Account(v.account.id).Visitor(v.token) }

// request is a change somebody asks for, once or again.
type request struct {
	name, tag, key string
	account        *account
	visitor        *visitor // whose words they are; nil: an agent's
	conv           *conv    // that an agent's request is for
	call           func(ctx context.Context, d *charla.Desk, key string) (charla.Result, error)
	actor          tickets.Actor
	cmd            tickets.Command // with the ticket's number as it was asked for
	message        bool            // a person's words
	ended          bool            // the session had ended before it began
	// next are the teams of which the next ticket is to be taken; nil: it is another call.
	next []tickets.TeamID
	// running counts the calls under way; maybe says that one has ended without
	// an answer; refused, that one was refused.
	running int
	maybe   bool
	failed  error
	acked   *charla.Result
}

// request asks for something new on a desk.
func (w *World) request(d *desk, r *request) {
	if w.people.asked == nil {
		w.people.asked = make(map[string]*request)
	}
	w.people.asked[r.tag] = r
	w.people.requests = append(w.people.requests, r)
	w.ask(d, r)
}

// ask starts a request on a desk, again if it was asked for before.
func (w *World) ask(d *desk, r *request) {
	r.running++
	var token charla.Token
	if r.visitor != nil {
		token = r.visitor.token
	}
	t := &task{desk: d, name: r.name, tag: r.tag, after: func(t *task) { w.answered(t, r, token) }}
	if r.next != nil {
		w.takesTurn(t, r)
	}
	w.start(t, func(ctx context.Context, _ *task) (charla.Result, error) {
		return r.call(ctx, d.charla, r.key)
	})
}

// answered records in the ledger what a call answered; a visitor's was begun with a token.
func (w *World) answered(t *task, r *request, token charla.Token) {
	r.running--
	p, there := w.model.stored(r)
	if r.key != "" && errors.Is(t.err, charla.ErrKeyReused) && t.returned {
		w.reused(r, t.err)
	}
	switch {
	case !t.returned || errors.Is(t.err, charla.ErrOutcomeUnknown):
		r.maybe = true
		return
	case t.err != nil:
		r.failed = t.err
		if there && !r.maybe && r.running == 0 && r.acked == nil && w.model.holder(r) == nil {
			w.failf("refused", "%s %q was refused (%v) and is in the log", r.name, r.tag, t.err)
		}
		over := r.visitor != nil && errors.Is(t.err, charla.ErrSession) && (w.model.over(r.visitor.id, w.now) || !holds(token, w.model.sessions[r.visitor.id]))
		h := w.model.holder(r)
		if w.quiet && h != nil && !h.same(r) && !errors.Is(t.err, charla.ErrKeyReused) && !r.account.deleted && !over {
			w.failf("key", "%s %q has the key of %s %q and is refused for another reason: %v", r.name, r.tag, h.name, h.tag, t.err)
		}
		if w.quiet && there && r.key != "" && !r.account.deleted && !over {
			w.failf("answer", "%s %q is in the log and its key is refused: %v", r.name, r.tag, t.err)
		}
		return
	}
	w.stats.Acks++
	if !there {
		w.failf("lost", "%s %q was acknowledged and is not in the log", r.name, r.tag)
		return
	}
	got := t.result
	if got.Ref.Account != r.account.id || got.Ref.Conversation != p.conv.id || got.Entry != p.entry {
		w.failf("answer", "%s %q answered %+v, it is entry %d of %s", r.name, r.tag, got, p.entry, p.conv.id)
		return
	}
	if r.message && p.conv.messages[got.Seq-1].Text != r.tag && !strings.Contains(p.conv.messages[got.Seq-1].Text, r.tag) {
		w.failf("answer", "%s %q answered message %d, which is %q", r.name, r.tag, got.Seq, p.conv.messages[got.Seq-1].Text)
	}
	if r.acked != nil && *r.acked != got {
		w.failf("answer", "%s %q answered %+v, and again %+v", r.name, r.tag, *r.acked, got)
	}
	if r.ended && r.acked == nil && !r.maybe && r.running == 0 {
		w.failf("session", "%s %q of a session that had ended", r.name, r.tag)
	}
	r.acked = &got
}

// ledger checks every request against the log, when nothing is under way.
func (w *World) ledger() {
	for _, r := range w.people.requests {
		p, there := w.model.stored(r)
		switch {
		case r.acked != nil && !there:
			w.failf("lost", "%s %q was acknowledged and is not in the log", r.name, r.tag)
		case there && r.acked == nil && !r.maybe && w.model.holder(r) == nil:
			w.failf("refused", "%s %q was refused (%v) and is entry %d", r.name, r.tag, r.failed, p.entry)
		}
	}
}

// words are what people say. Some hold keywords, some nearly.
var words = []string{"hola", "URGENTE", "urgentemente", "no funciona", "no", "reclamo", "gracias", "precio"}

// say returns a text that names its account and occurs once.
func (w *World) say(a *account) string {
	w.people.counter++
	return fmt.Sprintf("%s %s #%d/", words[w.rnd.IntN(len(words))], a.name, w.people.counter)
}

// enter lets a visitor in. Some are the same person, in several accounts.
func (w *World) enter(d *desk, a *account) {
	person := w.rnd.IntN(4)
	email := fmt.Sprintf("p%d@example.com", person)
	entry := charla.Entry{Name: fmt.Sprintf("P%d", person), Email: email}
	switch w.rnd.IntN(4) {
	case 0:
		entry = charla.Entry{Anonymous: true}
	case 1:
		entry.Proof = &charla.Proof{Subject: email, Name: entry.Name, Email: email}
	}
	if w.spec.Whole {
		entry.Locale = []chatcfg.Locale{"", chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese, "fr"}[w.rnd.IntN(5)]
	}
	locale := entry.Locale
	if !slices.Contains(languages, string(locale)) {
		locale = ""
	}
	var s charla.SessionInfo
	var token charla.Token
	w.start(&task{desk: d, name: "enter", after: func(t *task) {
		if !t.returned || t.err != nil {
			return
		}
		w.people.sessions = append(w.people.sessions, &visitor{account: a, id: s.ID, token: token, person: person, locale: locale})
		if kept := w.model.sessions[s.ID]; kept.Account != a.id || token == "" {
			w.failf("session", "a session of account %s for one of %s", kept.Account, a.id)
		} else if s.Customer != kept.Customer || s.Identity != kept.Identity || !shownAsDated(s, kept) {
			w.failf("session", "session %+v is shown as %+v", kept, s)
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		v, secret, err := d.charla.Account(a.id).Enter(ctx, entry)
		if err == nil {
			token = secret
			s, err = v.Session(ctx)
		}
		return res, err
	})
}

// shownAsDated reports whether a session is shown with the instants that it has. One that a
// wrong clock dated may have got others since, without the desk's knowing that it was saved.
func shownAsDated(s charla.SessionInfo, kept tickets.Session) bool {
	redated := kept.Revision > 1 && kept.CreatedAt.Before(s.CreatedAt) && s.ExpiresAt.Sub(s.CreatedAt) == kept.ExpiresAt.Sub(kept.CreatedAt)
	return redated || s.CreatedAt.Equal(kept.CreatedAt) && s.ExpiresAt.Equal(kept.ExpiresAt)
}

// login moves a visitor to a verified customer. A visitor who does not learn the new
// token repeats the login with the old one.
func (w *World) login(d *desk, v *visitor) {
	if v.entering {
		return
	}
	v.entering = true
	proof := charla.Proof{Subject: fmt.Sprintf("p%d@example.com", v.person), Name: fmt.Sprintf("P%d", v.person)}
	var token charla.Token
	w.start(&task{desk: d, name: "login", after: func(t *task) {
		v.entering = false
		if t.returned && t.err == nil {
			v.token = token
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		_, token, err = v.on(d.charla).Login(ctx, proof)
		return res, err
	})
}

// leave ends a visitor's session.
func (w *World) leave(d *desk, v *visitor) {
	w.start(&task{desk: d, name: "leave", after: func(t *task) {
		v.ended = v.ended || t.returned && t.err == nil
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		return res, v.on(d.charla).Leave(ctx)
	})
}

// write has a visitor write something new.
func (w *World) write(d *desk, v *visitor) {
	text := w.say(v.account)
	r := v.wants(text)
	v.keys++
	w.keyed(r, v.keys)
	if w.rnd.IntN(8) == 0 {
		r.cmd.Welcome = &tickets.Welcome{Text: "bienvenido", Author: []string{"Eva", ""}[w.rnd.IntN(2)]}
	}
	w.request(d, r)
}

// wants returns the request for a message of the visitor's.
func (v *visitor) wants(text string) *request {
	r := &request{name: "write", tag: text, account: v.account, message: true, visitor: v, ended: v.ended}
	r.actor = tickets.Actor{Kind: tickets.ActorCustomer, Session: v.id}
	r.cmd = tickets.Command{Kind: tickets.CommandWrite, Text: text}
	r.call = func(ctx context.Context, d *charla.Desk, key string) (charla.Result, error) {
		return v.on(d).Write(ctx, text, &charla.WriteOptions{Key: key, Welcome: r.cmd.Welcome})
	}
	return r
}

// endTag names a visitor's request to end their conversation.
func endTag(id tickets.SessionID) string { return "end of " + id.String() }

// end has a visitor end their conversation, each once.
func (w *World) end(d *desk, v *visitor) {
	if v.ends {
		return
	}
	v.ends = true
	r := &request{name: "end", tag: endTag(v.id), account: v.account, visitor: v, ended: v.ended}
	r.actor = tickets.Actor{Kind: tickets.ActorCustomer, Session: v.id}
	r.cmd = tickets.Command{Kind: tickets.CommandEnd}
	r.call = func(ctx context.Context, d *charla.Desk, key string) (charla.Result, error) {
		return v.on(d).End(ctx, 0, &charla.CallOptions{Key: key})
	}
	v.keys++
	w.keyed(r, v.keys)
	w.request(d, r)
}

// rateTag names a visitor's request to rate a ticket with a score.
func rateTag(id tickets.SessionID, score int) string { return fmt.Sprintf("%d of %s", score, id) }

// rate has a visitor rate a ticket, with each score once.
func (w *World) rate(d *desk, v *visitor) {
	rating := charla.Rating{Score: w.rnd.IntN(len(v.rated)), Ticket: tickets.Number([]int{0, 0, 0, 1, 2}[w.rnd.IntN(5)])}
	if v.rated[rating.Score] {
		return
	}
	v.rated[rating.Score] = true
	if w.rnd.IntN(3) == 0 {
		rating.Comment = w.say(v.account)
	}
	r := &request{name: "rate", tag: rateTag(v.id, rating.Score), account: v.account, visitor: v, ended: v.ended}
	r.actor = tickets.Actor{Kind: tickets.ActorCustomer, Session: v.id}
	r.cmd = tickets.Command{Kind: tickets.CommandRate, Number: rating.Ticket, Score: rating.Score, Comment: rating.Comment}
	r.call = func(ctx context.Context, d *charla.Desk, key string) (charla.Result, error) {
		return v.on(d).Rate(ctx, rating, &charla.CallOptions{Key: key})
	}
	v.keys++
	w.keyed(r, v.keys)
	w.request(d, r)
}

// act has an agent, or a bot, do something to a conversation.
func (w *World) act(d *desk, c *conv) {
	switch w.rnd.IntN(12) {
	case 0, 1, 2:
		w.bot(d, c)
		return
	case 3:
		w.begin(d, c.account)
		return
	case 4, 5:
		if w.spec.Whole {
			w.next(d, c.account)
			return
		}
	}
	w.people.names++
	id := []tickets.AgentID{"ana", "beto"}[w.rnd.IntN(2)]
	a := charla.Person{ID: id, Name: fmt.Sprintf("%s %d", id, w.people.names)}
	ref := tickets.Ref{Account: c.account.id, Conversation: c.id}
	if w.rnd.IntN(3) == 0 && c.ticket != nil {
		ref.Number = tickets.Number(1 + w.rnd.IntN(int(c.ticket.number)))
	}
	r := &request{tag: a.Name, account: c.account, conv: c, actor: tickets.Actor{Kind: tickets.ActorAgent, Agent: id, Name: a.Name}}
	w.keyed(r, w.people.names)
	text := w.say(c.account)
	type act struct {
		name   string
		weight int
		cmd    tickets.Command
	}
	acts := []act{
		{"reply", 10, tickets.Command{Kind: tickets.CommandReply}},
		{"close", 5, tickets.Command{Kind: tickets.CommandClose}},
		{"ignore", 3, tickets.Command{Kind: tickets.CommandIgnore}},
		{"open", 4, tickets.Command{Kind: tickets.CommandOpen}},
		{"pause", 2, tickets.Command{Kind: tickets.CommandPause}},
		{"resume", 2, tickets.Command{Kind: tickets.CommandResume}},
		{"mark", 1, tickets.Command{Kind: tickets.CommandMark}},
		{"unmark", 2, tickets.Command{Kind: tickets.CommandUnmark}},
		{"classify", 2, tickets.Command{Kind: tickets.CommandClassify, Typification: w.typification(text)}},
		{"describe", 2, tickets.Command{Kind: tickets.CommandDescribe, Metadata: w.metadata(text)}},
		{"take", 3, tickets.Command{Kind: tickets.CommandTake}},
		{"assign", 3, w.assignment()},
		{"note", 4, tickets.Command{Kind: tickets.CommandNote, Mentions: w.mentions()}},
	}
	sum := 0
	for _, one := range acts {
		sum += one.weight
	}
	n := w.rnd.IntN(sum)
	for _, one := range acts {
		if n -= one.weight; n < 0 {
			r.name, r.cmd = one.name, one.cmd
			if r.cmd.Number = ref.Number; r.cmd.Kind == tickets.CommandReply || r.cmd.Kind == tickets.CommandNote {
				r.cmd.Text = text
			}
			r.call = func(ctx context.Context, d *charla.Desk, key string) (charla.Result, error) {
				agent := d.Account(c.account.id).Agent(a)
				if one.cmd.Kind == tickets.CommandReply {
					return agent.Reply(ctx, ref, text, &charla.WriteOptions{Key: key})
				}
				if one.cmd.Kind == tickets.CommandNote {
					return agent.Note(ctx, ref, text, &charla.WriteOptions{Key: key, Mentions: one.cmd.Mentions})
				}
				return agent.Do(ctx, ref, one.cmd, &charla.CallOptions{Key: key})
			}
			break
		}
	}
	w.request(d, r)
}

// begin has an agent write first to a person whom the host knows (R16.5).
func (w *World) begin(d *desk, a *account) {
	w.people.names++
	who := charla.Person{ID: "ana", Name: fmt.Sprintf("ana %d", w.people.names)}
	person := w.rnd.IntN(4)
	email := fmt.Sprintf("p%d@example.com", person)
	proof := charla.Proof{Subject: email, Name: fmt.Sprintf("P%d", person), Email: email}
	r := &request{name: "start", tag: who.Name, account: a, actor: tickets.Actor{Kind: tickets.ActorAgent, Agent: who.ID, Name: who.Name}}
	text := w.say(a)
	r.cmd = tickets.Command{Kind: tickets.CommandStart, Text: text, Customer: tickets.Customer{Level: tickets.LevelVerified, Name: proof.Name, Email: email}}
	r.call = func(ctx context.Context, d *charla.Desk, _ string) (charla.Result, error) {
		return d.Account(a.id).Agent(who).Start(ctx, proof, text, nil)
	}
	w.request(d, r)
}

// guia is the ID of the automated agent.
const guia tickets.AgentID = "guia"

// bot has an automated agent do something to a conversation (R12.1).
func (w *World) bot(d *desk, c *conv) {
	w.people.names++
	who := charla.Person{ID: guia, Name: fmt.Sprintf("guia %d", w.people.names), Automated: w.rnd.IntN(2) == 0} // or by its ID
	r := &request{tag: who.Name, account: c.account, conv: c, actor: tickets.Actor{Kind: tickets.ActorBot, Agent: who.ID, Name: who.Name}}
	w.keyed(r, w.people.names)
	text, ref := w.say(c.account), tickets.Ref{Account: c.account.id, Conversation: c.id}
	r.name = []string{"botReply", "botReply", "botReply", "botReply", "botReply", "handOver", "handOver", "close", "pause", "pause", "resume", "assign"}[w.rnd.IntN(12)]
	r.cmd.Kind = tickets.CommandKind(r.name)
	switch r.cmd.Kind {
	case tickets.CommandBotReply:
		r.cmd.Text = text
	case tickets.CommandAssign:
		r.cmd.Team = new(tickets.TeamID("ventas"))
		if w.rnd.IntN(4) == 0 {
			r.cmd.Assignee = &tickets.Assignee{Agent: guia}
		}
	default:
	}
	r.call = func(ctx context.Context, d *charla.Desk, key string) (charla.Result, error) {
		bot := d.Account(c.account.id).Agent(who)
		if r.cmd.Kind == tickets.CommandBotReply {
			return bot.Reply(ctx, ref, text, &charla.WriteOptions{Key: key})
		}
		return bot.Do(ctx, ref, r.cmd, &charla.CallOptions{Key: key})
	}
	w.request(d, r)
}

// assignment returns a command that says who shall have a ticket: an agent, a team, both,
// or nobody.
func (w *World) assignment() tickets.Command {
	cmd := tickets.Command{Kind: tickets.CommandAssign}
	which := 1 + w.rnd.IntN(3)
	if which&1 != 0 {
		cmd.Assignee = []*tickets.Assignee{{}, {Agent: "ana", Name: "Ana"}, {Agent: "carla"}, {Agent: guia}}[w.rnd.IntN(4)]
	}
	if w.rnd.IntN(2) == 0 {
		cmd.From = new([]tickets.AgentID{"", "ana", "carla"}[w.rnd.IntN(3)])
	}
	if which&2 != 0 {
		cmd.Team = new([]tickets.TeamID{"", "ventas", "soporte"}[w.rnd.IntN(3)])
	}
	return cmd
}

// mentions returns whom a note names.
func (w *World) mentions() []tickets.AgentID {
	return [][]tickets.AgentID{nil, nil, {"beto"}, {"ana", "carla", "ana"}}[w.rnd.IntN(4)]
}

// typification returns one that an agent sets; nil clears it.
func (w *World) typification(text string) *tickets.Typification {
	switch w.rnd.IntN(4) {
	case 0:
		return nil
	case 1:
		return &tickets.Typification{Category: "venta"}
	default:
		return &tickets.Typification{Category: "reclamo", Fields: map[string]string{"motivo": text}}
	}
}

// metadata returns what an agent sets in place of what there was.
func (w *World) metadata(text string) map[string]string {
	switch w.rnd.IntN(4) {
	case 0:
		return nil
	case 1:
		return map[string]string{"pedido": text}
	default:
		return map[string]string{"origen": "campaña", "nota": text}
	}
}

// again repeats an earlier request that has a key: after an unknown outcome, or
// because the answer got lost on the way, or while the first is still under way.
func (w *World) again(d *desk) bool {
	var open []*request
	for _, r := range w.people.requests {
		if r.key != "" && !r.account.deleted && (r.acked == nil && r.maybe || w.rnd.IntN(20) == 0) {
			open = append(open, r)
		}
	}
	if len(open) == 0 {
		return false
	}
	w.ask(d, open[w.rnd.IntN(len(open))])
	return true
}

// probe asks for something of another account, or for what a key forbids, and checks
// that it is refused.
func (w *World) probe(d *desk) {
	convs := w.model.conversations()
	if len(convs) == 0 || len(w.model.order) < 2 {
		return
	}
	c := convs[w.rnd.IntN(len(convs))]
	other := w.model.order[w.rnd.IntN(len(w.model.order))]
	if other == c.account {
		return
	}
	ref := tickets.Ref{Account: other.id, Conversation: c.id}
	which := w.rnd.IntN(5)
	w.start(&task{desk: d, name: "probe", after: func(t *task) {
		if t.returned && t.err == nil {
			w.failf("isolation", "probe %d of account %s reaches conversation %s of account %s", which, other.name, c.id, c.account.name)
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		there := d.charla.Account(other.id)
		switch which {
		case 0:
			return there.Agent(charla.Person{ID: "eve"}).Reply(ctx, ref, "eve "+other.name, nil)
		case 1:
			_, err = there.Inbox().Ticket(ctx, ref)
		case 2:
			var page charla.Page[tickets.Message]
			page, err = there.Inbox().Messages(ctx, ref, charla.MessageQuery{})
			if err == nil && len(page.Items) == 0 {
				err = charla.ErrNotFound
			}
		default:
			i := slices.IndexFunc(w.people.sessions, func(v *visitor) bool { return v.account == c.account })
			if i < 0 {
				return res, charla.ErrNotFound
			}
			v := there.Visitor(w.people.sessions[i].token)
			if which == 3 {
				_, err = v.Messages(ctx, charla.MessageQuery{})
				return res, err
			}
			return v.Write(ctx, "eve "+other.name, nil)
		}
		return res, err
	})
}

// heartbeat has an agent say whether they are online.
func (w *World) heartbeat(d *desk, a *account) {
	b := &beat{
		[]tickets.AgentID{"ana", "beto"}[w.rnd.IntN(2)],
		[]tickets.Availability{tickets.Online, tickets.Online, tickets.Online, tickets.Away, tickets.Offline}[w.rnd.IntN(5)],
	}
	w.start(&task{desk: d, name: "heartbeat", beat: b}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		return res, d.charla.Account(a.id).Agent(charla.Person{ID: b.agent}).Heartbeat(ctx, b.is)
	})
}

// accountID returns a random ID.
func (w *World) accountID() chatcfg.AccountID {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(w.rnd.Uint32())
	}
	return chatcfg.AccountID{UUID: id}
}
