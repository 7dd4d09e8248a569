package crash

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/lab/audit"
	"github.com/charlahq/charla/tickets"
)

// takeNext is the kind of a request for the next ticket (R11.2).
const takeNext tickets.CommandKind = "take next"

// taker is an agent who wants a ticket, with the request as it was answered.
type taker struct {
	who   tickets.AgentID
	rng   *rand.Rand
	asked request
	got   answer
}

// Takers has the plan's number of customers write and as many agents take the next ticket
// at once, each with a key, and then has all of them take one ticket, while processes are
// killed: the plan's number of times, in each of the two. With a DSN three processes serve
// them on PostgreSQL, else one does on SQLite, in an empty folder. An error means that the
// proof itself failed; what it found is in the report.
func Takers(p Plan, dsn, dir string) (*Report, error) {
	c := &cluster{
		job:   job{Dir: dir, DSN: dsn, Mutant: p.Mutant, Epoch: time.Now()},
		world: newWorld(p.Seed, 0), report: &Report{}, desks: make([]*process, 1),
	}
	if dsn != "" {
		c.desks = make([]*process, desks)
	}
	defer c.killAll()
	for i := range c.desks {
		if err := c.start(i); err != nil {
			return nil, err
		}
	}
	rng := rand.New(rand.NewPCG(p.Seed, 0))
	var takers []*taker
	for n := range p.Chats {
		c.write(rng)
		takers = append(takers, &taker{who: tickets.AgentID(fmt.Sprint("agent ", n)), rng: rand.New(rand.NewPCG(p.Seed, uint64(n)+1))})
	}
	if err := c.race(p, rng, takers, request{Kind: takeNext, Key: "next"}); err != nil {
		return nil, err
	}
	next := map[tickets.AgentID]answer{}
	for _, t := range takers {
		next[t.who] = t.got
	}
	all := request{Kind: tickets.CommandTake, Key: "all", Ref: c.write(rng)}
	if err := c.race(p, rng, takers, all); err != nil {
		return nil, err
	}
	if err := c.world.end(c.desks...); err != nil {
		return nil, err
	}
	c.report.people(c.world)
	return c.report, c.job.open(func(o *opened) error { return c.report.taken(o, takers, next, all.Ref) })
}

// write has a new customer write, and returns the ticket.
func (c *cluster) write(rng *rand.Rand) tickets.Ref {
	_, a := c.world.ask(rng, request{})
	_, a = c.world.ask(rng, request{Kind: tickets.CommandWrite, Token: a.Token, Key: "w", Text: "hola"})
	return a.Result.Ref
}

// race has all takers make a request at once, and kills processes while they wait for
// answers. It fails if they are not answered in time.
func (c *cluster) race(p Plan, rng *rand.Rand, takers []*taker, r request) error {
	before, done := c.world.answered.Load(), make(chan struct{}, len(takers))
	for _, t := range takers {
		c.world.people.Go(func() {
			t.take(c.world, r)
			done <- struct{}{}
		})
	}
	late := time.After(patience)
	for n, left := 0, len(takers); left > 0 || n < p.Kills; {
		// The kills are spread over the answers.
		if n < p.Kills && (left == 0 || c.world.answered.Load()-before >= int64(n*len(takers)/p.Kills)) {
			if err := c.killDesk(fault{pick: rng.IntN(len(c.desks))}); err != nil {
				return err
			}
			n++
			continue
		}
		select {
		case <-done:
			left--
		case <-time.After(time.Millisecond):
		case <-late:
			return fmt.Errorf("%d agents are not answered: %v", left, c.world.lastFailure.Load())
		}
	}
	return nil
}

// take makes a request in the taker's name. It asks again, for a while, if there is no next
// ticket: others may have had it in hand and lost it.
func (t *taker) take(w *world, r request) {
	r.Agent = t.who
	for range 100 {
		t.asked, t.got = w.ask(t.rng, r)
		if r.Kind != takeNext || !t.got.Refused {
			return
		}
		time.Sleep(time.Duration(10+t.rng.IntN(20)) * time.Millisecond)
	}
}

// taken checks that each agent took one of the next tickets, that one of them took the
// ticket that all wanted, that nobody else ever had one of them, and that those who have
// one are answered as before.
func (r *Report) taken(o *opened, takers []*taker, next map[tickets.AgentID]answer, all tickets.Ref) error {
	inbox := o.desk.Account(account).Inbox()
	owner := map[tickets.Ref]tickets.AgentID{}
	for who, a := range next {
		if a.Refused {
			r.Miss("%s got none of %d tickets", who, len(next))
			continue
		}
		owner[a.Result.Ref] = who
	}
	winner := map[tickets.AgentID]bool{}
	for _, t := range takers {
		if !t.got.Refused {
			winner[t.who], owner[all] = true, t.who
		}
		r.Acknowledged += 2
	}
	if len(winner) != 1 {
		r.Twice("one ticket was taken by %d agents", len(winner))
	}
	found := map[tickets.AgentID]int{}
	q := charla.TicketQuery{}
	for first := true; first || q.Cursor != ""; first = false {
		page, err := inbox.Tickets(ctx, q)
		if q.Cursor = page.Next; err != nil {
			return err
		}
		for _, row := range page.Items {
			who := row.Assignee.Agent
			if row.Ref != all && who != "" {
				found[who]++
			}
			if who != owner[row.Ref] {
				r.Wrong("%v is of %q, and %q was told to have it", row.Ref, who, owner[row.Ref])
			}
			conversation, err := audit.Read(ctx, o.desk, row.Ref)
			if err != nil {
				return err
			}
			assigned := 0
			for _, e := range conversation.Entries {
				for _, fact := range e.Facts {
					if fact.Kind == tickets.FactAssigned {
						assigned++
					}
				}
			}
			if assigned > 1 {
				r.Twice("%v was taken %d times", row.Ref, assigned)
			}
		}
	}
	for _, t := range takers {
		if found[t.who] > 1 {
			r.Twice("%s took %d of the next tickets", t.who, found[t.who])
		}
		if t.got.Refused {
			continue
		}
		if got, err := perform(ctx, o.desk, t.asked); err != nil || got != t.got.Result {
			r.Wrong("%s is answered %+v (%v), before %+v", t.who, got, err, t.got.Result)
		}
	}
	return nil
}

// taking reports whether an error refuses to take a ticket.
func taking(err error) bool {
	return errors.Is(err, tickets.ErrTaken) || errors.Is(err, charla.ErrNoneWaiting)
}
