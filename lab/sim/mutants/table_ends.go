package main

// reminderBugs are in reminders before the automatic close (R13).
var reminderBugs = []mutant{
	{
		name: "reminders: all that were missed speak", file: remindersFile,
		old: "case r.dueWith(&d.Ticket, in.Now, by):", new: "case false:",
	},
	{
		name: "reminders: with somebody's word", file: remindersFile,
		old: "case row != nil && row.Writes:", new: "case false:",
	},
	{
		name: "reminders: with a close", file: remindersFile,
		old: "by == tickets.CommandPause || leaves(row):", new: "false:",
	},
	{
		name: "reminders: speak when a save moved them", file: remindersFile,
		old: "case meant.Before(r.steps[place].moved):", new: "case false:",
	},
	{
		name: "reminders: one silence for ever", file: remindersFile,
		old: "if d.Ticket.Recall(RuleReminders).Number != 0 {", new: "if false {",
	},
	{
		name: "reminders: count otherwise than auto-close", file: remindersFile,
		old: "from = r.closesSince", new: "from = t.CountsFrom",
	},
	{
		name: "reminders: answer for an agent", file: "tickets/draft.go",
		old: "func (d *Draft) remind(*Ticket, Command, time.Time, *Policy) error { return nil }",
		new: "func (d *Draft) remind(t *Ticket, _ Command, now time.Time, _ *Policy) error { t.CountsFrom = now; return nil }",
	},
}

// endBugs are in what visitors end (R14.2).
var endBugs = []mutant{
	{
		name: "end: by any session", file: "visitor.go",
		old: "case !wrote(l):", new: "case false:",
	},
	{
		name: "end: where it is off", file: "visitor.go",
		old: "case !r.Config.Chat.VisitorEnds:", new: "case false:",
	},
	{
		name: "end: says good-bye", file: "automation/rule_manual_close.go",
		old: "[]tickets.CommandKind{tickets.CommandClose}", new: "[]tickets.CommandKind{tickets.CommandClose, tickets.CommandEnd}",
	},
	{
		name: "end: for an agent's reason", file: "tickets/draft.go",
		old: "t.Reason = ReasonCustomer", new: "t.Reason = ReasonManual",
	},
}

const remindersFile = "automation/rule_reminders.go"

const ratingFile = "tickets/rating.go"

// ratingBugs are in what customers rate (R14.3).
var ratingBugs = []mutant{
	{
		name: "rating: after a close that is not asked about", file: ratingFile,
		old: "r.Asks(string(t.Reason)) &&", new: "r.Enabled &&",
	},
	{
		name: "rating: for ever", file: ratingFile,
		old: "now.Before(t.ClosedAt.Add(RatingLasts))", new: "true",
	},
	{
		name: "rating: changed for ever", file: ratingFile,
		old: "now.Before(t.Rating.At.Add(RatingChanges))", new: "true",
	},
	{
		name: "rating: opens the ticket", file: ratingFile,
		old: "t.Rating = &rating", new: "t.Rating, t.Status = &rating, StatusOpen",
	},
	{
		name: "rating: by any session", file: "rating.go",
		old: "if !wrote(l) ||", new: "if",
	},
	{
		name: "rating: with any score", file: "rating.go",
		old: "return problems(rules.Config.Chat.Rating.Check(r.Score, r.Comment))", new: "return nil",
	},
	{
		name: "rating: asked by later closes only", file: draftFile,
		old: "t.Asked = t.Asked || p.asks(t)", new: "t.Asked = p.asks(t)",
	},
	{
		name: "rating: an event has the comment", file: "outbox.go",
		old: `f.Comment = ""`, new: "_ = f",
	},
	{
		name: "rating: a report forgets who did not answer", file: "storage/report.go",
		old: "if t.Asked || t.Rating != nil {", new: "if t.Rating != nil {",
	},
}
