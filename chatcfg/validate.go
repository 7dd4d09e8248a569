package chatcfg

import (
	"encoding/json"
	"slices"
	"strings"
)

// Validate returns every problem of the configuration at once, as [Problems],
// each with its JSON path; nil if there is none (R1.4). It judges what
// [Config.Normalize] makes of the configuration, and that is what to keep.
//
// Values are checked whether or not what they belong to is switched on, so that
// switching on never meets an old mistake; only what may be missing while it is
// off depends on the switch.
func (c Config) Validate() error {
	c = c.Normalize()
	v := validator{config: c, hasHours: !c.Hours.IsZero()}
	v.quality(c.Quality)
	v.automation(c.Automation)
	v.general(c.General)
	_, err := c.Hours.Compile()
	v.problems = append(v.problems, under("hours", err)...)
	v.chat(c.Chat)
	// What is stored must be readable again.
	if len(v.problems) == 0 {
		if doc, err := json.Marshal(c); err != nil || len(doc) > MaxDocument {
			v.add("", CodeTooLarge, MaxDocument)
		}
	}
	return v.problems.orNil()
}

type validator struct {
	config   Config
	hasHours bool
	problems Problems
}

func (v *validator) add(path string, code Code, args ...any) {
	v.problems = append(v.problems, Problem{Path: path, Code: code, Args: args})
}

func (v *validator) quality(q Quality) {
	v.duration("quality.sla", q.SLA, false)
	v.clock("quality.clock", q.Clock)
}

// duration checks a duration that may be missing; minute says that it must not
// be shorter than one.
func (v *validator) duration(path string, d *Duration, minute bool) {
	if d == nil {
		return
	}
	unit := unitStd(d.Unit)
	switch {
	case d.Unit == "":
		v.add(path+".unit", CodeRequired)
	case unit == 0:
		choice(v, path+".unit", d.Unit)
	}
	switch {
	case d.Value < 1:
		v.add(path+".value", CodeNotPositive)
	case unit == 0:
	case d.Std() > MaxDuration:
		v.add(path, CodeDurationLong, int(MaxDuration/unitStd(UnitDays)))
	case minute && d.Std() < MinAutoClose:
		v.add(path, CodeDurationShort)
	}
}

func (v *validator) clock(path string, c Clock) {
	choice(v, path, c)
	if c == Business && !v.hasHours {
		v.add(path, CodeNoHours)
	}
}

// choice checks a value of a type that has but some.
func choice[T ~string](v *validator, path string, value T) {
	choices := choicesOf(value)
	switch {
	case value == "":
		v.add(path, CodeRequired)
	case !slices.Contains(choices, string(value)):
		v.add(path, CodeInvalidChoice, string(value), strings.Join(choices, ", "))
	}
}

// choicesOf lists the values of a value's type; nil: any will do.
func choicesOf(value any) []string {
	switch value.(type) {
	case Unit:
		return texts(UnitSeconds, UnitMinutes, UnitHours, UnitDays)
	case Clock:
		return texts(Wall, Business)
	case Combine:
		return texts(CombineAll, CombineFirst)
	case NotifyTickets:
		return texts(NotifyNone, NotifyImportant, NotifyAll)
	case Day:
		return texts(Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday)
	case Position:
		return texts(Right, Left)
	case Devices:
		return texts(AllDevices, Desktop, Mobile)
	case Locale:
		return texts(Spanish, English, Portuguese, Auto)
	}
	return nil
}

func texts[T ~string](values ...T) []string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = string(value)
	}
	return list
}

// textAction is a text action with its key.
type textAction struct {
	key string
	*TextAction
}

// texts lists the actions that send a text.
func (a *Automation) texts() []textAction {
	return []textAction{
		{"newCustomer", &a.NewCustomer},
		{"noAgents", &a.NoAgents},
		{"outOfHours", &a.OutOfHours},
		{"ticketCreated", &a.TicketCreated},
		{"manualClose", &a.ManualClose},
		{"automaticClose", &a.AutomaticClose},
	}
}

func (v *validator) automation(a Automation) {
	v.duration("automation.autoClose.after", a.AutoClose.After, true)
	if a.AutoClose.Enabled && a.AutoClose.After == nil {
		v.add("automation.autoClose.after", CodeRequired)
	}
	v.clock("automation.autoClose.clock", a.AutoClose.Clock)
	for _, action := range a.texts() {
		path := "automation." + action.key
		if action.key == "outOfHours" && action.Enabled && !v.hasHours {
			v.add(path+".enabled", CodeNoHours)
		}
		v.messages(path+".messages", *action.TextAction)
	}
	choice(v, "automation.combine", a.Combine)
}

func (v *validator) messages(path string, a TextAction) {
	if a.Enabled && len(a.Messages) == 0 {
		v.add(path, CodeRequired)
	}
	if len(a.Messages) > MaxMessages {
		v.add(path, CodeTooMany, MaxMessages)
		return
	}
	for i, message := range a.Messages {
		message.each(index(path, i), v.template)
	}
}

// template checks a text with variables.
func (v *validator) template(path, s string) {
	if bad := CheckText(path, s, MaxText); bad != nil {
		v.problems = append(v.problems, bad...)
		if bad.Has(path, CodeTooLong) || bad.Has(path, CodeInvalidUTF8) {
			return
		}
	}
	text, err := ParseText(s)
	v.problems = append(v.problems, under(path, err)...)
	if text.Uses(VarNextOpen) && !v.hasHours {
		v.add(path, CodeNoHours)
	}
}

func (v *validator) general(g General) {
	v.keywords("general.important.keywords", g.Important)
	choice(v, "general.notify.tickets", g.Notify.Tickets)
	v.addresses("general.notify.to", g.Notify)
	v.duration("general.reopenWindow", g.ReopenWindow, false)
}

func (v *validator) keywords(path string, important Important) {
	if important.Enabled && len(important.Keywords) == 0 {
		v.add(path, CodeRequired)
	}
	if len(important.Keywords) > MaxKeywords {
		v.add(path, CodeTooMany, MaxKeywords)
		return
	}
	for i, keyword := range important.Keywords {
		at := index(path, i)
		if bad := checkString(at, keyword, MaxKeyword, true, false); bad != nil {
			v.problems = append(v.problems, bad...)
			continue
		}
		stem, prefix := strings.CutSuffix(keyword, "*")
		if strings.Contains(stem, "*") || prefix && stem != strings.TrimSpace(stem) || prefix && isBlank(stem) {
			v.add(at, CodeKeywordStar)
		}
	}
}

func (v *validator) addresses(path string, notify Notify) {
	if (notify.Tickets == NotifyImportant || notify.Tickets == NotifyAll) && len(notify.To) == 0 {
		v.add(path, CodeRequired)
	}
	if len(notify.To) > MaxAddresses {
		v.add(path, CodeTooMany, MaxAddresses)
		return
	}
	v.list(path, notify.To, ParseEmail)
}

// list checks values that a parser must take and of which none may stand twice,
// not even in another case.
func (v *validator) list(path string, values []string, parse func(string) (string, error)) {
	seen := make(map[string]bool, len(values))
	for i, value := range values {
		at := index(path, i)
		if value == "" {
			v.add(at, CodeBlank)
			continue
		}
		parsed, err := parse(value)
		if err != nil {
			v.problems = append(v.problems, under(at, err)...)
			continue
		}
		key := strings.ToLower(parsed)
		if seen[key] {
			v.add(at, CodeDuplicate, parsed)
		}
		seen[key] = true
	}
}
