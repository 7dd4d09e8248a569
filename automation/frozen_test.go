package automation_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"hash"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
)

var freeze = flag.Bool("freeze", false, "write testdata/decisions anew: each difference is a line in CHANGELOG.md")

// TestDecisionsAreFrozen compares 2,000 random lives of a conversation with what
// was decided when testdata/decisions was written: messages, history with its
// findings, answers, the ticket, the deadline, what a save makes overdue, and
// refusals. A difference is either a mistake or a line in CHANGELOG.md. Each line
// of the file is a seed's hash, and one digit for each of its decisions, which
// says at which one the difference begins.
func TestDecisionsAreFrozen(t *testing.T) {
	t.Parallel()
	const file, seeds = "testdata/decisions", 2000
	lines := make([]string, seeds)
	for seed := range lines {
		lines[seed], _ = frozenLife(t, uint64(seed), -1)
	}
	if *freeze {
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	}
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	want := strings.Split(strings.TrimSpace(string(body)), "\n")
	require.Len(t, want, seeds)
	differ := 0
	for seed, line := range lines {
		if line == want[seed] {
			continue
		}
		if differ++; differ > 3 {
			continue
		}
		_, was, _ := strings.Cut(want[seed], " ")
		_, is, _ := strings.Cut(line, " ")
		at := 0
		for at < min(len(was), len(is)) && was[at] == is[at] {
			at++
		}
		_, dump := frozenLife(t, uint64(seed), at)
		t.Errorf("seed %d differs from decision %d on, which now is\n%s", seed, at, dump)
	}
	if differ > 0 {
		t.Errorf("%d of %d seeds decide otherwise than what is frozen", differ, seeds)
	}
}

// TestFrozenLivesReachEverything is the control of the test above: its lives have
// every kind of command, fact, rule and reason, and refusals.
func TestFrozenLivesReachEverything(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for seed := range uint64(300) {
		liveFrozen(t, seed, func(_ int, o frozenOutcome) {
			if o.err != nil {
				seen["refused"]++
				return
			}
			if o.draft == nil {
				seen["save"]++
				return
			}
			for _, e := range o.draft.Entries {
				seen["kind "+string(e.Kind)]++
				for _, f := range e.Facts {
					seen["fact "+string(f.Kind)]++
				}
				for _, f := range e.Trace {
					seen[fmt.Sprintf("%s %s %v", f.Rule, f.Why, f.Fired)]++
				}
			}
		})
	}
	var missing []string
	for _, name := range frozenNames {
		if seen[name] == 0 {
			missing = append(missing, name)
		}
	}
	require.Empty(t, missing, "of %v", slices.Sorted(maps.Keys(seen)))
}

// frozenNames are what the lives have to reach, from SPEC.
var frozenNames = strings.Split(strings.TrimSpace(`
refused
save
kind write
kind reply
kind close
kind ignore
kind open
kind expire
kind pause
kind resume
kind mark
kind unmark
kind classify
kind describe
kind delay
kind rearm
fact created
fact reopened
fact opened
fact ignored
fact closed
fact paused
fact resumed
fact said
fact important
fact normal
fact delayed
fact answered
fact typified
fact metadata
fact notified
fact rearmed
fact linked
autoClose armed false
autoClose deadline true
sla armed false
sla deadline true
automaticClose deadline true
manualClose agent_closed true
newCustomer first_message true
newCustomer not_first_message false
ticketCreated created true
ticketCreated not_created false
outOfHours closed_hours true
outOfHours open_hours false
outOfHours spoke_in_interval false
outOfHours paused false
noAgents no_agent true
noAgents agent_available false
noAgents spoke_in_absence false
noAgents held_back false
noAgents paused false
important keyword true
important no_keyword false
important already_important false
important unmarked_by_agent false
notify created true
notify not_created false
notify marked_important true
notify not_marked_important false
`), "\n")

// frozenLife is the line of a seed, and what one of its decisions is made of.
func frozenLife(t *testing.T, seed uint64, dumped int) (line, dump string) {
	t.Helper()
	whole := sha256.New()
	var digits []byte
	liveFrozen(t, seed, func(i int, o frozenOutcome) {
		var b bytes.Buffer
		o.write(&b)
		one := sha256.Sum256(b.Bytes())
		digits = append(digits, "0123456789abcdef"[one[0]>>4])
		add(whole, one[:])
		if i == dumped {
			dump = b.String()
		}
	})
	return fmt.Sprintf("%x %s", whole.Sum(nil)[:8], digits), dump
}

func add(h hash.Hash, b []byte) { _, _ = h.Write(b) }

// frozenOutcome is what one step of a life comes to: a decision, a refusal, or a
// save with what it makes overdue.
type frozenOutcome struct {
	err     error
	draft   *tickets.Draft
	rules   *automation.Rules
	overdue []time.Time
}

// frozenRefusal returns what was refused, in words that do not follow those of the code: a
// command that a state does not allow by that state.
func frozenRefusal(err error) string {
	var refused *tickets.TransitionError
	if !errors.As(err, &refused) {
		return err.Error()
	}
	state := string(refused.From)
	switch {
	case refused.From == tickets.StatusNone:
		state = "missing"
	case refused.Paused:
		state = "paused"
	}
	return fmt.Sprintf("tickets: %s is not possible on a ticket that is %s", refused.Kind, state)
}

// write writes the outcome in a form that depends on no name of the code. It is
// all that has to follow when the code is written otherwise.
func (o frozenOutcome) write(b *bytes.Buffer) {
	if o.err != nil {
		fmt.Fprintln(b, "refused", frozenRefusal(o.err))
		return
	}
	if o.draft == nil {
		fmt.Fprintln(b, "overdue", instants(o.overdue...))
		return
	}
	d := o.draft
	for _, m := range d.Messages {
		fmt.Fprintf(b, "message %d %d %s %s %s %s %q %q %q %q", m.Seq, m.Ticket, instants(m.At), m.From, m.Level, m.Session, m.Agent, m.Name, m.Rule, m.Text)
		if m.File != nil {
			fmt.Fprintf(b, " %s %q %q %d", m.File.ID, m.File.Name, m.File.Type, m.File.Size)
		}
		fmt.Fprintln(b)
	}
	for _, e := range d.Entries {
		fmt.Fprintf(b, "entry %d %d %s %s by %s %q %q %s %q", e.N, e.Ticket, instants(e.At, e.Due), e.Kind, e.Actor.Kind, e.Actor.Agent, e.Actor.Name, e.Actor.Session, e.Actor.Rule)
		in := e.Inputs
		fmt.Fprintf(b, " in %s %v %d %d %d\n", instants(in.Now), in.Presence.Available, in.Presence.Absence, in.Config, in.Chance)
		for _, f := range e.Facts {
			fmt.Fprintf(b, "  fact %s %q %d %q %q %d\n", f.Kind, f.Rule, f.Seq, f.Reason, f.Address, int64(f.Waited))
		}
		for _, f := range e.Trace {
			fmt.Fprintf(b, "  finding %s %v %s %d %q %d %d %s\n", f.Rule, f.Fired, f.Why, f.Text, f.Word, f.From, f.To, instants(f.Until))
		}
	}
	for _, a := range d.Answers {
		fmt.Fprintf(b, "answer %d %s %d %d %v %q\n", a.Ticket, instants(a.Since, a.At), int64(a.Waited), int64(a.Limit), a.First, a.Agent)
	}
	for _, t := range d.Changed() {
		writeTicket(b, &t)
	}
	c := d.Conversation
	fmt.Fprintf(b, "conversation %d %d %d %d %s %d %s %v\n", c.LastSeq, c.LastEntry, c.Number, c.CustomerMessages, c.Session, c.Armed, instants(c.LastAt), c.Links)
	writeCustomer(b, &c.Customer)
	fmt.Fprintln(b, "wake", instants(o.rules.Wake(&d.Ticket)))
}

func writeTicket(b *bytes.Buffer, t *tickets.Ticket) {
	fmt.Fprintf(b, "ticket %d %d %s %q %v %v %v", t.Number, t.Previous, t.Status, t.Reason, t.Important, t.KeywordsOff, t.Paused)
	fmt.Fprintf(b, " %s %s %q %q %v %d", instants(t.CreatedAt, t.OpenedAt, t.ClosedAt, t.ChangedAt, t.CountsFrom), t.LastWord, t.Agent, t.AgentName, t.Answered, t.Messages)
	if w := t.Wait; w != nil {
		fmt.Fprintf(b, " waits %s %s %d", instants(w.Since, w.Due, w.DelayedAt), w.Clock, int64(w.Limit))
	}
	if t.Typification != nil {
		fmt.Fprintf(b, " %q %v", t.Typification.Category, t.Typification.Fields)
	}
	fmt.Fprintf(b, " %v\n", t.Metadata)
	writeCustomer(b, &t.Customer)
}

func writeCustomer(b *bytes.Buffer, c *tickets.Customer) {
	fmt.Fprintf(b, "  customer %s %q %q %q %q %q\n", c.Level, c.Name, c.Email, c.RUT, c.Phone, c.Locale)
}

func instants(ts ...time.Time) string {
	var b strings.Builder
	for i, t := range ts {
		if i > 0 {
			b.WriteByte(' ')
		}
		if t.IsZero() {
			b.WriteByte('-')
		} else {
			fmt.Fprint(&b, t.UnixNano())
		}
	}
	return b.String()
}
