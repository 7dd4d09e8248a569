package charla

import (
	"context"
	"slices"
	"time"

	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// Activity is what an agent does in a ticket just now (R11.7). The zero value is nothing:
// they have left it.
type Activity string

const (
	// Looking is having the ticket on the screen.
	Looking Activity = "looking"
	// Replying is writing to the customer, who sees that an agent is typing.
	Replying Activity = "replying"
	// Noting is writing a note, which the customer does not learn of (R11.4).
	Noting Activity = "noting"
)

// activities are what a hint can say; it has the index.
var activities = []Activity{"", Looking, Replying, Noting}

// Colleague is what an agent does in a ticket just now, as a stream tells other agents of
// it (R11.7). Activity empty: they have left it.
type Colleague struct {
	Agent    tickets.AgentID `json:"agent"`
	Activity Activity        `json:"activity,omitempty"`
}

const (
	// lookingFor is how long a call of [Agent.SetActivity] holds. Writing holds for
	// typingFor only, and is looking after that.
	lookingFor = 30 * time.Second
	// maxColleagues is of how many agents it is known what they do in a conversation.
	maxColleagues = 32
)

// present is what an agent said last that they do in a conversation.
type present struct {
	Colleague
	since time.Time
}

// at returns what the agent does at an instant: what they said holds for some seconds
// (lookingFor, typingFor). What a wrong clock said does not count.
func (p present) at(now time.Time) Activity {
	switch age := now.Sub(p.since); {
	case age < 0, age >= lookingFor:
		return ""
	case age >= typingFor && p.Activity != "":
		return Looking
	default:
		return p.Activity
	}
}

// ends returns the next instant at which what at returns changes by itself.
func (p present) ends(now time.Time) time.Time {
	if p.at(now) == Looking {
		return p.since.Add(lookingFor)
	}
	return p.since.Add(typingFor)
}

// SetActivity says to the agents who follow a conversation what this one does in it, and, of
// [Replying], to the customer that an agent is typing (R11.7). A screen says it again
// every few seconds: looking holds for thirty, writing for six. It is a hint that is kept
// nowhere. It fails with [chatcfg.Problems] for the person's ID or name or an unknown
// activity, and [ErrNotFound] if there is no such conversation.
func (a *Agent) SetActivity(ctx context.Context, ref tickets.Ref, does Activity) error {
	ref, err := ownRef(a.account, ref)
	if err := firstError(err, checkPerson(a.who), checkChoice("activity", does, activities...)); err != nil {
		return err
	}
	ref.Number = 0
	if _, err := a.desk.ticket(ctx, ref); err != nil {
		return err
	}
	a.desk.tellActivity(ref.Conversation.UUID, Colleague{a.who.ID, does})
	return nil
}

// setActivity records what an agent does in a conversation from now on, in place of what
// they said before, and wakes its readers. Without readers only [Replying] is kept, for the
// customer.
func (d *Desk) setActivity(id uuid.UUID, who Colleague) {
	d.topic.setTyping(id, d.Now, func(s *typists, now time.Time) { s.present = join(s.present, present{who, now}) })
}

// join returns a list of who is present with what one of them said last, without those who
// have left: at most maxColleagues. It does not change the list.
func join(all []present, one present) []present {
	joined := make([]present, 0, len(all)+1)
	for _, p := range all {
		if p.Agent != one.Agent && p.at(one.since) != "" {
			joined = append(joined, p)
		}
	}
	if one.Activity != "" && len(joined) < maxColleagues {
		joined = append(joined, one)
	}
	return joined
}

// stopWriting returns a list of who is present after an agent's message or note: its writer
// writes no more, unless they began after it. It does not change the list.
func stopWriting(all []present, m *tickets.Message) []present {
	if m.From != tickets.FromAgent && m.From != tickets.FromBot && m.From != tickets.FromNote {
		return all
	}
	i := slices.IndexFunc(all, func(p present) bool {
		return p.Agent == m.Agent && p.Activity != Looking && !m.At.Before(p.since)
	})
	if i < 0 {
		return all
	}
	changed := slices.Clone(all)
	changed[i].Activity = Looking
	return changed
}

// yieldColleagues yields what other agents than the reader do now, where it differs from
// what was last yielded of them. more is false when the reader has stopped.
func (r *running) yieldColleagues(all []present, now time.Time) (more bool) {
	var told []Colleague
	for _, p := range all {
		if does := p.at(now); p.Agent != r.reader && does != "" {
			told = append(told, Colleague{p.Agent, does})
		}
	}
	news := slices.DeleteFunc(slices.Clone(told), func(c Colleague) bool { return slices.Contains(r.colleagues, c) })
	for _, c := range r.colleagues {
		if !slices.ContainsFunc(told, func(o Colleague) bool { return o.Agent == c.Agent }) {
			news = append(news, Colleague{Agent: c.Agent})
		}
	}
	r.colleagues = told
	for i := range news {
		r.yieldedAt = now
		if !r.yield(Update{Colleague: &news[i]}, nil) {
			return false
		}
	}
	return true
}
