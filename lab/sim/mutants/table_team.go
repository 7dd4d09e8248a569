package main

const (
	takeFile  = "take.go"
	groupFile = "storage/report.go"
)

// nextBugs are in which ticket is the next one (R11.2).
var nextBugs = []mutant{
	{
		name: "next: of any team", file: takeFile,
		old: "(t.Team == \"\" || slices.Contains(teams, t.Team))", new: "(t.Team == \"\" || teams != nil)",
	},
	{
		name: "next: of no team", file: takeFile,
		old: "(t.Team == \"\" || slices.Contains(teams, t.Team))", new: "t.Team == \"\"",
	},
	{
		name: "next: paused ones too", file: takeFile,
		old: "t.Wait != nil && !t.Paused && t.Assignee", new: "t.Wait != nil && t.Assignee",
	},
	{
		name: "next: the lowest ID of all", file: takeFile,
		old: "if best >= 0 && !row.Wait.Since.Equal(l.left[best].Wait.Since) {", new: "if false {",
	},
	{
		name: "next: not looked at again", file: takeFile,
		old: "l.Ticket.Number != next.Number || !fits(&l.Ticket)", new: "l.Ticket.Number != next.Number",
	},
	{
		name: "next: a repetition takes another", file: takeFile,
		old: "if turn == (tickets.Turn{}) {", new: "if true {",
	},
	{
		name: "next: what others found before", file: takeFile,
		old: "if l.n > before {", new: "if l.n >= 0 {",
	},
	{
		name: "next: nobody waits for others", file: takeFile,
		old: "\t\t\ttaken = by\n", new: "",
	},
	{
		name: "next: its call is not kept", file: assignFile,
		old: "\t\tt.Turn = cmd.Turn\n", new: "",
	},
}

// groupBugs are in the groups of a report (R11.8).
var groupBugs = []mutant{
	{
		name: "group: hours of UTC", file: groupFile,
		old: "return at.In(zone).Format(\"15\")", new: "return at.UTC().Format(\"15\")",
	},
	{
		name: "group: weekdays of the server", file: "inbox.go",
		old: "if q.By == tickets.ByHour || q.By == tickets.ByWeekday {", new: "if q.By == tickets.ByHour {",
	},
	{
		name: "group: answers by who has the ticket", file: groupFile,
		old: "key = string(a.Agent)", new: "key = r.ticketKey(ticket())",
	},
	{
		name: "group: answers of no team", file: groupFile,
		old: "case tickets.ByTeam, tickets.ByCategory:\n\t\tkey = r.ticketKey(ticket())", new: "case tickets.ByCategory:\n\t\tkey = r.ticketKey(ticket())",
	},
	{
		name: "group: answers by when the ticket began", file: groupFile,
		old: "key = r.q.TimeKey(a.At)", new: "key = r.q.TimeKey(ticket().CreatedAt)",
	},
	{
		name: "group: from Sunday on", file: groupFile,
		old: "for day := time.Monday; day <= time.Saturday; day++ {", new: "for day := time.Sunday; day <= time.Saturday; day++ {",
	},
}
