package crash

import (
	"fmt"

	"github.com/charlahq/charla/lab/audit"
)

// Plan says what is killed.
type Plan struct {
	Seed uint64
	// Kills is how many times a desk's process is killed.
	Kills int
	// Crashes is how many times the server is killed, Cuts how many times a desk's
	// connection is cut: on PostgreSQL only.
	Crashes, Cuts int
	// Chats is how many customers, each with an agent of their own, there are.
	Chats int
	// Audit is after how many kills the ledger is compared with a copy of an SQLite
	// database; zero: only in the end.
	Audit  int
	Mutant Mutant
	// Tamper, if set, changes the ledger before the last audit: a negative
	// control.
	Tamper func(acks []audit.Ack) []audit.Ack
}

// Report is the result of a plan, or of several.
type Report struct {
	// Kills of desks were made, Early of them before the process was ready; the
	// server was killed Crashes times, and connections cut Cuts times.
	Kills, Early, Crashes, Cuts int
	// Acknowledged counts answers, Retries requests that were repeated. Busy
	// answers said that nothing had happened, Unknown ones that it is not known.
	Acknowledged, Retries, Busy, Unknown int
	// Checked is how many copies SQLite's own check went through.
	Checked int
	// Mails and Events went out; Remailed are mails that did twice, Undecided those
	// of which the outbox says that it is not known, Unsent those of them that never
	// went out. Closes and Delays were carried out. Changes were read from the feed.
	Mails, Remailed, Undecided, Unsent, Events, Closes, Delays, Changes int
	audit.Findings
}

// Add adds another report.
func (r *Report) Add(o *Report) {
	for _, n := range []struct{ to, from *int }{
		{&r.Kills, &o.Kills},
		{&r.Early, &o.Early},
		{&r.Crashes, &o.Crashes},
		{&r.Cuts, &o.Cuts},
		{&r.Acknowledged, &o.Acknowledged},
		{&r.Retries, &o.Retries},
		{&r.Busy, &o.Busy},
		{&r.Unknown, &o.Unknown},
		{&r.Checked, &o.Checked},
		{&r.Mails, &o.Mails},
		{&r.Remailed, &o.Remailed},
		{&r.Undecided, &o.Undecided},
		{&r.Unsent, &o.Unsent},
		{&r.Events, &o.Events},
		{&r.Closes, &o.Closes},
		{&r.Delays, &o.Delays},
		{&r.Changes, &o.Changes},
	} {
		*n.to += *n.from
	}
	r.Findings.Add(&o.Findings)
}

// String returns the line that a run prints.
func (r *Report) String() string {
	return fmt.Sprintf("%d kills of desks (%d while starting), %d of the server, %d cuts; "+
		"%d acknowledged, %d retries (%d answers busy, %d unknown); %d auto-closes, %d delays, "+
		"%d mails (%d undecided, %d of them unsent), %d events, %d changes followed, %d integrity checks; "+
		"%d lost, %d twice, %d of them mails, %d unsound",
		r.Kills, r.Early, r.Crashes, r.Cuts,
		r.Acknowledged, r.Retries, r.Busy, r.Unknown, r.Closes, r.Delays,
		r.Mails, r.Undecided, r.Unsent, r.Events, r.Changes, r.Checked,
		r.Missing, r.Duplicates, r.Remailed, r.Unsound)
}

// people adds the counts of what people were answered, after they have ended.
func (r *Report) people(w *world) {
	r.Retries, r.Busy, r.Unknown = int(w.retries.Load()), int(w.busy.Load()), int(w.unknown.Load())
	if n := w.failures.Load(); n > 0 {
		r.Wrong("%d calls failed: %v", n, w.lastFailure.Load())
	}
}
