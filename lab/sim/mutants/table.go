package main

import "slices"

// table are the planted bugs, by the kind of what went wrong for others.
var table = slices.Concat(ticketBugs, actionBugs, deskBugs, storeBugs, lookBugs, keptBugs, keyBugs, jumpBugs, languageBugs, markBugs, edgeBugs, reminderBugs, endBugs, ratingBugs, botBugs, startBugs, nextBugs, groupBugs, clockBugs)

const (
	draftFile    = "tickets/draft.go"
	handOverFile = "tickets/bot.go"
	waitFile     = "tickets/wait.go"
	assignFile   = "tickets/assign.go"
	customerFile = "tickets/customer.go"
	decideFile   = "automation/decide.go"
	speakFile    = "automation/speak.go"
	changeFile   = "change.go"
	runnerFile   = "runner.go"
	accountFile  = "config.go"
	sessionFile  = "session.go"
	memoryFile   = "storage/memory_conversations.go"
	outboxFile   = "storage/memory_outbox.go"
	recordFile   = "storage/memory_accounts.go"
	storeFile    = "storage/rules.go"
)

// ticketBugs are in what a command makes of a ticket.
var ticketBugs = []mutant{
	{
		name: "wait survives its ticket", file: waitFile,
		old: "t.Wait, t.CountsFrom, t.Paused, t.WithBot, t.Unanswered = nil, time.Time{}, false, false, time.Time{}",
		new: "t.CountsFrom, t.Paused, t.WithBot, t.Unanswered = time.Time{}, false, false, time.Time{}",
	},
	{
		name: "timer survives its ticket", file: waitFile,
		old: "t.Wait, t.CountsFrom, t.Paused, t.WithBot, t.Unanswered = nil, time.Time{}, false, false, time.Time{}",
		new: "t.Wait, t.Paused, t.WithBot, t.Unanswered = nil, false, false, time.Time{}",
	},
	{
		name: "deadline from the newest message", file: draftFile,
		old: "case t.Status == StatusOpen && !t.WithBot && t.Wait == nil:", new: "case t.Status == StatusOpen && !t.WithBot:",
	},
	{
		name: "customer does not disarm auto-close", file: draftFile,
		old: "t.LastWord, t.CountsFrom = SideCustomer, time.Time{}", new: "t.LastWord = SideCustomer",
	},
	{
		name: "automatic message counts as an agent's", file: draftFile,
		old: "d.append(Message{From: FromRule,", new: "d.Ticket.LastWord = SideAgent\n\td.append(Message{From: FromRule,",
	},
	{
		name: "automatic message ends the wait", file: draftFile,
		old: "d.append(Message{From: FromRule,", new: "d.Ticket.Wait = nil\n\td.append(Message{From: FromRule,",
	},
	{
		name: "reopened wait begins at the old message", file: draftFile,
		old: "if t.LastWord == SideCustomer {\n\t\tt.startWait(now, p)", new: "if t.LastWord == SideCustomer {\n\t\tt.startWait(t.CreatedAt, p)",
	},
	{
		name: "reopening window holds its end", file: draftFile,
		old: "now.Before(t.ClosedAt.Add(p.ReopenWindow))", new: "!now.After(t.ClosedAt.Add(p.ReopenWindow))",
	},
	{
		name: "resume does not arm", file: draftFile,
		old: "if t.LastWord == SideAgent || t.WithBot && t.Unanswered.IsZero() {\n\t\tt.CountsFrom = now", new: "if t.LastWord == SideAgent || t.WithBot && t.Unanswered.IsZero() {\n\t\tt.CountsFrom = t.CountsFrom",
	},
	{
		name: "pause goes on counting", file: draftFile,
		old: "t.Paused, t.CountsFrom = pause, time.Time{}", new: "t.Paused = pause",
	},
	{
		name: "keywords mark again after an agent", file: draftFile,
		old: "t.KeywordsOff = true", new: "t.KeywordsOff = false",
	},
	{
		name: "automatic close is manual", file: draftFile,
		old: "t.Reason = ReasonAutomatic", new: "t.Reason = ReasonManual",
	},
	{
		name: "address notified twice", file: draftFile,
		old: "if slices.Contains(d.Ticket.Notified, address) {", new: "if false {",
	},
	{
		name: "business wait measured by the wall", file: waitFile,
		old: "if clock == chatcfg.Business && hours != nil {",
		new: "if clock == chatcfg.Business && hours == nil {",
	},
	{
		name: "every answer is the first", file: draftFile,
		old: "First: !t.Answered", new: "First: true",
	},
	{
		name: "sequence begins anew with a ticket", file: draftFile,
		old: "d.Conversation.Number++\n", new: "d.Conversation.Number++\n\td.Conversation.LastSeq = 0\n",
	},
	{
		name: "closed ticket takes replies", file: "tickets/commands.go",
		old: "StatusOpen: StatusOpen, StatusIgnored: StatusOpen},",
		new: "StatusOpen: StatusOpen, StatusIgnored: StatusOpen, StatusClosed: StatusOpen},",
	},
	{
		name: "absence never ends", file: "tickets/roster.go",
		old: "next.Absence++", new: "next.Absence += 0",
	},
	{
		name: "heartbeat holds for ever", file: "tickets/roster.go",
		old: "now.Before(until) && !until.After(", new: "!until.IsZero() && !until.After(",
	},
}

// actionBugs are in what follows from a command, and when.
var actionBugs = []mutant{
	{
		name: "command goes before what was due", file: decideFile,
		old: "for r.dueWith(&d.Ticket, in.Now, cmd.Kind) {",
		new: "for cmd.Kind == tickets.CommandTick && r.dueWith(&d.Ticket, in.Now, cmd.Kind) {",
	},
	{
		name: "deadline closes over a message of its instant", file: decideFile,
		old: "due.Equal(now) && by == tickets.CommandTick", new: "due.Equal(now)",
	},
	{
		name: "late deadline counts from when it is done", file: "automation/rule.go",
		old: "\tin.Now = due\n",
		new: "",
	},
	{
		name: "delay is not noticed on a first answer", file: "automation/rule_sla.go",
		old: "|| t.Delayed() {",
		new: "|| t.Delayed() || !t.Answered {",
	},
	{
		name: "text is always the first", file: speakFile,
		old: "i := pick(in.Chance, s.rule.key, len(s.texts))",
		new: "i := pick(0, s.rule.key, 1)",
	},
	{
		name: "auto-reply to the agent's own message", file: "automation/rule_no_agents.go",
		old: "{tickets.CommandWrite, tickets.CommandHandOver},",
		new: "{tickets.CommandWrite, tickets.CommandHandOver, tickets.CommandReply},",
	},
	{
		name: "auto-reply answers an auto-reply", file: "automation/rule_no_agents.go",
		old: "Number: now.Absence})\n",
		new: "Number: now.Absence})\n\t\tr.say(d, WhyNoAgent)\n",
	},
	{
		name: "out of hours at every message", file: "automation/rule_out_of_hours.go",
		old: "Rule: RuleOutOfHours, At: now}",
		new: "Rule: RuleOutOfHours}",
	},
	{
		name: "out of hours once per ticket", file: "automation/rule_out_of_hours.go",
		old: "if opens, ok := r.hours.NextOpen(spoke); !ok || opens.After(now) {",
		new: "if opens, _ := r.hours.NextOpen(spoke); true {",
	},
	{
		name: "no agents at every message", file: "automation/rule_no_agents.go",
		old: "Number: now.Absence}",
		new: "Number: -1}",
	},
	{
		name: "no agents once per ticket", file: "automation/rule_no_agents.go",
		old: ".Number == now.Absence:",
		new: ".Number != 0:",
	},
	{
		name: "two replies where one is wanted", file: "automation/rule_no_agents.go",
		old: "case closed && r.first:",
		new: "case false:",
	},
	{
		name: "actions on a paused ticket", file: speakFile,
		old: "if d.Ticket.Paused {",
		new: "if false {",
	},
	{
		name: "customer is new with each ticket", file: "automation/rule_new_customer.go",
		old: "if d.Conversation.CustomerMessages == 1 {",
		new: "if d.HasFact(tickets.FactCreated) {",
	},
	{
		name: "reopened ticket is a created one", file: "automation/rule_ticket_created.go",
		old: "if d.HasFact(tickets.FactCreated) {",
		new: "if d.HasFact(tickets.FactCreated) || d.HasFact(tickets.FactReopened) {",
	},
	{
		name: "automatic close without its text", file: decideFile,
		old: "r.ask(d, d.Entries[len(d.Entries)-1].Kind)",
		new: "r.ask(d, tickets.CommandTick)",
	},
	{
		name: "running waits never follow a save", file: decideFile,
		old: "if r.running == nil ||", new: "if true || r.running == nil ||",
	},
	{
		name: "running waits follow every commit", file: decideFile,
		old: "armed >= r.since.Running {", new: "armed > r.Version {",
	},
	{
		name: "auto-close goes on after it is switched off", file: "automation/rule_auto_close.go",
		old: "if !of.Enabled {",
		new: "if of.After == nil {",
	},
	{
		name: "switching on closes what waited before", file: "automation/rule_auto_close.go",
		old: "if from.Before(r.saves.On) {\n\t\tfrom = r.saves.On",
		new: "if from.Before(r.saves.On) {\n\t\tfrom = from.UTC()",
	},
	{
		name: "shortened deadline fires before the save", file: "automation/rule_auto_close.go",
		old: "due = r.saves.Changed",
		new: "_ = r.saves.Changed",
	},
	{
		name: "hours of the server", file: "chatcfg/calendar.go",
		old: "_, offset := t.In(c.loc).Zone()\n\treturn c.openWall", new: "_, offset := t.UTC().Zone()\n\treturn c.openWall",
	},
	{
		name: "hours at a fixed offset", file: "chatcfg/calendar.go",
		old: "_, offset := t.In(c.loc).Zone()\n\treturn c.openWall", new: "_, offset := time.Unix(0, 0).In(c.loc).Zone()\n\treturn c.openWall",
	},
	{
		name: "overnight shift ends at midnight", file: "chatcfg/calendar.go",
		old: "if s.to < s.from && s.to > 0 {", new: "if s.to < s.from && s.to > minutesPerDay {",
	},
	{
		name: "keyword inside a word", file: "automation/keywords.go",
		old: "border := !more || symbol&fold.Border != 0", new: "border := true",
	},
}
