package main

// deskBugs are in the shell: what is asked, answered, sent and done again.
var deskBugs = []mutant{
	{
		name: "text chosen again at a retry", file: changeFile,
		old: "draft, err := d.draft(ctx, req, loaded, rules, chance)",
		new: "chance, _ = d.chance()\n\tdraft, err := d.draft(ctx, req, loaded, rules, chance)",
	},
	{
		name: "unknown outcome answered as success", file: changeFile,
		old: "default:\n\t\t\treturn Result{}, changeError(err)", new: "default:\n\t\t\treturn result, nil",
	},
	{
		name: "unknown outcome decided again", file: changeFile,
		old: "default:\n\t\t\treturn Result{}, changeError(err)", new: "default:\n\t\t\tcontinue",
	},
	{
		name: "client key ignored", file: changeFile,
		old: "batch.Receipt = &storage.Receipt{", new: "_ = &storage.Receipt{",
	},
	{
		name: "client key without its session", file: "visitor.go",
		old: "Scope: \"session:\" + v.session.String(), Key: key", new: "Scope: \"session\", Key: key",
	},
	{
		name: "key forgotten across a login", file: changeFile,
		old: "links := loaded.Session.Links", new: "links := loaded.Session.Links[:0]",
	},
	{
		name: "login links what was never written", file: sessionFile,
		old: "if c := &loaded.Conversation; c.Version > 0 { // another session of its identity was first",
		new: "if c := &loaded.Conversation; c.Version < 0 {",
	},
	{
		name: "conversation's time goes back", file: changeFile,
		old: "Now: d.timeIn(loaded.Account.CreatedAt, loaded.Conversation.LastAt)", new: "Now: d.Now()",
	},
	{
		name: "deadline is not armed", file: changeFile,
		old: "Wake: rules.Wake(&draft.Ticket),", new: "",
	},
	{
		name: "outbox row without its cause", file: changeFile,
		old: "return b, err\n}\n\n// hash", new: "b.Deliveries = append(b.Deliveries, b.Deliveries...)\nreturn b, err\n}\n\n// hash",
	},
	{
		name: "only the last entry's events leave", file: "outbox.go",
		old: "for i := range draft.Entries {\n\t\te := &draft.Entries[i]\n\t\tref :=", new: "for i := max(0, len(draft.Entries)-1); i < len(draft.Entries); i++ {\n\t\te := &draft.Entries[i]\n\t\tref :=",
	},
	{
		name: "event key without its conversation", file: "outbox.go",
		old: "fmt.Sprintf(\"event-%s-%d-%d-%s\", c.ID, e.N, j, name)", new: "fmt.Sprintf(\"event-%s-%d-%d-%s\", \"\", e.N, j, name)",
	},
	{
		name: "event told to one hook for all", file: runnerFile,
		old: "hook := d.o.Hooks[name]\n", new: "hook := d.o.Hooks[d.hooks[0]]\n",
	},
	{
		name: "mail key without its ticket", file: "outbox.go",
		old: "strconv.FormatInt(int64(e.Ticket), 10)+\"-\"+", new: "strconv.FormatInt(0, 10)+\"-\"+",
	},
	{
		name: "mail sent again after an unknown outcome", file: runnerFile,
		old: "retry := one.Repeatable || errors.Is(err, ErrNotSent)", new: "retry := true",
	},
	{
		name: "poisonous delivery tried for ever", file: runnerFile,
		old: "case one.Attempts > d.o.Runner.Attempts:", new: "case one.Attempts < 0:",
	},
	{
		name: "failed hook counts as heard", file: runnerFile,
		old: "case err == nil:\n\t\tone.State = storage.Sent", new: "case err == nil, one.Repeatable:\n\t\tone.State = storage.Sent",
	},
	{
		name: "failed delivery tried again at once", file: runnerFile,
		old: "now.Add(d.backoff(one.Attempts))", new: "now",
	},
	{
		name: "what a save moved is forgotten", file: runnerFile,
		old: "d.runDeadlines, d.runStale, d.runOutbox}", new: "d.runDeadlines, d.runOutbox}",
	},
	{
		name: "runner stops at the first failure", file: runnerFile,
		old: "d.logFailed(ctx, part, err)", new: "return",
		suite: "-run ^TestRun$ .",
	},
	{
		name: "runner waits for a signal", file: runnerFile,
		old: "case <-d.o.Clock.After(d.o.Runner.Poll):", new: "case <-make(chan struct{}):",
	},
	{
		name: "stale rules are kept", file: "rulescache.go",
		old: "if ok && had.key == a.Key && had.Version == a.Version && had.since.Equal(a.Rules) {", new: "if ok && had.key == a.Key {",
	},
	{
		name: "presence is never read again", file: "presence.go",
		old: "ok && age >= 0 && age < presenceFor", new: "ok && age*0 == 0",
	},
	{
		name: "heartbeats judged by a clock of whole hours", file: "desk.go",
		old: "return roster.At(now, d.o.HeartbeatTTL), err", new: "return roster.At(now.Truncate(time.Hour), d.o.HeartbeatTTL), err",
	},
	{
		name: "switching on is not remembered", file: "automation/rules.go",
		old: "s.On = now", new: "_ = now",
	},
	{
		name: "changed hours are not remembered", file: "automation/rule_auto_close.go",
		old: "hours || !reflect", new: "hours && false || !reflect",
	},
	{
		name: "save is dated before the last", file: accountFile,
		old: "now := d.timeIn(a.CreatedAt, a.SavedAt)", new: "now := d.Now()",
	},
	{
		name: "wrong confirmation deletes", file: "delete.go",
		old: "confirmation(confirm) != confirmation(a.Name) {", new: "confirm == \"\" {",
	},
	{
		name: "ended session writes", file: sessionFile,
		old: "case !s.EndedAt.IsZero(), !d.Now().Before(s.ExpiresAt),", new: "case !d.Now().Before(s.ExpiresAt),",
	},
	{
		name: "claimed session reads another's words", file: "messages.go",
		old: "if l.Session.Customer.Level != tickets.LevelVerified {", new: "if l.Session.Customer.Level == tickets.LevelAnonymous {",
	},
	{
		name: "claimed e-mail finds the verified customer", file: "entry.go",
		old: "tickets.Identity{Kind: tickets.IdentityClaimedEmail,", new: "tickets.Identity{Kind: tickets.IdentityHost,",
	},
	{
		name: "stream skips after a long page", file: "stream.go",
		old: "r.after, r.yieldedAt = list[i].Seq,", new: "r.after, r.yieldedAt = list[i].Seq+int64(len(list))/3,",
	},
	{
		name: "session that moved meanwhile writes", file: changeFile,
		old: "b.Session, b.SessionRevision = loaded.Session.ID, loaded.Session.Revision", new: "_ = loaded.Session.Revision",
	},
	{
		name: "gate is never left", file: "queue.go",
		old: "return func() { one.token <- struct{}{}; quit() }, waited, nil", new: "return quit, waited, nil",
	},
}

// storeBugs are in the reference store: what a lock, a lease and a version are for.
var storeBugs = []mutant{
	{
		name: "commit without looking at the version", file: storeFile,
		old: "case f.Version != b.Conversation.Version-1,", new: "case f.Version > b.Conversation.Version+99,",
	},
	{
		name: "commit under an older configuration", file: storeFile,
		old: "case f.Account.Version != b.Config:", new: "case f.Account.Version < b.Config:",
	},
	{
		name: "commit into a deleted account", file: storeFile,
		old: "case !f.Account.DeletedAt.IsZero():", new: "case false:",
	},
	{
		name: "identity is not reserved", file: storeFile,
		old: "!holder.IsZero() && holder != b.Conversation.ID", new: "holder.IsZero() && holder == b.Conversation.ID",
	},
	{
		name: "claimed deadline is forgotten", file: memoryFile,
		old: "\t\tp.m.due.put(c.due(), c)\n\t}\n\treturn claims, nil", new: "\t}\n\treturn claims, nil",
	},
	{
		name: "claim at its exact instant is missed", file: memoryFile,
		old: "if at.at > micros(now) || len(taken) >= limit {", new: "if at.at >= micros(now) || len(taken) >= limit {",
	},
	{
		name: "what a save moved is not claimed", file: memoryFile,
		old: "\t\tif version >= a.record.Version {\n\t\t\tbreak\n\t\t}\n\t\tfor at,", new: "\t\tif version >= a.record.Version-1 {\n\t\t\tbreak\n\t\t}\n\t\tfor at,",
	},
	{
		name: "message lost from a batch", file: memoryFile,
		old: "c.messages = append(c.messages, copyMessage(one))", new: "if one.From != tickets.FromWelcome {\n\t\t\tc.messages = append(c.messages, copyMessage(one))\n\t\t}",
	},
	{
		name: "only first answers are kept", file: memoryFile,
		old: "\t\tc.answers++\n", new: "\t\tc.answers++\n\t\tif !one.First {\n\t\t\tcontinue\n\t\t}\n",
	},
	{
		name: "feed keeps the first place", file: memoryFile,
		old: "c.record, c.landed = copyConversation(b.Conversation), m.commits", new: "c.record, c.landed = copyConversation(b.Conversation), max(c.landed, 1)+m.commits-m.commits",
	},
	{
		name: "lease without fencing", file: storeFile,
		old: "if d.State != Sending || d.Fence != by.Fence {", new: "if d.Fence < by.Fence {",
	},
	{
		name: "mail claimed again after its lease", file: outboxFile,
		old: "if d.record.Repeatable {", new: "if d.record.Fence > 0 {",
	},
	{
		name: "lost lease is never taken over", file: outboxFile,
		old: "due = append(due, d)\n\t\t} else {", new: "_ = d\n\t\t} else {",
	},
	{
		name: "attempts counted after the work", file: storeFile,
		old: "\td.Attempts++\n", new: "",
	},
	{
		name: "backoff is not kept", file: storeFile,
		old: "d.NotBefore = Cut(by.NotBefore)", new: "_ = Cut(by.NotBefore)",
	},
	{
		name: "deletion keeps the deadlines", file: recordFile,
		old: "m.due.remove(c.due())\n\t\tc.wake = time.Time{}", new: "_, _ = c, time.Time{}",
	},
	{
		name: "deletion keeps the pending mails", file: recordFile,
		old: "case Pending:\n\t\t\tm.unlist(a, d)\n\t\t\tdelete(a.outbox, key)", new: "case Pending:\n\t\t\t_ = key",
	},
	{
		name: "lost update of a roster", file: recordFile,
		old: "if a.roster.Revision != r.Revision-1 {", new: "if a.roster.Revision < 0 {",
	},
	{
		name: "lost update of an account", file: recordFile,
		old: "if acct.record.Revision != a.Revision-1 {", new: "if acct.record.Revision < 0 {",
	},
	{
		name: "another account's conversation", file: "storage/memory.go",
		old: "if a := m.accounts[account]; a != nil {\n\t\treturn a.conversations[id]\n\t}",
		new: "for _, a := range m.accounts {\n\t\tif c := a.conversations[id]; c != nil {\n\t\t\treturn c\n\t\t}\n\t}",
	},
	{
		name: "another account's session", file: memoryFile,
		old: "s, ok := a.sessions[q.Session]\n",
		new: "s, ok := a.sessions[q.Session]\n\t\tfor _, other := range p.m.accounts {\n\t\t\tif found, there := other.sessions[q.Session]; there {\n\t\t\t\ts, ok = found, true\n\t\t\t}\n\t\t}\n",
	},
	{
		name: "prune takes what is not yet old", file: outboxFile,
		old: "if at.at >= micros(before) || len(old) >= limit {", new: "if at.at < 0 || len(old) >= limit {",
	},
}

// lookBugs are in reads.
var lookBugs = []mutant{
	{
		name: "a session is shown others' messages", file: "messages.go",
		old: "if l.Session.Customer.Level != tickets.LevelVerified {", new: "if l.Session.Customer.Level == tickets.LevelAnonymous {",
	},
	{
		name: "a stream goes on after its token was replaced", file: "visitor.go",
		old: "return v.desk.checkSession(l, v.hash[:])", new: "return v.desk.goesOn(l)",
	},
	{
		name: "identity by a token that has ended", file: "identity.go",
		old: "holds := s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt)", new: "holds := true",
	},
	{
		name: "rotation ends the old tokens at once", file: "secret.go",
		old: "if s.ExpiresAt.After(now) {\n\t\t\t\tkept", new: "if s.ExpiresAt.IsZero() {\n\t\t\t\tkept",
	},
	{
		name: "explanations of the first entry only", file: "explain.go",
		old: "automation.Explain(e, l, zone)", new: "automation.Explain(entries[min(int64(i), e.N/2)], l, zone)",
	},
	{
		name: "a dry run of another time", file: "explain.go",
		old: "draft, err := d.draft(ctx, &req, &loaded, rules, chance)", new: "loaded.Ticket.Memory = nil\n\tdraft, err := d.draft(ctx, &req, &loaded, rules, chance)",
	},
	{
		name: "agents' words are not found", file: "outbox.go",
		old: "m.From == tickets.FromAgent || m.From == tickets.FromNote && !byBot {\n\t\t\tadd(", new: "m.From == tickets.FromNote && !byBot {\n\t\t\tadd(",
	},
	{
		name: "notes are not found", file: "outbox.go",
		old: "m.From == tickets.FromAgent || m.From == tickets.FromNote && !byBot {\n\t\t\tadd(", new: "m.From == tickets.FromAgent {\n\t\t\tadd(",
	},
	{
		name: "every hook hears of notes", file: "outbox.go",
		old: "if e.Kind == tickets.CommandNote && !slices", new: "if false && !slices",
	},
	{
		name: "visitors read notes", file: "messages.go",
		old: "q.WithoutNotes = true\n\tlist, err := d.store.Queries().Messages(ctx, q)\n\t// Also of a store that does not know WithoutNotes, and what a newer process stored.\n\tlist = slices.DeleteFunc(list, func(m tickets.Message) bool { return !forVisitors(m.From) })",
		new: "list, err := d.store.Queries().Messages(ctx, q)\n\tlist = slices.Clip(list)",
	},
	{
		name: "the picture before the last", file: "image.go",
		old: "Body: slices.Clone(body)}", new: "Body: slices.Clone(body[:len(body)/2])}",
	},
	{
		name: "an inbox of what changed last", file: "inbox_live.go",
		old: "row.Ref.Number = 0\n", new: "",
	},
	{
		name: "an inbox that passes over what it read", file: "inbox_live.go",
		old: "if row.Cursor = cursor; i == len(page.Items)-1 {", new: "if row.Cursor = cursor; i == 0 {",
	},
}

// edgeBugs are bugs that a test looks for by itself.
var edgeBugs = []mutant{
	{
		name: "agents' and rules' messages without a level", file: draftFile, suite: "-run ^TestEveryMessageHasLevel$ .",
		old: "m.Level = d.Ticket.Customer.Level", new: "m.Level = \"\"",
	},
	{
		name: "a key for any ticket", file: changeFile, suite: "-run ^TestKeyNamesItsTicket$ .",
		old: "[]any{c.Kind, c.Number, c.Text,", new: "[]any{c.Kind, c.Text,",
	},
	{
		name: "one page a poll", file: "inboxfeed.go", suite: "-run ^TestPollReadsAll$ .",
		old: "if len(page.Items) < storage.MaxPage {", new: "if len(page.Items) <= storage.MaxPage {",
	},
	{
		name: "no second look after a move", file: "stream.go", suite: "-run ^TestMovedLooksAgain$ .",
		old: "return moved || len(list) > 0, true, nil", new: "return len(list) > 0, true, nil",
	},
	{
		name: "available at a heartbeat's end", file: "tickets/roster.go", suite: "-run ^TestHeartbeatEnds$ ./tickets",
		old: "until.IsZero() || now.Before(until)", new: "until.IsZero() || !now.After(until)",
	},
	{
		name: "a heartbeat is kept at its end", file: "tickets/roster.go", suite: "-run ^TestHeartbeatEnds$ ./tickets",
		old: "now.Before(until) && !until.After(", new: "!now.After(until) && !until.After(",
	},
	{
		name: "retries never back off", file: runnerFile, suite: "-run ^TestBackoff$ .",
		old: "d.o.Runner.Backoff << min(attempts-1, 20)", new: "d.o.Runner.Backoff",
	},
	{
		name: "a stopped run begins what it has claimed", file: runnerFile, suite: "-run ^TestStopLeavesMails$ .",
		old: "case ctx.Err() != nil || d.Now()", new: "case d.Now()",
	},
	{
		name: "what was just sent is pruned", file: runnerFile, suite: "-run ^TestPrune$ .",
		old: "now.Add(-d.o.Runner.Keep)", new: "now",
	},
	{
		name: "two tickets that are not closed", file: storeFile, suite: "-run ^TestMemory$ ./storage",
		old: "unclosed > 0 || unclosed > 1", new: "unclosed > 1 || unclosed > 1",
	},
}
