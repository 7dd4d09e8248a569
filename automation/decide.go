package automation

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Decide decides a command: what fell due strictly before in.Now happens first,
// in the order of deadlines (R4.3), then the command, then the automatic actions
// that follow from it. [tickets.CommandTick] is no command of its own: it lets happen
// what is due up to and including in.Now. A refused command is an error, and
// then nothing at all is to be stored.
//
// Decide is pure. in.Now must not be before the conversation's LastAt.
func (r *Rules) Decide(s tickets.State, cmd tickets.Command, in tickets.Inputs) (*tickets.Draft, error) {
	in.Config = r.Version
	d := tickets.Begin(s, in.Now)
	if err := r.rearm(d, in); err != nil {
		return nil, err
	}
	for {
		due, rule, ok := r.Deadline(&d.Ticket)
		if !ok || due.After(in.Now) || (due.Equal(in.Now) && cmd.Kind != tickets.CommandTick) {
			break
		}
		if err := r.lapse(d, in, due, rule); err != nil {
			return nil, err
		}
	}
	if cmd.Kind == tickets.CommandTick {
		return d, nil
	}
	if err := d.Do(cmd, in, time.Time{}, r.policy); err != nil {
		return nil, err
	}
	switch cmd.Kind {
	case tickets.CommandWrite:
		r.written(d, cmd, in)
	case tickets.CommandClose:
		r.say(d, RuleManualClose, in, WhyAgentClosed)
	case tickets.CommandIgnore, tickets.CommandReply, tickets.CommandOpen, tickets.CommandPause, tickets.CommandResume:
	default:
		return d, nil
	}
	if due, rule, ok := r.Deadline(&d.Ticket); ok {
		d.Find(tickets.Finding{Rule: rule, Why: WhyArmed, Until: due})
	}
	return d, nil
}

// Wake is when the conversation of a draft has to be looked at again by itself;
// zero: never.
func (r *Rules) Wake(t *tickets.Ticket) time.Time {
	due, _, ok := r.Deadline(t)
	if !ok {
		return time.Time{}
	}
	return due
}

// rearm brings a conversation that was armed under an older configuration to
// this one: a running wait moves if a save since then asked for it (R2.6), as of
// that save; what was a delay before it stays one. Auto-close needs nothing: its
// deadline is not stored but computed.
func (r *Rules) rearm(d *tickets.Draft, in tickets.Inputs) error {
	armed := d.Conversation.Armed
	d.Conversation.Armed = r.Version
	if r.running == nil || armed >= r.since.Running || d.Ticket.Wait == nil {
		return nil
	}
	in.Now = r.since.RunningAt
	if due, rule, ok := r.Deadline(&d.Ticket); ok && due.Before(in.Now) {
		if err := r.lapse(d, in, due, rule); err != nil {
			return err
		}
	}
	cmd := tickets.Command{Kind: tickets.CommandRearm, Actor: tickets.Actor{Kind: tickets.ActorRule, Rule: RuleSLA}}
	return d.Do(cmd, in, in.Now, *r.running)
}

// lapse lets happen what fell due, as of the instant at which it did, so that
// the outcome does not depend on how late it is done.
func (r *Rules) lapse(d *tickets.Draft, in tickets.Inputs, due time.Time, rule tickets.RuleKey) error {
	in.Now = due
	cmd := tickets.Command{Kind: tickets.CommandDelay, Actor: tickets.Actor{Kind: tickets.ActorRule, Rule: rule}}
	if rule == RuleAutoClose {
		cmd.Kind = tickets.CommandExpire
	}
	if err := d.Do(cmd, in, due, r.policy); err != nil {
		return err
	}
	d.Find(tickets.Finding{Rule: rule, Fired: true, Why: WhyDeadline, Until: due})
	if rule == RuleAutoClose {
		r.say(d, RuleAutomaticClose, in, WhyDeadline)
	}
	return nil
}

// written is what follows from a customer's message (R4.1, R5.1, R5.2).
func (r *Rules) written(d *tickets.Draft, cmd tickets.Command, in tickets.Inputs) {
	created := d.Has(tickets.FactCreated)
	marked := r.mark(d, cmd.Text)
	r.notify(d, created, marked)
	if d.Conversation.CustomerMessages == 1 {
		r.reply(d, RuleNewCustomer, in, WhyFirstMessage)
	} else {
		r.hold(d, RuleNewCustomer, WhyNotFirstMessage, time.Time{})
	}
	if created {
		r.reply(d, RuleTicketCreated, in, WhyCreated)
	} else {
		r.hold(d, RuleTicketCreated, WhyNotCreated, time.Time{})
	}
	closed := r.outOfHours(d, in)
	r.noAgents(d, in, closed)
}

// mark marks the ticket by keyword and says whether it did (R5.1, R3.5).
func (r *Rules) mark(d *tickets.Draft, text string) bool {
	if r.keywords == nil {
		return false
	}
	f := tickets.Finding{Rule: RuleImportant}
	switch m, ok := r.keywords.Find(text); {
	case d.Ticket.Important:
		f.Why = WhyAlreadyImportant
	case d.Ticket.KeywordsOff:
		f.Why = WhyUnmarkedByAgent
	case !ok:
		f.Why = WhyNoKeyword
	default:
		f.Fired, f.Why, f.Word, f.From, f.To = true, WhyKeyword, m.Word, m.From, m.To
		d.MarkImportant(RuleImportant)
	}
	d.Find(f)
	return f.Fired
}

// notify tells the configured addresses of a new ticket, each at most once a
// ticket (R5.2).
func (r *Rules) notify(d *tickets.Draft, created, marked bool) {
	f := tickets.Finding{Rule: RuleNotify}
	var otherwise tickets.Why
	switch r.Config.General.Notify.Tickets {
	case chatcfg.NotifyAll:
		f.Fired, f.Why, otherwise = created, WhyCreated, WhyNotCreated
	case chatcfg.NotifyImportant:
		f.Fired, f.Why, otherwise = marked, WhyMarkedImportant, WhyNotMarkedImportant
	default:
		return
	}
	if !f.Fired {
		f.Why = otherwise
	} else if !r.tell(d) {
		f.Fired, f.Why = false, WhyAlreadyNotified
	}
	d.Find(f)
}

func (r *Rules) tell(d *tickets.Draft) bool {
	told := false
	for _, address := range r.Config.General.Notify.To {
		told = d.NotifyAddress(RuleNotify, address) || told
	}
	return told
}

// outOfHours answers outside the business hours, once per ticket and closed
// interval, and says whether it is out of hours with the action on. Two
// instants are in one closed interval if no opening lies between them.
func (r *Rules) outOfHours(d *tickets.Draft, in tickets.Inputs) bool {
	hours := r.policy.Calendar
	if !r.Config.Automation.OutOfHours.Enabled || hours == nil {
		return false
	}
	if hours.IsOpen(in.Now) {
		r.hold(d, RuleOutOfHours, WhyOpenHours, time.Time{})
		return false
	}
	if spoke := d.Ticket.SpokeOutOfHours; !spoke.IsZero() {
		if opens, ok := hours.NextOpen(spoke); !ok || opens.After(in.Now) {
			r.hold(d, RuleOutOfHours, WhySpokeInInterval, opens)
			return true
		}
	}
	if r.reply(d, RuleOutOfHours, in, WhyClosedHours) {
		d.Ticket.SpokeOutOfHours = in.Now
	}
	return true
}

// noAgents answers while no agent is available, once per ticket and absence.
func (r *Rules) noAgents(d *tickets.Draft, in tickets.Inputs, closed bool) {
	switch {
	case in.Presence.Available:
		r.hold(d, RuleNoAgents, WhyAgentAvailable, time.Time{})
	case closed && r.Config.Automation.Combine == chatcfg.CombineFirst:
		r.hold(d, RuleNoAgents, WhyHeldBack, time.Time{})
	case d.Ticket.SpokeInAbsence == in.Presence.Absence:
		r.hold(d, RuleNoAgents, WhySpokeInAbsence, time.Time{})
	default:
		if r.reply(d, RuleNoAgents, in, WhyNoAgent) {
			d.Ticket.SpokeInAbsence = in.Presence.Absence
		}
	}
}

// hold notes why an action did not fire; an action that is off says nothing.
func (r *Rules) hold(d *tickets.Draft, rule tickets.RuleKey, why tickets.Why, until time.Time) {
	if len(r.texts[rule]) > 0 {
		d.Find(tickets.Finding{Rule: rule, Why: why, Until: until})
	}
}

// reply sends an action's text unless the ticket is paused (R3.7).
func (r *Rules) reply(d *tickets.Draft, rule tickets.RuleKey, in tickets.Inputs, why tickets.Why) bool {
	if d.Ticket.Paused {
		r.hold(d, rule, WhyPaused, time.Time{})
		return false
	}
	return r.say(d, rule, in, why)
}

// say sends one of an action's texts, chosen by the command's chance; false: the
// action is off.
func (r *Rules) say(d *tickets.Draft, rule tickets.RuleKey, in tickets.Inputs, why tickets.Why) bool {
	texts := r.texts[rule]
	if len(texts) == 0 {
		return false
	}
	i := pick(in.Chance, rule, len(texts))
	text, language := texts[i].In(d.Ticket.Customer.Locale, r.Config.Chat.Locale)
	d.Say(rule, text.Render(r.values(&d.Ticket, text, language, in.Now)))
	d.Find(tickets.Finding{Rule: rule, Fired: true, Why: why, Text: i + 1})
	return true
}

// values are the variables of R4.6 as they stand, in the language of the text.
func (r *Rules) values(t *tickets.Ticket, text chatcfg.Text, language chatcfg.Locale, now time.Time) chatcfg.Values {
	v := chatcfg.Values{Customer: t.Customer.Name, Agent: t.AgentName, Account: r.Config.Chat.Name}
	if r.Config.Chat.WriteAsCompany {
		v.Agent = v.Account
	}
	if hours := r.policy.Calendar; hours != nil && text.Uses("nextOpen") {
		if opens, ok := hours.NextOpen(now); ok {
			v.NextOpen = chatcfg.FormatInstant(opens, hours.Location(), language)
		}
	}
	return v
}

// pick chooses one of n uniformly: a number of its own for each rule, made from
// the command's chance by splitmix64's finalizer.
func pick(chance uint64, rule tickets.RuleKey, n int) int {
	for i := range len(rule) {
		chance = (chance ^ uint64(rule[i])) * 0x100000001b3
	}
	chance = (chance ^ chance>>30) * 0xbf58476d1ce4e5b9
	chance = (chance ^ chance>>27) * 0x94d049bb133111eb
	return int((chance ^ chance>>31) % uint64(n))
}
