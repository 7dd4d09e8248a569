package automation

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Rules is a configuration version compiled for deciding: calendar, keywords,
// texts. It is immutable and safe for concurrent use.
type Rules struct {
	// Config is the configuration, and Version its number.
	Config  chatcfg.Config
	Version chatcfg.Version

	since   chatcfg.Since
	policy  tickets.Policy
	running *tickets.Policy

	asked     map[tickets.CommandKind][]asker
	handed    []asker // asked after every hand-over
	timed     []deadline
	followers []follower
}

// deadline is a rule with a deadline.
type deadline struct {
	key tickets.RuleKey
	timed
}

// Compile compiles the account's current configuration. running is the configuration of
// version a.Rules.Running, of which only the quality and the hours matter; it may be
// nil if that is zero or the current one (R2.6). It fails with [chatcfg.Problems] for a
// configuration that does not validate.
func Compile(a chatcfg.Account, cfg chatcfg.Config, running *chatcfg.Config) (*Rules, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	r := &Rules{Config: cfg, Version: a.Version, since: a.Rules, asked: make(map[tickets.CommandKind][]asker)}
	var err error
	if r.policy, err = policy(cfg); err != nil {
		return nil, err
	}
	switch {
	case a.Rules.Running == 0:
	case running == nil:
		r.running = &r.policy
	default:
		p, err := policy(*running)
		if err != nil {
			return nil, err
		}
		r.running = &p
	}
	for i, one := range rules {
		compiled, err := one.compile(&env{Rules: r, rule: one, before: rules[:i]})
		if err != nil {
			return nil, err
		}
		if a, ok := compiled.(asker); ok {
			for _, kind := range one.on {
				r.asked[kind] = append(r.asked[kind], a)
			}
			if one.handed {
				r.handed = append(r.handed, a)
			}
		}
		if t, ok := compiled.(timed); ok {
			r.timed = append(r.timed, deadline{one.key, t})
		}
		if f, ok := compiled.(follower); ok {
			r.followers = append(r.followers, f)
		}
	}
	return r, nil
}

// policy returns what a configuration says about tickets. It fails if the business
// hours do not compile.
func policy(cfg chatcfg.Config) (tickets.Policy, error) {
	calendar, err := cfg.Hours.Compile()
	if err != nil {
		return tickets.Policy{}, err
	}
	p := tickets.Policy{SLAClock: cfg.Quality.Clock, Calendar: calendar, CreateIgnored: cfg.General.CreateIgnored, TakeOnReply: cfg.General.Assignment.OnReply, Categories: cfg.General.Categories, Bot: cfg.General.Bot.Enabled}
	if cfg.Chat.Rating.Enabled {
		rating := cfg.Chat.Rating
		p.Rating = &rating
	}
	if cfg.Quality.SLA != nil {
		p.SLA = cfg.Quality.SLA.Std()
	}
	if cfg.General.ReopenWindow != nil {
		p.ReopenWindow = cfg.General.ReopenWindow.Std()
	}
	return p, nil
}

// Calendar returns the account's business hours; nil: it has none.
func (r *Rules) Calendar() *chatcfg.Calendar { return r.policy.Calendar }

// Deadline returns a ticket's next deadline and the rule that then acts; false: it has
// none.
func (r *Rules) Deadline(t *tickets.Ticket) (time.Time, tickets.RuleKey, bool) {
	due, next := r.next(t)
	if next == nil {
		return time.Time{}, "", false
	}
	return due, next.key, true
}

// next returns the earliest deadline of a ticket and its rule; of several at one
// instant, the first in the list (R4.3). nil: there is none.
func (r *Rules) next(t *tickets.Ticket) (first time.Time, next *deadline) {
	for i := range r.timed {
		one := &r.timed[i]
		if due, ok := one.due(t); ok && (next == nil || due.Before(first)) {
			first, next = due, one
		}
	}
	return first, next
}

// Wake returns when something next happens to a ticket by itself; zero: never.
func (r *Rules) Wake(t *tickets.Ticket) time.Time {
	due, _ := r.next(t)
	return due
}

// Start says what a deadline counts from.
type Start string

// The starts.
const (
	// StartAgent: from where auto-close counts ([tickets.Ticket].CountsFrom).
	StartAgent Start = "agent"
	// StartWait: from the beginning of the customer's wait.
	StartWait Start = "wait"
)

// Overdue are tickets that a save makes overdue (R4.8): the open ones that count
// from after After, up to and including UpTo. After is zero for all of them; an
// UpTo that is not later than After is none.
type Overdue struct {
	By          Start
	After, UpTo time.Time
}

// Overdue returns, for each rule with a deadline, which tickets a save makes overdue
// that puts r in place of old. running says that it applies to running waits, too
// (R2.6).
func (r *Rules) Overdue(old *Rules, running bool, now time.Time) []Overdue {
	var list []Overdue
	for i := range r.timed {
		one := &r.timed[i]
		o := Overdue{}
		o.By, o.UpTo = one.overdue(now, running)
		for j := range old.timed {
			if old.timed[j].key == one.key {
				_, o.After = old.timed[j].overdue(now, false)
			}
		}
		list = append(list, o)
	}
	return list
}

// Saved returns since with what a save of cfg in place of old means for deadlines that
// were armed before it (R4.8): which rules it switched on or changed, at now.
func Saved(since chatcfg.Since, old, cfg chatcfg.Config, now time.Time) chatcfg.Since {
	for _, one := range rules {
		if one.saved == nil {
			continue
		}
		on, changed := one.saved(&old, &cfg)
		s := since.Rule(string(one.key))
		if on {
			s.On = now
		}
		if changed {
			s.Changed = now
		}
		if on || changed {
			since = since.With(s)
		}
		if one.moved == nil {
			continue
		}
		for _, n := range one.moved(&old, &cfg) {
			since = since.With(chatcfg.RuleSince{Rule: part(one.key, n), Changed: now})
		}
	}
	return since
}

// later returns the later of two instants.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// startOf returns the instant from which a duration has passed by t on a clock; false:
// there is none.
func startOf(t time.Time, d time.Duration, clock chatcfg.Clock, hours *chatcfg.Calendar) (time.Time, bool) {
	if clock != chatcfg.Business {
		return t.Add(-d), true
	}
	return hours.Start(t, d)
}
