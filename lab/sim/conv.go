package sim

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// conv is one conversation of the model, with its log.
type conv struct {
	account          *account
	id               tickets.ConversationID
	identity         tickets.Identity
	version          int64
	began, lastAt    time.Time
	armed            int64
	wake             time.Time // when a claim finds it
	customerMessages int
	// customer is what is known of who writes here, session the last that wrote, links
	// what sessions that logged in wrote elsewhere before.
	customer tickets.Customer
	session  tickets.SessionID
	links    []tickets.ConversationID
	marks    tickets.Marks
	readers  []tickets.Reader
	ticket   *ticket
	older    []*ticket
	messages []tickets.Message
	entries  []tickets.Entry
}

// attempted records a batch before its commit and checks that all attempts of a call
// use one chance, so that a retry never chooses another text.
func (m *model) attempted(t *task, b *storage.Batch) {
	if t == nil || t.tag == "" || len(b.Entries) == 0 {
		return
	}
	if t.decided = t.asked; t.asked.IsZero() {
		t.decided = t.desk.charla.Now()
	}
	t.asked = time.Time{}
	chance := b.Entries[0].Inputs.Chance
	if t.chanced && t.chance != chance {
		m.w.failf("chance", "%s decides again with another chance", t.name)
	}
	t.chance, t.chanced = chance, true
}

// committed follows a batch that was just stored: it reads back what the store now has
// of the conversation, and checks all of it by the rules.
func (m *model) committed(ctx context.Context, t *task, b *storage.Batch) {
	a := m.accounts[b.Conversation.Account]
	switch {
	case a == nil || a.purged:
		m.w.failf("commit", "commit into an account that does not exist")
		return
	case a.deleted:
		m.w.failf("deleted", "commit into account %s after its deletion", a.name)
		return
	case b.Config != a.version:
		m.w.failf("config", "decided under version %d, committed after the save of %d", b.Config, a.version)
		return
	}
	c := a.convs[b.Conversation.ID]
	if c == nil {
		c = &conv{account: a, id: b.Conversation.ID, identity: b.Conversation.Identity, armed: int64(b.Config)}
		if other := a.holders[c.identity]; other != nil {
			m.w.failf("identity", "two conversations of one customer: %s and %s", other.id, c.id)
		}
		a.convs[c.id], a.holders[c.identity] = c, c
		a.order = append(a.order, c)
	}
	q := m.w.real.Queries()
	messages, err1 := q.Messages(ctx, storage.MessageQuery{Account: a.id, Conversation: c.id, After: int64(len(c.messages))})
	entries, err2 := q.History(ctx, tickets.Ref{Account: a.id, Conversation: c.id}, int64(len(c.entries)), 0)
	loaded, err3 := m.w.real.Conversations().Load(ctx, storage.LoadQuery{Account: a.id, Conversation: c.id})
	if err1 != nil || err2 != nil || err3 != nil {
		m.w.failf("read back", "%v %v %v", err1, err2, err3)
		return
	}
	if loaded.Conversation.Version != c.version+1 {
		m.w.failf("version", "conversation %s goes from version %d to %d", c.id, c.version, loaded.Conversation.Version)
		return
	}
	c.version++
	c.wake = b.Wake.Truncate(time.Microsecond)
	m.w.logf("commit %s v%d +%dm +%de wake %v", c.id, c.version, len(messages), len(entries), b.Wake.UnixMicro())
	m.w.stats.Commits++
	first := len(c.entries)
	m.follows(t, c, loaded, b.Tickets, messages, entries)
	if m.w.failure == nil {
		m.outbox.committed(c, c.entries[first:], b.Deliveries)
		m.compare(ctx, c, loaded, b)
	}
}

// follows checks the new entries one by one, with their messages.
func (m *model) follows(t *task, c *conv, loaded storage.Loaded, changed []tickets.Ticket, messages []tickets.Message, entries []tickets.Entry) {
	a := c.account
	m.redate(c, loaded.Conversation.LastAt, changed)
	wasArmed := c.armed
	if t != nil && t.marks != nil { // decides nothing
		m.read(t, c)
	} else {
		c.armed = int64(a.version)
	}
	rearm := a.since.running > 0 && wasArmed < int64(a.since.running) && c.ticket != nil && c.ticket.wait != nil
	for i := range entries {
		e := &entries[i]
		if e.N != int64(len(c.entries))+1 {
			m.w.failf("history", "entry %d after %d", e.N, len(c.entries))
			return
		}
		if e.At.Before(c.lastAt) {
			m.w.failf("time", "entry %d at %s, after one at %s", e.N, e.At, c.lastAt)
		}
		if e.At != e.At.Truncate(time.Microsecond) || int64(e.Inputs.Config) != int64(a.version) {
			m.w.failf("history", "entry %d at %s under version %d", e.N, e.At, e.Inputs.Config)
		}
		due, rule := c.deadline()
		// What was a delay before the save that running waits follow stays one, even
		// if the clock of the desk that carries it out is behind that of the save.
		before := rearm && rule == tickets.CommandDelay && due.Before(a.since.ran(loaded.Conversation.LastAt))
		if before != (rearm && e.Kind == tickets.CommandDelay) || (rearm && !before) != (e.Kind == tickets.CommandRearm) {
			m.w.failf("rearm", "entry %d is %s, a running wait had to follow the save: %v, with a delay before: %v", e.N, e.Kind, rearm, before)
			return
		}
		rearm = before
		now := e.At
		switch kind := e.Kind; {
		case kind == tickets.CommandDelay, kind == tickets.CommandExpire, kind == tickets.CommandRemind,
			kind == tickets.CommandHandOver && e.Actor.Kind == tickets.ActorRule:
			if rule != e.Kind || !e.Due.Equal(due) || e.Due.After(e.At) && !before {
				m.w.failf("deadline", "entry %d: %s due %s done %s, want %q at %s", e.N, e.Kind, e.Due, e.At, rule, due)
				return
			}
			if last := entries[len(entries)-1]; !before && e.Due.Equal(e.At) && table["open"][last.Kind] != "" && last.Actor.Kind != tickets.ActorRule {
				m.w.failf("order", "entry %d: %s goes before %s of the same instant", e.N, e.Kind, last.Kind)
			}
			if now = due; e.Kind == tickets.CommandRemind {
				now = e.At // it is said when it is said
			}
		case kind == tickets.CommandRearm:
		default:
			if i != len(entries)-1 {
				m.w.failf("order", "entry %d is a command and not the last of its commit", e.N)
			}
			if !due.IsZero() && due.Before(e.At) {
				m.w.failf("order", "%s at %s goes before %s, due at %s", e.Kind, e.At, rule, due)
				return
			}
			if !e.Due.IsZero() {
				m.w.failf("history", "%s has a due time", e.Kind)
			}
			if t != nil && !e.At.Equal(c.lastAt) && !t.desk.clock.told(e.At) {
				m.w.failf("time", "%s at %s, which is neither the clock's nor the conversation's time", e.Kind, e.At)
			}
		}
		c.lastAt = e.At
		if len(c.entries) == 0 {
			c.began = e.At
		}
		messages = m.entry(t, c, e, now, messages, mute(entries[i+1:]))
		if m.w.failure != nil {
			return
		}
		c.entries = append(c.entries, *e)
	}
	if len(messages) > 0 {
		m.w.failf("messages", "%d messages that no entry explains: %+v", len(messages), messages[0])
	}
}

// mute reports whether one of the entries that follow a reminder in its commit keeps it
// from speaking (R13.2).
func mute(rest []tickets.Entry) bool {
	return slices.ContainsFunc(rest, func(e tickets.Entry) bool {
		switch e.Kind {
		case tickets.CommandRemind, tickets.CommandWrite, tickets.CommandReply, tickets.CommandStart, tickets.CommandBotReply, tickets.CommandClose, tickets.CommandExpire,
			tickets.CommandEnd, tickets.CommandIgnore, tickets.CommandPause:
			return true
		default:
			return false
		}
	})
}

// entry checks one entry, and the messages it brought, by the rules. It returns the
// messages that are left.
func (m *model) entry(t *task, c *conv, e *tickets.Entry, now time.Time, messages []tickets.Message, muted bool) []tickets.Message {
	by, ok := m.cause(c, e, messages)
	if !ok {
		return nil
	}
	by.last = !muted
	if e.Kind == tickets.CommandWrite {
		s := m.sessions[e.Actor.Session]
		if !s.EndedAt.IsZero() || s.Account != c.account.id || s.Identity != c.identity {
			m.w.failf("session", "session %s writes in %s, it ended at %s and is %+v", s.ID, c.id, stamp(s.EndedAt), s.Identity)
		}
		if by.visitor.locale != s.Customer.Locale {
			m.w.failf("locale", "session %s is in %q, its visitor speaks %q", s.ID, s.Customer.Locale, by.visitor.locale)
		}
		if t != nil && t.back == t.desk.back && !t.clock.Before(s.ExpiresAt) {
			m.w.failf("session", "session %s writes at %s or later, it expired at %s", s.ID, t.clock, s.ExpiresAt)
		}
	}
	asks := e.Kind == tickets.CommandWrite || e.Kind == tickets.CommandHandOver && e.Actor.Kind == tickets.ActorBot
	if asks && t != nil && !c.account.wasPresence(e.Inputs.Presence, t.decided, t.stalest()) {
		m.w.failf("presence", "decided with presence %+v", e.Inputs.Presence)
	}
	if t != nil && t.turn != nil && e.Kind == tickets.CommandTake {
		m.takenNext(t, c)
	}
	x, wrong := c.apply(e, now, by)
	if wrong != "" {
		m.w.failf("transition", "entry %d: %s", e.N, wrong)
		return nil
	}
	if by.request != nil {
		m.takes(by.request)
	}
	if e.Actor.Kind == tickets.ActorAgent || e.Actor.Kind == tickets.ActorBot {
		m.tag(e.Actor.Name, place{c, e.N, 0})
	}
	if e.Kind == tickets.CommandEnd {
		m.tag(endTag(e.Actor.Session), place{c, e.N, 0})
	}
	if e.Kind == tickets.CommandRate {
		m.tag(rateTag(e.Actor.Session, by.cmd.Score), place{c, e.N, 0})
	}
	if changed := by.number(c); e.Ticket != changed {
		m.w.failf("history", "entry %d (%s) is of ticket %d, want %d", e.N, e.Kind, e.Ticket, changed)
	}
	take := func(from tickets.Author, rule tickets.RuleKey) (tickets.Message, bool) {
		if len(messages) == 0 {
			m.w.failf("messages", "entry %d (%s) lacks a message: want %v %v", e.N, e.Kind, x.from, x.rules)
			return tickets.Message{}, false
		}
		msg := messages[0]
		messages = messages[1:]
		want := c.message(e, from, by)
		if want.Rule = rule; rule != "" {
			want.Text = msg.Text
		}
		if !msg.At.Equal(want.At) {
			m.w.failf("sequence", "message %d is at %s, in entry %d at %s", msg.Seq, msg.At, e.N, e.At)
			return msg, false
		}
		if want.At = msg.At; !reflect.DeepEqual(msg, want) {
			m.w.failf("messages", "message %+v, want %+v", msg, want)
			return msg, false
		}
		c.messages = append(c.messages, msg)
		return msg, m.owned(c, msg)
	}
	for _, from := range x.from {
		msg, ok := take(from, "")
		if !ok {
			return nil
		}
		if from == tickets.FromCustomer || from == tickets.FromAgent || from == tickets.FromBot || from == tickets.FromNote {
			m.tag(msg.Text, place{c, e.N, msg.Seq})
		}
		if from != tickets.FromNote {
			x.facts = append(x.facts, "said")
		}
	}
	for _, rule := range x.rules {
		msg, ok := take(tickets.FromRule, rule)
		if !ok {
			return nil
		}
		m.text(c, rule, msg.Text, x.step)
		x.facts = append(x.facts, "said")
	}
	m.facts(e, x)
	return messages
}

// facts compares what the history says happened with what had to happen.
func (m *model) facts(e *tickets.Entry, x expected) {
	var got []string
	var mails []string
	for _, f := range e.Facts {
		got = append(got, string(f.Kind))
		if f.Waited.Std() != x.waited && f.Kind == tickets.FactAnswered {
			m.w.failf("waited", "entry %d answers after %s, want %s", e.N, f.Waited, x.waited)
		}
		if f.Kind == tickets.FactNotified {
			mails = append(mails, f.Address)
		}
		if f.Score != x.score || f.Comment != x.comment {
			m.w.failf("rating", "entry %d says %d %q, want %d %q", e.N, f.Score, f.Comment, x.score, x.comment)
		}
	}
	want := slices.Clone(x.facts)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		m.w.failf("facts", "entry %d (%s) says %v, want %v", e.N, e.Kind, got, want)
	}
	if !slices.Equal(mails, x.mails) {
		m.w.failf("notify", "entry %d notifies %v, want %v", e.N, mails, x.mails)
	}
}

// owned reports whether a message names its own account, as every text here does; if
// not, the run fails.
func (m *model) owned(c *conv, msg tickets.Message) bool {
	if !strings.Contains(msg.Text, c.account.name) && msg.From != tickets.FromWelcome {
		m.w.failf("isolation", "message %q in account %s", msg.Text, c.account.name)
		return false
	}
	return true
}

// text checks that an automatic message is one of its action's texts, in the language
// that it has to be in (R6.9), with its variables filled in (R4.6).
func (m *model) text(c *conv, rule tickets.RuleKey, text string, step int) {
	cfg := c.account.current()
	texts := action(cfg, rule).Messages
	if rule == automation.RuleReminders {
		texts = cfg.Automation.Reminders.Steps[step].Messages
	}
	for i, words := range texts {
		want := words.Any
		by := []string{words.ES, words.EN, words.PT}
		for _, l := range append([]string{string(c.ticket.customer.Locale), string(cfg.Chat.Locale)}, languages...) {
			if n := slices.Index(languages, l); want == "" && n >= 0 {
				want = by[n]
			}
		}
		name := cmp.Or(c.ticket.customer.Name, "amigo")
		if strings.NewReplacer("{account}", c.account.name, "{customer|amigo}", name).Replace(want) == text {
			m.chosen[[2]int{len(texts), i}]++
			return
		}
	}
	m.w.failf("text", "%s said %q to %+v under locale %s, of %+v", rule, text, c.ticket.customer, cfg.Chat.Locale, texts)
}

// tag records where a request's text was stored, which must be once.
func (m *model) tag(tag string, p place) {
	if old, twice := m.tags[tag]; twice {
		m.w.failf("twice", "%q is in the log twice: entries %d and %d", tag, old.entry, p.entry)
		return
	}
	m.tags[tag] = p
}

// compare compares the stored state with the model's.
func (m *model) compare(ctx context.Context, c *conv, loaded storage.Loaded, b *storage.Batch) {
	t, s := c.ticket, loaded.Ticket
	if t == nil {
		m.w.failf("state", "conversation %s without a ticket", c.id)
		return
	}
	m.sameTicket(c, s)
	m.sameConversation(c, loaded.Conversation)
	if due, kind := c.deadline(); !due.Truncate(time.Microsecond).Equal(b.Wake) {
		m.w.failf("wake", "conversation %s wakes at %s, want %s for %q", c.id, b.Wake, due, kind)
	}
	m.w.everyTicket(ctx, c)
}

// stamp returns an instant as the trace shows it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339Nano)
}
