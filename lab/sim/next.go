package sim

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// turn is what a call knows that takes the next ticket (R11.2).
type turn struct {
	account *account
	teams   []tickets.TeamID
	// looks are what it, or others on its desk since it began, found when they looked; own is
	// its own last one.
	looks []*glance
	own   *glance
}

// glance is who waited when somebody looked.
type glance struct {
	// waiting are the conversations that the call could take, who has waited longest first.
	waiting []*conv
	// rivals are the other such calls on its desk that may have had one of them in hand
	// since.
	rivals int
}

// next has an agent take the next ticket.
func (w *World) next(d *desk, a *account) {
	w.people.names++
	id := []tickets.AgentID{"ana", "beto", "carla"}[w.rnd.IntN(3)]
	who := charla.Person{ID: id, Name: fmt.Sprintf("%s %d", id, w.people.names)}
	r := &request{name: "next", tag: who.Name, account: a, actor: tickets.Actor{Kind: tickets.ActorAgent, Agent: id, Name: who.Name}}
	r.next = [][]tickets.TeamID{{}, {"ventas"}, {"soporte"}, {"soporte", "ventas"}}[w.rnd.IntN(4)]
	r.cmd = tickets.Command{Kind: tickets.CommandTake}
	if w.rnd.IntN(3) > 0 {
		r.key = fmt.Sprintf("turn %d", w.people.names)
		r.cmd.Turn = tickets.Turn{Agent: id, Key: r.key}
	}
	r.call = func(ctx context.Context, d *charla.Desk, key string) (charla.Result, error) {
		return d.Account(a.id).Agent(who).TakeNext(ctx, r.next, &charla.CallOptions{Key: key})
	}
	w.request(d, r)
}

// takesTurn prepares a call that takes the next ticket: it remembers who waits when somebody
// looks, and must not find nobody where somebody waits.
func (w *World) takesTurn(t *task, r *request) {
	t.turn = &turn{account: r.account, teams: r.next}
	for _, other := range w.rivals(t) {
		for _, g := range other.turn.looks {
			g.rivals++
		}
	}
	t.saw = func(name string) {
		if name != "tickets" {
			return
		}
		t.chanced = false // what it takes now it decides anew
		for _, one := range append(w.rivals(t), t) {
			one.turn.looks = append(one.turn.looks, &glance{r.account.waiting(one.turn.teams), len(w.rivals(t))})
		}
		t.turn.own = t.turn.looks[len(t.turn.looks)-1]
	}
	after := t.after
	t.after = func(t *task) {
		if g := t.turn.own; t.returned && errors.Is(t.err, charla.ErrNoneWaiting) && !r.account.deleted && (g == nil || len(g.waiting) > 0) {
			w.failf("next", "%q of teams %q found none in account %s: %+v", r.tag, r.next, r.account.name, g)
		}
		after(t)
	}
}

// rivals returns the other calls on a call's desk that take the next ticket of its account.
func (w *World) rivals(t *task) (all []*task) {
	for _, other := range w.tasks {
		if other != t && other.turn != nil && other.desk == t.desk && other.turn.account == t.turn.account {
			all = append(all, other)
		}
	}
	return all
}

// fits reports whether an agent of some teams could take a ticket next.
func (t *ticket) fits(teams []tickets.TeamID) bool {
	return t.status == tickets.StatusOpen && t.wait != nil && !t.paused && !t.bot && t.assignee.Agent == "" &&
		(t.team == "" || slices.Contains(teams, t.team))
}

// waiting returns the conversations whose tickets an agent of some teams could take, in the
// order in which they are next.
func (a *account) waiting(teams []tickets.TeamID) []*conv {
	var all []*conv
	for _, c := range a.order {
		if c.ticket.fits(teams) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(x, y *conv) int {
		return cmp.Or(x.ticket.wait.since.Compare(y.ticket.wait.since), bytes.Compare(x.id.UUID[:], y.id.UUID[:]))
	})
	return all
}

// takenNext checks that a call takes a ticket that is still to be taken, and that was the
// next one but for those that others had in hand.
func (m *model) takenNext(t *task, c *conv) {
	if !c.ticket.fits(t.turn.teams) {
		m.w.failf("next", "%q takes the ticket of %s as the next one: it is %+v", t.tag, c.id, c.ticket)
		return
	}
	if !slices.ContainsFunc(t.turn.looks, func(g *glance) bool {
		at := slices.Index(g.waiting, c)
		return at >= 0 && at <= g.rivals
	}) {
		m.w.failf("next", "%q takes the ticket of %s, which was not the next one in any of %d looks", t.tag, c.id, len(t.turn.looks))
	}
	m.w.stats.Nexts++
}
