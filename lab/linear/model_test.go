package linear_test

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// kind is what a call wants.
type kind string

const (
	write   kind = "write"
	reply   kind = "reply"
	shut    kind = "close"
	ignore  kind = "ignore"
	open    kind = "open"
	pause   kind = "pause"
	resume  kind = "resume"
	mark    kind = "mark"
	unmark  kind = "unmark"
	runDue  kind = "run due"
	look    kind = "ticket"
	listen  kind = "messages"
	keyword      = "urgente"
)

// input is a call.
type input struct {
	Kind kind
	// Customer is whose conversation, Who the session or agent, Key theirs.
	Customer int
	Who, Key string
	Text     string
	// Number is the ticket asked for; zero: the latest.
	Number int
	// Skew is how far the desk's clock is off, From and To what it told as the
	// call began and ended.
	Skew, From, To time.Duration
	// Alone says that nothing else was under way and every lease had run out.
	Alone bool
}

// outcome is how a call ended.
type outcome string

const (
	done      outcome = "ok"
	refused   outcome = "refused" // by the table of R3.3, or R3.7
	notLatest outcome = "not latest"
	noTicket  outcome = "no ticket"
	reused    outcome = "key reused"
	nothing   outcome = "busy" // nothing happened
	unknown   outcome = "unknown"
)

// output is what a call answered.
type output struct {
	Outcome outcome
	Number  int
	Entry   int
	Seq     int
	At      time.Duration
	// Ticket and Messages are what a read saw.
	Ticket   view
	Messages string
}

// view is what is read of a ticket.
type view struct {
	Status            string
	Important, Paused bool
}

// rules are the configuration of one history.
type rules struct {
	AutoClose, Reopen                             time.Duration
	CreateIgnored, Keywords                       bool
	TicketCreated, NewCustomer, Manual, Automatic bool
}

// ticket is one episode.
type ticket struct {
	view
	KeywordsOff bool
	ClosedAt    time.Duration
}

// receipt is what a keyed call answered (R3.9).
type receipt struct {
	Who, Key, Asked string
	Answer          output
}

// state is a customer's conversation. Values are replaced, never written to.
type state struct {
	Tickets  []ticket
	Messages string
	Seq      int
	Entry    int
	LastAt   time.Duration
	// AgentLast says who had the last word; CountsFrom is where auto-close
	// counts from while it does.
	AgentLast  bool
	CountsFrom time.Duration
	Receipts   []receipt
}

func (s *state) latest() *ticket { return &s.Tickets[len(s.Tickets)-1] }

func (s *state) say(who, text string) {
	s.Seq++
	s.Messages += fmt.Sprintf("%d %s: %s\n", s.Seq, who, text)
}

// clone is a state that may be written to.
func (s state) clone() state {
	s.Tickets = slices.Clone(s.Tickets)
	s.Receipts = slices.Clip(s.Receipts)
	return s
}

// due is when the latest ticket is closed for want of an answer (R4.2).
func (s *state) due(r rules) (time.Duration, bool) {
	if len(s.Tickets) == 0 {
		return 0, false
	}
	t := s.latest()
	return s.CountsFrom + r.AutoClose, t.Status == "open" && !t.Paused && s.AgentLast
}

// expire closes at the deadline (R4.2): the text goes out in the same commit.
func (s *state) expire(r rules, due, at time.Duration) {
	t := s.latest()
	t.Status, t.ClosedAt = "closed automatic", due
	s.Entry++
	s.LastAt = at
	if r.Automatic {
		s.say("automaticClose", "por sí solo")
	}
}

// opened is the start of a new count (R4.2).
func (s *state) opened(at time.Duration) {
	s.latest().Status = "open"
	s.CountsFrom = at
}

// created starts a ticket (R3.1, R5.3).
func (s *state) created(r rules) {
	t := ticket{view: view{Status: "open"}}
	if r.CreateIgnored {
		t.Status = "ignored"
	}
	s.Tickets = append(s.Tickets, t)
}

// apply is the table of R3.3, R3.4 and R3.7: the state after a command that
// takes effect at an instant, with its answer, or why it is refused.
func (s state) apply(r rules, in input, at time.Duration) (state, output) {
	next := s.clone()
	if due, ok := next.due(r); ok && due < at { // R4.3: strictly before
		next.expire(r, due, at)
	}
	out := output{Outcome: done, Number: in.Number, At: at}
	if why := next.change(r, in, at, &out); why != done {
		return s, output{Outcome: why}
	}
	next.Entry++
	next.LastAt = at
	if out.Number == 0 {
		out.Number = len(next.Tickets)
	}
	out.Entry = next.Entry
	if in.Key != "" {
		next.Receipts = append(next.Receipts, receipt{in.Who, in.Key, in.asked(), out})
	}
	return next, out
}

// asked returns what was asked for with a key.
func (in input) asked() string { return fmt.Sprint(in.Kind, in.Number, in.Text) }

func (s *state) change(r rules, in input, at time.Duration, out *output) outcome {
	if in.Kind == write {
		s.written(r, in, at, out)
		return done
	}
	switch {
	case len(s.Tickets) == 0 || in.Number > len(s.Tickets):
		return noTicket
	case in.Number != 0 && in.Number < len(s.Tickets) && in.Kind != mark && in.Kind != unmark:
		return notLatest
	}
	t := s.latest()
	if in.Number != 0 {
		t = &s.Tickets[in.Number-1]
	}
	isOpen, isIgnored := t.Status == "open", t.Status == "ignored"
	switch in.Kind {
	case reply:
		if !isOpen && !isIgnored {
			return refused
		}
		t.Status = "open"
		s.say("agent", in.Text)
		out.Seq = s.Seq
		s.AgentLast, s.CountsFrom = true, at
	case shut:
		if !isOpen && !isIgnored {
			return refused
		}
		t.Status, t.Paused, t.ClosedAt = "closed manual", false, at
		if r.Manual {
			s.say("manualClose", "hasta luego")
		}
	case ignore:
		if !isOpen {
			return refused
		}
		t.Status, t.Paused = "ignored", false
	case open:
		if isOpen {
			return refused
		}
		s.opened(at)
	case pause:
		if !isOpen || t.Paused {
			return refused
		}
		t.Paused = true
	case resume:
		if !isOpen || !t.Paused {
			return refused
		}
		t.Paused = false
		s.CountsFrom = at
	case mark:
		t.Important = true
	case unmark:
		t.Important, t.KeywordsOff = false, true
	}
	return done
}

// written is a customer's message and what follows from it.
func (s *state) written(r rules, in input, at time.Duration, out *output) {
	first, created := len(s.Tickets) == 0, false
	switch {
	case first:
		s.created(r)
		created = true
	case strings.HasPrefix(s.latest().Status, "closed"):
		if r.Reopen > 0 && at < s.latest().ClosedAt+r.Reopen { // R3.4
			s.opened(at)
		} else {
			s.created(r)
			created = true
		}
	}
	s.AgentLast = false
	s.say("customer", in.Text)
	out.Seq = s.Seq
	if t := s.latest(); r.Keywords && strings.Contains(in.Text, keyword) && !t.KeywordsOff { // R3.5, R5.1
		t.Important = true
	}
	if first && r.NewCustomer {
		s.say("newCustomer", "bienvenido")
	}
	if created && r.TicketCreated {
		s.say("ticketCreated", "recibido")
	}
}

// step is every state that a call and its answer may lead to; none: the answer
// is impossible here.
func (m *model) step(s state, in input, out output) []state {
	switch in.Kind {
	case look:
		return only(s, s.looks(in, out))
	case listen:
		return only(s, out.Messages == s.Messages)
	case runDue:
		return m.ran(s, in)
	}
	if in.Key != "" {
		for _, r := range s.Receipts {
			if r.Who == in.Who && r.Key == in.Key {
				return only(s, answers(r, in, out))
			}
		}
	}
	switch out.Outcome {
	case nothing:
		return []state{s}
	case done:
		next, want := s.apply(m.rules, in, out.At)
		return only(next, m.could(s, in, out.At) && want == out)
	case unknown:
		all := []state{s}
		for _, at := range m.instants(s, in) {
			if next, got := s.apply(m.rules, in, at); got.Outcome == done {
				all = append(all, next)
			}
		}
		return all
	default: // a refusal: some instant must be one at which it is right
		for _, at := range m.instants(s, in) {
			if _, got := s.apply(m.rules, in, at); got.Outcome == out.Outcome {
				return []state{s}
			}
		}
		return nil
	}
}

// answers says whether a repeated call answered as before (R3.9, R8.1).
func answers(r receipt, in input, out output) bool {
	switch {
	case out.Outcome == nothing, out.Outcome == unknown:
		return true
	case r.Asked != in.asked():
		return out.Outcome == reused
	default:
		return r.Answer == out
	}
}

func (s *state) looks(in input, out output) bool {
	n := in.Number
	if n == 0 {
		n = len(s.Tickets)
	}
	if n == 0 || n > len(s.Tickets) {
		return out.Outcome == noTicket
	}
	return out.Outcome == done && out.Number == n && out.Ticket == s.Tickets[n-1].view
}

// ran is the part of a RunDue that may meet this conversation, at most once: the
// history has one for each time that it could.
func (m *model) ran(s state, in input) []state {
	due, ok := s.due(m.rules)
	if !ok || due > max(in.To, s.LastAt) {
		return []state{s}
	}
	next := s.clone()
	next.expire(m.rules, due, max(in.To, s.LastAt))
	if in.Alone {
		return []state{next} // R4.5: no deadline is lost
	}
	all := []state{s}
	for _, at := range m.instants(s, in) {
		if at >= due {
			next := s.clone()
			next.expire(m.rules, due, at)
			all = append(all, next)
		}
	}
	return all
}

// instants are those at which a call can have taken effect: what its desk's clock
// told meanwhile, but never before the conversation's last time.
func (m *model) instants(s state, in input) []time.Duration {
	var all []time.Duration
	for _, at := range m.told {
		if at += in.Skew; in.From <= at && at <= in.To && at > s.LastAt {
			all = append(all, at)
		}
	}
	if s.LastAt >= in.From {
		all = append(all, s.LastAt)
	}
	return all
}

func (m *model) could(s state, in input, at time.Duration) bool {
	return slices.Contains(m.instants(s, in), at)
}

func only(s state, ok bool) []state {
	if ok {
		return []state{s}
	}
	return nil
}

// model is the conversation under the rules of one history, and the instants
// of the world's clock in it.
type model struct {
	rules rules
	told  []time.Duration
}

// porcupine is the model as the checker wants it.
func (m *model) porcupine() porcupine.Model {
	n := porcupine.NondeterministicModel{
		Init: func() []any { return []any{state{}} },
		Step: func(s, in, out any) []any {
			var all []any
			for _, next := range m.step(s.(state), in.(input), out.(output)) {
				all = append(all, next)
			}
			return all
		},
		Equal: func(a, b any) bool { return reflect.DeepEqual(a, b) },
		Hash: func(s any) uint64 {
			h := fnv.New64a()
			one := s.(state)
			fmt.Fprint(h, one.Messages, one.Entry, one.LastAt)
			return h.Sum64()
		},
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
		DescribeState:     func(s any) string { return fmt.Sprintf("%+v", s) },
	}
	return n.ToModel()
}
