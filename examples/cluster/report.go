package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// report is the result of a run.
type report struct {
	messages, streams, changes, deadlines, mails tally
	// unknown counts e-mails that may or may not have been sent: the host decides.
	unknown int
	// rereads counts how often the agents' inbox was read from the beginning again.
	rereads int
	usual   time.Duration
	took    []recovery
	// problems describe the first of them.
	problems []string
}

// tally counts what there was, what of it is not there, and what is there twice.
type tally struct{ n, lost, twice int }

// recovery is how long a fault was felt.
type recovery struct {
	name string
	// answered is how long after it a request was sent and acknowledged.
	answered time.Duration
	// longest is how long a message waited until it was acknowledged.
	longest time.Duration
}

// kept reports whether nothing was lost and nothing done twice.
func (r *report) kept() bool {
	for _, t := range []tally{r.messages, r.streams, r.changes, r.deadlines, r.mails} {
		if t.lost+t.twice > 0 {
			return false
		}
	}
	return len(r.problems) == 0
}

// lose counts something that is missing, and describes it.
func (r *report) lose(t *tally, format string, args ...any) {
	t.lost++
	r.note("lost: "+format, args...)
}

// repeat counts something that was done twice, and describes it.
func (r *report) repeat(t *tally, format string, args ...any) {
	t.twice++
	r.note("twice: "+format, args...)
}

// note adds a description of a problem, up to 20.
func (r *report) note(format string, args ...any) {
	if len(r.problems) < 20 {
		r.problems = append(r.problems, fmt.Sprintf(format, args...))
	}
}

// time computes how long each fault was felt.
func (r *report) time(crowd *people, faults []fault, struck []time.Time) {
	all := slices.Clone(crowd.agents.said)
	for _, v := range crowd.visitors {
		all = append(all, v.said...)
	}
	var waits []time.Duration
	for i, at := range struck {
		next := time.Now()
		if i+1 < len(struck) {
			next = struck[i+1]
		}
		felt := recovery{name: faults[i].name, answered: -1}
		for _, s := range all {
			switch after := s.heard.Sub(at); {
			case s.heard.Before(at):
				if i == 0 {
					waits = append(waits, s.heard.Sub(s.asked))
				}
			case s.heard.Before(next):
				felt.longest = max(felt.longest, s.heard.Sub(s.asked))
				if s.sent.After(at) && (felt.answered < 0 || after < felt.answered) {
					felt.answered = after
				}
			}
		}
		r.took = append(r.took, felt)
	}
	if slices.Sort(waits); len(waits) > 0 {
		r.usual = waits[len(waits)/2]
	}
}

// print prints the report for people.
func (r *report) print(out io.Writer) {
	const row, head = "%-36s%10d%7d%7d\n", "%-36s%10s%7s%7s\n"
	fmt.Fprintf(out, "\n"+head, "", "there were", "lost", "twice")
	for _, t := range []struct {
		name string
		tally
	}{
		{"messages acknowledged", r.messages},
		{"messages read by streams", r.streams},
		{"conversations in the agents' inbox", r.changes},
		{"deadlines that fired", r.deadlines},
		{"e-mails sent", r.mails},
	} {
		fmt.Fprintf(out, row, t.name, t.n, t.lost, t.twice)
	}
	if len(r.took) > 0 {
		const row = "%-36s%14s%14s\n"
		fmt.Fprintf(out, "\n"+row, "", "answers after", "longest wait")
		for _, t := range r.took {
			fmt.Fprintf(out, row, t.name, seconds(t.answered), seconds(t.longest))
		}
		fmt.Fprintf(out, row, "usually (median)", "", seconds(r.usual))
	}
	fmt.Fprintln(out)
	if r.unknown > 0 {
		fmt.Fprintf(out, "E-mails that may or may not have been sent, so that the host decides: %d.\n", r.unknown)
	}
	if r.rereads > 0 {
		fmt.Fprintf(out, "The agents' inbox was read from the beginning again %s.\n", times(r.rereads))
	}
	for _, p := range r.problems {
		fmt.Fprintln(out, p)
	}
	if r.kept() {
		fmt.Fprintln(out, "Nothing was lost, and nothing was done twice.")
	} else {
		fmt.Fprintln(out, "A promise was broken.")
	}
}

// times returns a number of times in words.
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprint(n, " times")
}

// seconds returns a duration in seconds; below zero: "never".
func seconds(d time.Duration) string {
	if d < 0 {
		return "never"
	}
	return fmt.Sprintf("%.3f s", d.Seconds())
}
