package main

const (
	instantFile = "tickets/clock.go"
	deskTime    = "clock.go"
	patrolFile  = "patrol.go"
	wrongClocks = "-run ^TestWrongClock$ ./lab/clocks"
)

// clockBugs are in what mends the harm of a clock that was wrong.
var clockBugs = []mutant{
	{
		name: "clock: nothing is ever ahead", file: instantFile, suite: wrongClocks,
		old: "return at.Sub(now) > MaxSkew", new: "return at.Sub(now) > MaxSkew && false",
	},
	{
		name: "clock: a desk takes on a time far back at once", file: deskTime, suite: wrongClocks,
		old: "clock.Sub(t.since) < stepBack", new: "false",
	},
	{
		name: "clock: a desk never believes its clock again", file: deskTime, suite: "-run ^TestClockPutBack$ .",
		old: "clock.Sub(t.since) < stepBack", new: "true",
	},
	{
		name: "clock: a change is never before the last", file: deskTime, suite: wrongClocks,
		old: "tickets.Ahead(last, now) && !tickets.Ahead(created, now)", new: "false",
	},
	{
		name: "clock: tickets keep a wrong date", file: decideFile, suite: wrongClocks,
		old: "if !s.Ahead(now) {", new: "if true {",
	},
	{
		name: "clock: running waits count from a wrong save", file: decideFile, suite: "-run ^TestSaveOfAWrongClock$ .",
		old: "if !tickets.Ahead(r.since.RunningAt, in.Now) {", new: "if true {",
	},
	{
		name: "clock: rules remember a wrong instant", file: decideFile, suite: "-run ^TestHoursOfAWrongClock$ .",
		old: "\t\td.Remember(m)\n", new: "",
	},
	{
		name: "clock: only the conversation is dated anew", file: instantFile, suite: wrongClocks,
		old: "d.Ticket.Number > 0 && d.Ticket.redate(d.At, hours)", new: "d.Ticket.Number < 0",
	},
	{
		name: "clock: the older ticket keeps a wrong date", file: instantFile, suite: wrongClocks,
		old: "d.Older != nil && d.Older.redate(d.At, hours)", new: "false",
	},
	{
		name: "clock: a wait counts from its wrong start", file: instantFile, suite: wrongClocks,
		old: "if t.Wait == nil {\n\t\treturn true", new: "if true {\n\t\treturn true",
	},
	{
		name: "clock: a wait keeps its wrong end", file: instantFile, suite: wrongClocks,
		old: "ok && w.Due.After(now) && due.Before(w.Due)", new: "ok && due.IsZero()",
	},
	{
		name: "clock: auto-close counts from a wrong instant", file: instantFile, suite: wrongClocks,
		old: "&t.ChangedAt, &t.CountsFrom, &t.Unanswered}", new: "&t.ChangedAt, &t.Unanswered}",
	},
	{
		name: "clock: the rules count from a wrong save", file: patrolFile, suite: wrongClocks,
		old: "a.Rules = a.Rules.Until(now)", new: "_ = a.Rules",
	},
	{
		name: "clock: a rotation ends a secret token in years", file: patrolFile, suite: wrongClocks,
		old: "\t\tredateSecrets(a.Secrets, now)\n", new: "",
	},
	{
		name: "clock: a session lasts until its wrong end", file: patrolFile, suite: wrongClocks,
		old: "s.ExpiresAt = s.ExpiresAt.Add(now.Sub(s.CreatedAt))", new: "_ = now",
	},
	{
		name: "clock: no ticket is found ahead in memory", file: memoryFile, suite: wrongClocks,
		old: "a.views[byChange].from(position{at: micros(changed) + 1})", new: "a.views[byChange].from(position{at: 1<<62})",
	},
	{
		name: "clock: mails wait in memory", file: outboxFile, suite: wrongClocks,
		old: "x.from(position{at: micros(pending) + 1})", new: "x.from(position{at: 1<<62})",
	},
	{
		name: "clock: what a desk left is not sent again in memory", file: outboxFile, suite: wrongClocks,
		old: "p.m.sending.from(position{at: micros(leased) + 1})", new: "p.m.sending.from(position{at: 1<<62})",
	},
	{
		name: "clock: no ticket is found ahead on SQLite", file: "storage/sqlite/conversations.go", suite: wrongClocks,
		old: "AND t.changed > ?1", new: "AND t.changed > ?1 AND false",
	},
	{
		name: "clock: mails wait on SQLite", file: "storage/sqlite/outbox.go", suite: wrongClocks,
		old: "WHERE state = 'pending' AND due > ?2", new: "WHERE state = 'pending' AND due > ?2 AND false",
	},
	{
		name: "clock: what a desk left is not sent again on SQLite", file: "storage/sqlite/outbox.go", suite: wrongClocks,
		old: "WHERE state = 'sending' AND due > ?3", new: "WHERE state = 'sending' AND due > ?3 AND false",
	},
	{
		name: "clock: no ticket is found ahead on PostgreSQL", file: "storage/postgres/claims.go", suite: wrongClocks,
		old: "t.changed > $1 ORDER BY", new: "t.changed > $1 AND false ORDER BY",
	},
	{
		name: "clock: mails wait on PostgreSQL", file: "storage/postgres/outbox.go", suite: wrongClocks,
		old: "d.kind = l.kind AND d.due > $2) p", new: "d.kind = l.kind AND d.due > $2 AND false) p",
	},
	{
		name: "clock: what a desk left is not sent again on PostgreSQL", file: "storage/postgres/outbox.go", suite: wrongClocks,
		old: "WHERE state = 'sending' AND due > $3),", new: "WHERE state = 'sending' AND due > $3 AND false),",
	},
}
