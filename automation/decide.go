package automation

import (
	"time"

	"github.com/charlahq/charla/tickets"
)

// Decide decides a command: deadlines strictly before in.Now are carried out first, in
// their order (R4.3), then the command, then the automatic actions that follow from it.
// [tickets.CommandTick] is no command of its own: it carries out the deadlines up to
// and including in.Now. It fails as [tickets.Draft.Do] does if the command is refused,
// such as by [tickets.ErrTransition], and then nothing at all is to be stored.
//
// What a wrong clock dated further ahead than [tickets.MaxSkew] counts from in.Now on.
//
// Decide is pure. in.Now must not be before the conversation's LastAt.
func (r *Rules) Decide(s tickets.State, cmd tickets.Command, in tickets.Inputs) (*tickets.Draft, error) {
	in.Config = r.Version
	d := r.begin(&s, in.Now)
	if err := r.rearm(d, in, cmd.Kind); err != nil {
		return nil, err
	}
	for r.dueWith(&d.Ticket, in.Now, cmd.Kind) {
		if err := r.fire(d, in, cmd.Kind); err != nil {
			return nil, err
		}
	}
	if cmd.Kind == tickets.CommandTick {
		return d, nil
	}
	before := len(d.Entries)
	if err := d.Do(cmd, in, time.Time{}, &r.policy); err != nil {
		return nil, err
	}
	if len(d.Entries) == before { // nothing changes
		return d, nil
	}
	r.ask(d, cmd.Kind)
	if !cmd.Kind.Follows() {
		return d, nil
	}
	for i := range r.timed {
		if due, ok := r.timed[i].due(&d.Ticket); ok {
			d.AddFinding(tickets.Finding{Rule: r.timed[i].key, Why: WhyArmed, Until: due})
		}
	}
	return d, nil
}

// dueWith reports whether a deadline of the ticket is carried out before a command of now:
// one strictly before it, for [tickets.CommandTick] also one at it (R4.3).
func (r *Rules) dueWith(t *tickets.Ticket, now time.Time, by tickets.CommandKind) bool {
	due, next := r.next(t)
	return next != nil && (due.Before(now) || due.Equal(now) && by == tickets.CommandTick)
}

// rearm brings a conversation that was armed under an older configuration to this one:
// running deadlines move if a save since then asked for it (R2.6), as of that save; a
// deadline before that save is carried out first. Other deadlines need nothing: they
// are not stored but computed. It fails if a rule's command does
// ([tickets.Draft.Do]).
func (r *Rules) rearm(d *tickets.Draft, in tickets.Inputs, by tickets.CommandKind) error {
	armed := d.Conversation.Armed
	d.Conversation.Armed = r.Version
	if r.running == nil || armed >= r.since.Running {
		return nil
	}
	if !tickets.Ahead(r.since.RunningAt, in.Now) { // a wrong clock dated that save
		in.Now = r.since.RunningAt
	}
	for _, f := range r.followers {
		if !f.follows(&d.Ticket) {
			continue
		}
		if due, next := r.next(&d.Ticket); next != nil && due.Before(in.Now) {
			if err := r.fire(d, in, by); err != nil {
				return err
			}
		}
		if err := f.follow(d, in); err != nil {
			return err
		}
	}
	return nil
}

// begin returns a draft of a state, in which what a wrong clock dated later than now is
// dated now.
func (r *Rules) begin(s *tickets.State, now time.Time) *tickets.Draft {
	if !s.Ahead(now) {
		return tickets.Begin(*s, now)
	}
	d := tickets.BeginRedated(*s, now, r.policy.Calendar)
	for _, m := range d.Ticket.Memory {
		if !m.At.After(d.At) {
			continue
		}
		m.At = d.At
		for _, one := range rules {
			if one.key == m.Rule && one.redated != nil {
				m.At = one.redated(r, d.At)
			}
		}
		d.Remember(m)
	}
	return d
}

// fire carries out the ticket's next deadline as of the instant at which it was due, so
// that the outcome does not depend on how late that is (reminders depend on it), and asks
// the rules that follow. There must be a deadline. It fails if the rule's command does
// ([tickets.Draft.Do]).
func (r *Rules) fire(d *tickets.Draft, in tickets.Inputs, by tickets.CommandKind) error {
	due, next := r.next(&d.Ticket)
	if err := next.fire(d, in, due, by); err != nil {
		return err
	}
	r.ask(d, d.Entries[len(d.Entries)-1].Kind)
	return nil
}

// ask asks the rules that follow a command (R4.1), in their order. Each leaves its
// answer, and what it does, in the draft.
func (r *Rules) ask(d *tickets.Draft, kind tickets.CommandKind) {
	for _, a := range r.asked[kind] {
		a.ask(d)
	}
	if kind != tickets.CommandHandOver && d.HasFact(tickets.FactHandedOver) {
		for _, a := range r.handed {
			a.ask(d)
		}
	}
}
