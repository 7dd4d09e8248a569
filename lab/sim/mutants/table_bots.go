package main

const botFile = "automation/rule_bot.go"

// botBugs are in what begins with the bot, and in how it is handed over (R12).
var botBugs = []mutant{
	{
		name: "bot: its word ends the wait", file: handOverFile,
		old: "	if t.WithBot {\n\t\tt.Unanswered", new: "	t.Wait = nil\n\tif t.WithBot {\n\t\tt.Unanswered",
	},
	{
		name: "bot: its word is not marked", file: handOverFile,
		old: "Message{From: FromBot,", new: "Message{From: FromAgent,",
	},
	{
		name: "bot: its word is the last", file: handOverFile,
		old: "t.Unanswered = time.Time{}\n\t\tif", new: "t.Unanswered, t.LastWord = time.Time{}, SideAgent\n\t\tif",
	},
	{
		name: "bot: its close is not marked", file: draftFile,
		old: "by.Kind == ActorBot", new: "false",
	},
	{
		name: "bot: its close marks the next agent", file: draftFile,
		old: "by.Kind == ActorBot", new: "by.Kind == ActorBot || t.Automated",
	},
	{
		name: "bot: gets what is created ignored", file: draftFile,
		old: "StatusIgnored, time.Time{}, false\n", new: "StatusIgnored, time.Time{}, p.Bot\n",
	},
	{
		name: "bot: keeps what is closed", file: waitFile,
		old: "nil, time.Time{}, false, false, time.Time{}\n", new: "nil, time.Time{}, false, t.WithBot, time.Time{}\n",
	},
	{
		name: "bot: the newest message counts", file: draftFile,
		old: "case t.WithBot && t.Unanswered.IsZero():", new: "case t.WithBot:",
	},
	{
		name: "bot: a silence counts from its last word", file: handOverFile,
		old: "t.Unanswered = time.Time{}\n\t\tif", new: "if",
	},
	{
		name: "bot: auto-close goes on after the hand-over", file: handOverFile,
		old: "\t\tt.CountsFrom = time.Time{}\n\t\tt.startWait(now, p)", new: "\t\tt.startWait(now, p)",
	},
	{
		name: "bot: the wait starts at the question", file: handOverFile,
		old: "	if d.leaveBot(t, rule) {\n", new: "	if asked := t.Unanswered; d.leaveBot(t, rule) {\n\t\tif !asked.IsZero() {\n\t\t\tnow = asked\n\t\t}\n",
	},
	{
		name: "bot: a reply leaves it there", file: draftFile,
		old: "\td.leaveBot(t, \"\")\n", new: "",
	},
	{
		name: "bot: who takes does not get it", file: assignFile,
		old: "\td.await(t, \"\", now, p)\n\tif has", new: "\tif has",
	},
	{
		name: "bot: one that assigns loses it", file: assignFile,
		old: "if cmd.Actor.Kind != ActorBot {", new: "if true {",
	},
	{
		name: "bot: gets what it assigns to itself", file: "agent.go",
		old: "return a.who.Automated && id == a.who.ID || a.desk", new: "return id != a.who.ID && a.desk",
	},
	{
		name: "bot: others give it tickets", file: "agent.go",
		old: "|| a.desk.isBot(a.account, id)\n", new: "\n",
	},
	{
		name: "bot: one that the host names is an agent", file: "account.go",
		old: "who.Automated || a.desk.isBot(a.id, who.ID)", new: "who.Automated",
	},
	{
		name: "bot: one that pauses loses it", file: draftFile,
		old: "if pause && cmd.Actor.Kind != ActorBot {", new: "if pause {",
	},
	{
		name: "bot: an agent who pauses does not get it", file: draftFile,
		old: "if pause && cmd.Actor.Kind != ActorBot {", new: "if false {",
	},
	{
		name: "bot: loses what an agent resumes", file: draftFile,
		old: "if pause && cmd.Actor.Kind != ActorBot {", new: "if cmd.Actor.Kind != ActorBot {",
	},
	{
		name: "bot: auto-close counts while it is paused there", file: handOverFile,
		old: "if !t.Paused {\n\t\t\tt.CountsFrom", new: "if true {\n\t\t\tt.CountsFrom",
	},
	{
		name: "bot: auto-close does not count after a resume there", file: draftFile,
		old: " || t.WithBot && t.Unanswered.IsZero() {", new: " {",
	},
	{
		name: "bot: auto-close counts over a question after a resume there", file: draftFile,
		old: " || t.WithBot && t.Unanswered.IsZero() {", new: " || t.WithBot {",
	},
	{
		name: "bot: its silence is for ever", file: botFile,
		old: "case t.Unanswered.IsZero():", new: "case true:",
	},
	{
		name: "bot: switched off it keeps what it has", file: botFile,
		old: "	case r.off(t):", new: "	case false:",
	},
	{
		name: "bot: switched off and on it keeps what it has", file: botFile,
		old: "return r.timeout == 0 || t.CreatedAt.Before(r.saves.On)", new: "return r.timeout == 0",
	},
	{
		name: "bot: a save moves its deadlines into the past", file: botFile,
		old: "return was.Enabled && !is.Enabled, is.Enabled && !reflect.DeepEqual(was.Timeout, is.Timeout)", new: "return was.Enabled && !is.Enabled, false",
	},
	{
		name: "bot: nobody is told at the hand-over", file: decideFile,
		old: "if kind != tickets.CommandHandOver && d.HasFact(tickets.FactHandedOver) {", new: "if false {",
	},
	{
		name: "bot: everybody is told at once", file: "automation/rule_notify.go",
		old: "case d.Ticket.WithBot:", new: "case false:",
	},
	{
		name: "bot: absences are answered while it has the ticket", file: "automation/rule_no_agents.go",
		old: "case d.Ticket.WithBot:", new: "case false:",
	},
	{
		name: "bot: absences are not answered at the hand-over", file: "automation/rule_out_of_hours.go",
		old: "{tickets.CommandWrite, tickets.CommandHandOver},", new: "{tickets.CommandWrite},",
	},
	{
		name: "bot: reminders speak", file: remindersFile,
		old: "t.Wait != nil || t.WithBot ||", new: "t.Wait != nil ||",
	},
	{
		name: "bot: lists show what it has", file: "storage/ticketquery.go",
		old: "if t.WithBot && q.WithoutBot() {", new: "if false {",
	},
}

// startBugs are in what an agent writes first (R16.5).
var startBugs = []mutant{
	{
		name: "start: created ignored, or with the bot", file: draftFile,
		old: "	open.CreateIgnored, open.Bot = false, false\n", new: "",
	},
	{
		name: "start: nobody has it", file: draftFile,
		old: "	d.assignTo(t, Assignee{cmd.Actor.Agent, cmd.Actor.Name})\n\tt.LastWord", new: "	t.LastWord",
	},
}
