package automation

import (
	"fmt"
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

	since    chatcfg.Since
	policy   tickets.Policy
	running  *tickets.Policy
	keywords *Keywords
	texts    map[tickets.RuleKey][]chatcfg.Template
}

// Compile compiles the account's current configuration. running is the
// configuration of version a.Rules.Running, of which only the quality and the
// hours matter; it may be nil if that is zero or the current one (R2.6).
// A configuration that does not validate gives its [chatcfg.Problems].
func Compile(a chatcfg.Account, cfg chatcfg.Config, running *chatcfg.Config) (*Rules, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	r := &Rules{Config: cfg, Version: a.Version, since: a.Rules}
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
	if cfg.General.Important.Enabled {
		if r.keywords, err = CompileKeywords(cfg.General.Important.Keywords); err != nil {
			return nil, fmt.Errorf("automation: keywords: %w", err)
		}
	}
	r.texts = make(map[tickets.RuleKey][]chatcfg.Template, len(textRules))
	for _, rule := range textRules {
		action := rule.of(&cfg.Automation)
		if !action.Enabled {
			continue
		}
		for _, m := range action.Messages {
			text, err := chatcfg.ParseTemplate(m)
			if err != nil {
				return nil, fmt.Errorf("automation: %s: %w", rule.name, err)
			}
			r.texts[rule.name] = append(r.texts[rule.name], text)
		}
	}
	return r, nil
}

func policy(cfg chatcfg.Config) (tickets.Policy, error) {
	calendar, err := cfg.Hours.Compile()
	if err != nil {
		return tickets.Policy{}, err
	}
	p := tickets.Policy{SLAClock: cfg.Quality.Clock, Calendar: calendar, CreateIgnored: cfg.General.CreateIgnored}
	if cfg.Quality.SLA != nil {
		p.SLA = cfg.Quality.SLA.Std()
	}
	if cfg.General.ReopenWindow != nil {
		p.ReopenWindow = cfg.General.ReopenWindow.Std()
	}
	return p, nil
}

// textRules are the actions that send a text, in the order of R4.1 for those
// that answer one message.
var textRules = []struct {
	name tickets.RuleKey
	of   func(*chatcfg.Automation) *chatcfg.TextAction
}{
	{RuleNewCustomer, func(a *chatcfg.Automation) *chatcfg.TextAction { return &a.NewCustomer }},
	{RuleTicketCreated, func(a *chatcfg.Automation) *chatcfg.TextAction { return &a.TicketCreated }},
	{RuleOutOfHours, func(a *chatcfg.Automation) *chatcfg.TextAction { return &a.OutOfHours }},
	{RuleNoAgents, func(a *chatcfg.Automation) *chatcfg.TextAction { return &a.NoAgents }},
	{RuleManualClose, func(a *chatcfg.Automation) *chatcfg.TextAction { return &a.ManualClose }},
	{RuleAutomaticClose, func(a *chatcfg.Automation) *chatcfg.TextAction { return &a.AutomaticClose }},
}

// Calendar is the account's business hours; nil: it has none.
func (r *Rules) Calendar() *chatcfg.Calendar { return r.policy.Calendar }

// Deadline is what a ticket is waiting for: the rule that acts and the instant
// at which it does; false: nothing. A ticket has at most one, because its last
// word is either the customer's (the SLA runs) or an agent's (auto-close does).
func (r *Rules) Deadline(t *tickets.Ticket) (time.Time, tickets.RuleKey, bool) {
	switch {
	case t.Status != tickets.StatusOpen:
	case t.Wait != nil:
		return t.Wait.Due, RuleSLA, !t.Wait.Due.IsZero() && !t.Delayed()
	case r.Config.Automation.AutoClose.Enabled && !t.CountsFrom.IsZero():
		due, ok := r.closesAt(t.CountsFrom)
		return due, RuleAutoClose, ok
	}
	return time.Time{}, "", false
}

// closesAt is when auto-close closes a ticket that counts from an instant: not
// before it was switched on, nor before the save that moved it (R4.8).
func (r *Rules) closesAt(from time.Time) (time.Time, bool) {
	if from.Before(r.since.AutoCloseOn) {
		from = r.since.AutoCloseOn
	}
	a := r.Config.Automation.AutoClose
	due, ok := tickets.After(from, a.After.Std(), a.Clock, r.policy.Calendar)
	if due.Before(r.since.AutoCloseChanged) {
		due = r.since.AutoCloseChanged
	}
	return due, ok
}

// CloseOverdue is the latest instant such that auto-close has fallen due by now
// for tickets that count from it or earlier; zero: for none.
func (r *Rules) CloseOverdue(now time.Time) time.Time {
	a := r.Config.Automation.AutoClose
	if !a.Enabled {
		return time.Time{}
	}
	from, ok := r.before(now, a.After.Std(), a.Clock)
	if !ok || from.Before(r.since.AutoCloseOn) {
		return time.Time{}
	}
	return from
}

// WaitOverdue is the latest instant such that waits that began at it or earlier
// have reached the SLA by now; zero: none have.
func (r *Rules) WaitOverdue(now time.Time) time.Time {
	if r.policy.SLA == 0 {
		return time.Time{}
	}
	from, _ := r.before(now, r.policy.SLA, r.policy.SLAClock)
	return from
}

func (r *Rules) before(t time.Time, d time.Duration, clock chatcfg.Clock) (time.Time, bool) {
	if clock != chatcfg.Business {
		return t.Add(-d), true
	}
	return r.policy.Calendar.Start(t, d)
}
