package automation

import (
	"reflect"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleReminders reminds customers who do not answer, before the ticket closes (R13.1). It
// remembers how many steps have had their turn since the agent's last word.
const RuleReminders tickets.RuleKey = "reminders"

// The reasons of [RuleReminders], beside [WhyArmed] and [WhyDeadline].
const (
	// WhySaveMoved: a save moved the step into the past.
	WhySaveMoved tickets.Why = "save_moved"
	// WhySomebodyWrote: somebody writes at the same time.
	WhySomebodyWrote tickets.Why = "somebody_wrote"
	// WhySetAside: the ticket is closed, ignored or paused at the same time.
	WhySetAside tickets.Why = "set_aside"
	// WhyLaterDue: something later is due already, another step or the close.
	WhyLaterDue tickets.Why = "later_due"
)

var reminders = rule{
	key:  RuleReminders,
	name: words("Recordatorios", "Reminders", "Lembretes"),
	on:   []tickets.CommandKind{tickets.CommandReply, tickets.CommandStart},
	off:  words("No cuentan: no están activados, no queda ninguno, o el ticket está en pausa", "They do not count: they are off, none is left, or the ticket is paused", "Não contam: não estão ativados, não resta nenhum, ou o ticket está em pausa"),
	reasons: map[tickets.Why]chatcfg.Words{
		WhyArmed:         words("Si el cliente no responde, se le recuerda {until}", "If the customer does not answer, they are reminded {until}", "Se o cliente não responder, é lembrado {until}"),
		WhyDeadline:      words("Recordó: el cliente no había respondido", "It reminded: the customer had not answered", "Lembrou: o cliente não tinha respondido"),
		WhySaveMoved:     words("No recordó: la configuración cambió y su momento ya había pasado", "It did not remind: the settings changed, and its time was over", "Não lembrou: a configuração mudou e seu momento já havia passado"),
		WhySomebodyWrote: words("No recordó: alguien escribió en ese momento; tocaba {until}", "It did not remind: somebody wrote at that moment; it was due {until}", "Não lembrou: alguém escreveu nesse momento; era a vez {until}"),
		WhySetAside:      words("No recordó: el ticket se cerró, se ignoró o se pausó en ese momento; tocaba {until}", "It did not remind: the ticket was closed, ignored or paused at that moment; it was due {until}", "Não lembrou: o ticket foi fechado, ignorado ou pausado nesse momento; era a vez {until}"),
		WhyLaterDue:      words("No recordó: ya tocaba algo posterior; su momento era {until}", "It did not remind: something later was due already; its time was {until}", "Não lembrou: já era a vez de algo posterior; seu momento era {until}"),
	},
	compile: func(e *env) (any, error) {
		of := &e.Config.Automation.Reminders
		if !of.Enabled {
			return beginning{}, nil
		}
		r := reminding{
			env: e, clock: e.Config.Automation.AutoClose.Clock,
			closesSince: e.since.Rule(string(RuleAutoClose)).On,
		}
		changed := e.since.Rule(string(RuleReminders)).Changed
		for i, one := range of.Steps {
			s, err := e.speaker(&chatcfg.TextAction{Enabled: true, Messages: one.Messages})
			if err != nil {
				return nil, err
			}
			moved := later(changed, e.since.Rule(part(RuleReminders, i)).Changed)
			r.steps = append(r.steps, step{s, one.After.Std(), moved})
		}
		return r, nil
	},
	saved: func(old, cfg *chatcfg.Config) (on, changed bool) {
		was, is := old.Automation.Reminders, cfg.Automation.Reminders
		clock := cfg.Automation.AutoClose.Clock
		hours := clock == chatcfg.Business && !reflect.DeepEqual(old.Hours, cfg.Hours)
		return false, is.Enabled && (!was.Enabled || hours || clock != old.Automation.AutoClose.Clock)
	},
	moved: func(old, cfg *chatcfg.Config) (steps []int) {
		was := old.Automation.Reminders.Steps
		for i, one := range cfg.Automation.Reminders.Steps {
			if i >= len(was) || !reflect.DeepEqual(one.After, was[i].After) {
				steps = append(steps, i)
			}
		}
		return steps
	},
}

// beginning lets an agent's word begin a silence, in which each step may speak; also while
// the rule is off.
type beginning struct{}

// ask forgets which steps have had their turn. It adds no finding.
func (beginning) ask(d *tickets.Draft) {
	if d.Ticket.Recall(RuleReminders).Number != 0 {
		d.Remember(tickets.Memory{Rule: RuleReminders})
	}
}

type reminding struct {
	*env
	beginning
	steps []step
	clock chatcfg.Clock
	// closesSince is the save that switched auto-close on last.
	closesSince time.Time
}

// step is one reminder, after a time of silence.
type step struct {
	*speaker
	after time.Duration
	// moved is the last save that moved it.
	moved time.Time
}

// due returns when the next step of the silence has its turn, not before the save that
// moved it; false: there is none (R13.1).
func (r reminding) due(t *tickets.Ticket) (time.Time, bool) {
	place := t.Recall(RuleReminders).Number
	due, ok := r.at(t, place)
	if ok {
		due = later(due, r.steps[place].moved)
	}
	return due, ok
}

// at returns when the step at a place is due by the settings; false: never, also while the
// ticket is with the bot (R12.4).
func (r reminding) at(t *tickets.Ticket, place int64) (time.Time, bool) {
	from := t.CountsFrom
	if t.Status != tickets.StatusOpen || t.Wait != nil || t.WithBot || from.IsZero() || place >= int64(len(r.steps)) {
		return time.Time{}, false
	}
	if from.Before(r.closesSince) {
		from = r.closesSince
	}
	return tickets.After(from, r.steps[place].after, r.clock, r.policy.Calendar)
}

// fire gives the next step its turn: it speaks, now, unless a save moved it into the past
// or the decision brings something that comes after it (R13.2). It fails if the command
// does ([tickets.Draft.Do]).
func (r reminding) fire(d *tickets.Draft, in tickets.Inputs, due time.Time, by tickets.CommandKind) error {
	place := d.Ticket.Recall(RuleReminders).Number
	meant, _ := r.at(&d.Ticket, place)
	cmd := tickets.Command{Kind: tickets.CommandRemind, Actor: tickets.Actor{Kind: tickets.ActorRule, Rule: RuleReminders}}
	if err := d.Do(cmd, in, due, &r.policy); err != nil {
		return err
	}
	d.Remember(tickets.Memory{Rule: RuleReminders, Number: place + 1})
	f := tickets.Finding{Rule: RuleReminders, Until: meant}
	switch row := by.Row(); {
	case meant.Before(r.steps[place].moved):
		f.Why = WhySaveMoved
	case row != nil && row.Writes:
		f.Why = WhySomebodyWrote
	case by == tickets.CommandPause || leaves(row):
		f.Why = WhySetAside
	case r.dueWith(&d.Ticket, in.Now, by):
		f.Why = WhyLaterDue
	default:
		r.steps[place].say(d, WhyDeadline)
		return nil
	}
	d.AddFinding(f)
	return nil
}

// overdue returns none: a step that a save moves into the past is skipped.
func (r reminding) overdue(time.Time, bool) (by Start, upTo time.Time) {
	return StartAgent, time.Time{}
}

// leaves reports whether an open ticket is open no more after a command.
func leaves(row *tickets.CommandRow) bool {
	if row == nil {
		return false
	}
	to, ok := row.To[tickets.StatusOpen]
	return ok && to != tickets.StatusOpen
}
