package linear_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// yield lets other goroutines go on, so that calls meet.
func yield(r *rand.Rand) {
	for range r.IntN(4) {
		runtime.Gosched()
	}
}

// writer is a customer's session. It repeats calls whose outcome it does not
// know, some others, and now and then takes a key for something else.
type writer struct {
	h        *history
	customer int
	token    charla.Token
	name     string
	chance   *rand.Rand
}

func (w *writer) run(ctx context.Context) {
	r := w.chance
	for i := range calls / 2 {
		yield(r)
		in := input{Kind: write, Who: w.name, Text: fmt.Sprintf("%s dice %d", w.name, i)}
		if r.IntN(3) == 0 {
			in.Text += " " + keyword
		}
		if r.IntN(2) == 0 {
			in.Key = fmt.Sprint("k", i)
		}
		out := w.write(ctx, in)
		if in.Key == "" {
			continue
		}
		if out.Outcome == unknown || r.IntN(2) == 0 {
			w.write(ctx, in)
		}
		if r.IntN(6) == 0 {
			in.Text += " otra vez"
			w.write(ctx, in)
		}
	}
}

func (w *writer) write(ctx context.Context, in input) output {
	return w.h.record(w.customer, w.chance.IntN(len(w.h.desks)), in, func(d *charla.Desk) output {
		got, err := d.Account(w.h.account).Visitor(w.token).Write(ctx, in.Text, &charla.WriteOptions{Key: in.Key})
		if err == nil {
			w.h.convs[w.customer].Store(&tickets.Ref{Account: got.Ref.Account, Conversation: got.Ref.Conversation})
		}
		return w.h.answered(got, err)
	})
}

// agent answers and moves a customer's tickets, once there are any.
type agent struct {
	h        *history
	customer int
	id       string
	chance   *rand.Rand
}

var deeds = []kind{reply, reply, reply, reply, shut, shut, ignore, open, open, pause, resume, mark, unmark}

// commands are what the deeds besides an answer are in the library's words.
var commands = map[kind]tickets.CommandKind{
	shut: tickets.CommandClose, ignore: tickets.CommandIgnore, open: tickets.CommandOpen, pause: tickets.CommandPause,
	resume: tickets.CommandResume, mark: tickets.CommandMark, unmark: tickets.CommandUnmark,
}

func (a *agent) run(ctx context.Context) {
	r := a.chance
	for range 1000 {
		if a.h.convs[a.customer].Load() != nil {
			break
		}
		runtime.Gosched()
	}
	for i := range calls {
		yield(r)
		in := input{Kind: deeds[r.IntN(len(deeds))], Who: a.id, Text: fmt.Sprintf("%s contesta %d", a.id, i)}
		if in.Kind != reply {
			in.Text = ""
		}
		if r.IntN(4) == 0 {
			in.Number = 1 + r.IntN(2)
		}
		if r.IntN(3) == 0 {
			in.Key = fmt.Sprint("k", i)
		}
		out := a.act(ctx, in)
		if in.Key != "" && (out.Outcome == unknown || r.IntN(2) == 0) {
			a.act(ctx, in)
		}
	}
}

func (a *agent) act(ctx context.Context, in input) output {
	conv := a.h.convs[a.customer].Load()
	if conv == nil {
		return output{}
	}
	ref := *conv
	ref.Number = tickets.Number(in.Number)
	who := charla.Person{ID: tickets.AgentID(in.Who)}
	return a.h.record(a.customer, a.chance.IntN(len(a.h.desks)), in, func(d *charla.Desk) output {
		agent := d.Account(ref.Account).Agent(who)
		if in.Kind == reply {
			return a.h.answered(agent.Reply(ctx, ref, in.Text, &charla.WriteOptions{Key: in.Key}))
		}
		return a.h.answered(agent.Do(ctx, ref, tickets.Command{Kind: commands[in.Kind]}, &charla.CallOptions{Key: in.Key}))
	})
}

// reader looks at tickets and messages.
type reader struct {
	h        *history
	customer int
	chance   *rand.Rand
}

func (v *reader) run(ctx context.Context) {
	r := v.chance
	for range calls {
		for range 20 {
			yield(r)
		}
		if r.IntN(2) == 0 {
			v.messages(ctx, r.IntN(len(v.h.desks)))
		} else {
			v.ticket(ctx, r.IntN(len(v.h.desks)), r.IntN(3))
		}
	}
}

func (v *reader) ticket(ctx context.Context, desk, number int) {
	conv := v.h.convs[v.customer].Load()
	if conv == nil {
		return
	}
	ref := *conv
	ref.Number = tickets.Number(number)
	v.h.record(v.customer, desk, input{Kind: look, Number: number}, func(d *charla.Desk) output {
		t, err := d.Account(ref.Account).Inbox().Ticket(ctx, ref)
		if err != nil {
			return output{Outcome: v.h.ended(err)}
		}
		seen := view{Status: string(t.Status), Important: t.Important, Paused: t.Paused}
		if t.Reason != "" {
			seen.Status += " " + string(t.Reason)
		}
		return output{Outcome: done, Number: int(t.Number), Ticket: seen}
	})
}

func (v *reader) messages(ctx context.Context, desk int) {
	conv := v.h.convs[v.customer].Load()
	if conv == nil {
		return
	}
	v.h.record(v.customer, desk, input{Kind: listen}, func(d *charla.Desk) output {
		page, err := d.Account(conv.Account).Inbox().Messages(ctx, *conv, charla.MessageQuery{})
		if err != nil {
			return output{Outcome: v.h.ended(err)}
		}
		out := output{Outcome: done}
		for _, m := range page.Items {
			who := string(m.From)
			if m.From == tickets.FromRule {
				who = string(m.Rule)
			}
			out.Messages += fmt.Sprintf("%d %s: %s\n", m.Seq, who, m.Text)
		}
		return out
	})
}
