package main

const reportFile = "storage/report.go"

// keptBugs are in what is stored of messages, tickets and customers, and in reports.
var keptBugs = []mutant{
	{
		name: "kept: agents' and rules' messages without a level", file: draftFile,
		old: "m.Level = d.Ticket.Customer.Level", new: "m.Level = \"\"",
	},
	{
		name: "kept: reply without the agent's name", file: draftFile,
		old: "d.append(Message{From: FromAgent, Agent: cmd.Actor.Agent, Name: cmd.Actor.Name,", new: "d.append(Message{From: FromAgent, Agent: cmd.Actor.Agent,",
	},
	{
		name: "kept: reply of the last agent", file: draftFile,
		old: "d.append(Message{From: FromAgent, Agent: cmd.Actor.Agent,", new: "d.append(Message{From: FromAgent, Agent: cmp.Or(t.Agent, cmd.Actor.Agent),",
	},
	{
		name: "kept: welcome without its author", file: draftFile,
		old: "Message{From: FromWelcome, Name: w.Author, Text: w.Text}", new: "Message{From: FromWelcome, Text: w.Text}",
	},
	{
		name: "kept: messages belong to the first session", file: customerFile,
		old: "\tc.Session = cmd.Actor.Session\n", new: "\tif c.Session.IsZero() {\n\t\tc.Session = cmd.Actor.Session\n\t}\n",
	},
	{
		name: "kept: changed when it was due", file: draftFile,
		old: "t.ChangedAt = d.At", new: "t.ChangedAt = in.Now",
	},
	{
		name: "kept: typification only once", file: draftFile,
		old: "\tt.Typification = cmd.Typification\n", new: "\tif t.Typification == nil {\n\t\tt.Typification = cmd.Typification\n\t}\n",
	},
	{
		name: "kept: metadata cannot be cleared", file: draftFile,
		old: "\tt.Metadata = cmd.Metadata\n", new: "\tif cmd.Metadata != nil {\n\t\tt.Metadata = cmd.Metadata\n\t}\n",
	},
	{
		name: "kept: anonymous tickets are described", file: draftFile,
		old: "\t\treturn ErrAnonymous\n\t}\n\tt.Metadata", new: "\t}\n\tt.Metadata",
	},
	{
		name: "kept: opening by a reply is not noted", file: draftFile,
		old: "t.Status, t.OpenedAt = StatusOpen, now\n\t\td.AddFact", new: "t.Status = StatusOpen\n\t\td.AddFact",
	},
	{
		name: "kept: closer is not noted", file: draftFile,
		old: "t.Reason = ReasonManual\n\t\tt.setAgent(cmd.Actor)", new: "t.Reason = ReasonManual",
	},
	{
		name: "kept: taking takes away", file: assignFile,
		old: "if has != \"\" && has != cmd.Actor.Agent {\n\t\treturn &TakenError{t.Assignee}", new: "if has != \"\" && has != cmd.Actor.Agent {\n\t\thas = \"\"",
	},
	{
		name: "kept: assigned although another agent has it", file: assignFile,
		old: "cmd.From != nil && *cmd.From != t.Assignee.Agent", new: "cmd.From != nil && *cmd.From != t.Assignee.Agent && t.Team == \"\"",
	},
	{
		name: "kept: a reply takes what another agent has", file: draftFile,
		old: "if p.TakeOnReply && t.Assignee.Agent == \"\" {", new: "if p.TakeOnReply {",
	},
	{
		name: "kept: a new ticket begins with who had the last one", file: draftFile,
		old: "OpenedAt: now, WithBot: p.Bot}", new: "OpenedAt: now, WithBot: p.Bot, Assignee: t.Assignee, Team: t.Team}",
	},
	{
		name: "kept: the team is not assigned", file: assignFile,
		old: "\t\tt.Team = *cmd.Team\n", new: "",
	},
	{
		name: "kept: claim takes the place of a proof", file: customerFile,
		old: "who.Email = cmp.Or(who.Email, old.Email)", new: "who.Email = old.Email",
	},
	{
		name: "kept: no link to what was written before a login", file: customerFile,
		old: "c.Links, linked = append(slices.Clip(c.Links), link), true", new: "c.Links = append(slices.Clip(c.Links), link)",
	},
	{
		name: "kept: welcome counts as a person's message", file: draftFile,
		old: "\tif w := cmd.Welcome; w != nil {\n", new: "\tif w := cmd.Welcome; w != nil {\n\t\tt.Messages++\n",
	},
	{
		name: "kept: report to its end and beyond", file: "storage/memory_report.go",
		old: "for at, answer := range a.answers.from(begin) {\n\t\tif at.at >= end {", new: "for at, answer := range a.answers.from(begin) {\n\t\tif at.at > end {",
	},
	{
		name: "kept: percentile of the rank below", file: reportFile,
		old: "t.waits[(n*percent+99)/100-1]", new: "t.waits[max(n*percent/100-1, 0)]",
	},
	{
		name: "kept: in time is less than the SLA", file: reportFile,
		old: "if waited <= limit {", new: "if waited < limit {",
	},
	{
		name: "kept: delayed tickets are not counted", file: reportFile,
		old: "\tif t.Delayed() {\n", new: "\tif t.Delayed() && !t.Answered {\n",
	},
}

// keyBugs are in what a key means.
var keyBugs = []mutant{
	{
		name: "met: a key of one agent is everybody's", file: "agent.go",
		old: "Scope: a.scope(), Key: o.Key,", new: "Scope: \"agent:\", Key: o.Key,",
	},
	{
		name: "met: a key for any ticket", file: changeFile,
		old: "[]any{c.Kind, c.Number, c.Text,", new: "[]any{c.Kind, c.Text,",
	},
	{
		name: "met: a key for any words", file: changeFile,
		old: "[]any{c.Kind, c.Number, c.Text,", new: "[]any{c.Kind, c.Number, len(c.Text),",
	},
	{
		name: "met: a key for any typification", file: changeFile,
		old: "c.Welcome, c.Typification, c.Metadata}", new: "c.Welcome, c.Metadata})",
	},
	{
		name: "met: a key for any condition", file: changeFile,
		old: "\t\tif c.From != nil {\n\t\t\tasked = append(asked, c.From)\n\t\t}\n", new: "", suite: "-run=TestAssignFrom .",
	},
	{
		name: "met: a used key does it again", file: changeFile,
		old: "if r := loaded.Receipt; r != nil {", new: "if r := loaded.Receipt; r != nil && r.Hash == hash {",
	},
	{
		name: "met: a used key answers for anything", file: changeFile,
		old: "if r.Hash != hash {", new: "if r.Hash != hash && r.Entry == 0 {",
	},
	{
		name: "met: a key from before a login is another", file: changeFile,
		old: "if q.Key == \"\" || len(links) == 0 {", new: "if q.Key == \"\" || len(links) < 2 {",
	},
}

// jumpBugs are in what holds when clocks jump by days and years.
var jumpBugs = []mutant{
	{
		name: "jump: expired session writes", file: sessionFile,
		old: "case !s.EndedAt.IsZero(), !d.Now().Before(s.ExpiresAt),", new: "case !s.EndedAt.IsZero(),",
	},
	{
		name: "jump: sessions are removed before they expire", file: runnerFile,
		old: "d.store.Sessions().Prune(ctx, before, storage.MaxPage)", new: "d.store.Sessions().Prune(ctx, now.Add(60*24*time.Hour), storage.MaxPage)",
	},
	{
		name: "jump: what a clock ahead said is said again", file: "automation/rule_out_of_hours.go",
		old: "if spoke := d.Ticket.Recall(RuleOutOfHours).At; !spoke.IsZero() {",
		new: "if spoke := d.Ticket.Recall(RuleOutOfHours).At; !spoke.IsZero() && now.Sub(spoke) < 12*time.Hour {",
	},
}

// languageBugs are in the language of what customers read.
var languageBugs = []mutant{
	{
		name: "language: the account's before the visitor's", file: "chatcfg/words.go",
		old: "[...]Locale{visitor, account, Spanish,", new: "[...]Locale{account, visitor, Spanish,",
	},
	{
		name: "language: the account's is ignored", file: "chatcfg/words.go",
		old: "[...]Locale{visitor, account, Spanish,", new: "[...]Locale{visitor, Spanish,",
	},
	{
		name: "language: English before Spanish", file: "chatcfg/words.go",
		old: "[...]Locale{visitor, account, Spanish, English,", new: "[...]Locale{visitor, account, English, Spanish,",
	},
	{
		name: "language: forgotten at a login", file: "login.go",
		old: "Proof: &p, Locale: c.Locale}", new: "Proof: &p}",
	},
	{
		name: "language: customer without a name", file: speakFile,
		old: "Values{Customer: t.Customer.Name,", new: "Values{Customer: t.AgentName,",
	},
}

// markBugs are in read marks.
var markBugs = []mutant{
	{
		name: "marks: beyond the last message", file: "stream.go",
		old: "min(m.Customer, last), min(m.Agent, last)", new: "m.Customer, m.Agent",
	},
	{
		name: "marks: the customer's are the agents'", file: "visitor.go",
		old: "tickets.Marks{Customer: seq}", new: "tickets.Marks{Agent: seq}",
	},
	{
		name: "marks: not raised where one side has read further", file: "stream.go",
		old: "if m.Customer <= now.Customer && m.Agent <= now.Agent {", new: "if m.Customer <= now.Customer || m.Agent <= now.Agent {",
	},
}
