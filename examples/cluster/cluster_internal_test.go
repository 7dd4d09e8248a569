package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain is also the processes.
func TestMain(m *testing.M) {
	if os.Getenv(processEnv) != "" {
		if err := processMain(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// R8.1, R8.2, R4.5, R3.9: whatever is killed, the processes or the database or the
// machine that it is on, nothing that was acknowledged is lost and nothing is done
// twice.
func TestFaults(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := plan{load: 8 * time.Second, visitors: 10, out: &out, faults: faults}
	r, err := p.run(t.Context())
	require.NoError(t, err, out.String())
	r.print(&out)
	t.Log("\n" + out.String())
	require.True(t, r.kept())
	assert.Greater(t, r.messages.n, p.visitors)
	assert.Greater(t, r.streams.n, r.messages.n/2)
	assert.Equal(t, p.visitors, r.changes.n)
	assert.Positive(t, r.deadlines.n)
	assert.Positive(t, r.mails.n)
	assert.Positive(t, r.rereads, "another server numbers the changes")
	require.Len(t, r.took, len(faults))
	for _, took := range r.took {
		assert.Positive(t, took.answered, took.name)
		assert.Positive(t, took.longest, took.name)
	}
	assert.Contains(t, out.String(), "Nothing was lost, and nothing was done twice.")
}

// hasty stands before the proxy, and acknowledges the first message and every third
// after it without passing it on.
func hasty(next http.Handler) http.Handler {
	var seen atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		message := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/messages")
		if err != nil || !message || seen.Add(1)%3 != 1 {
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"message": {"seq": 5}}`)
	})
}

// The negative control: who believes what was not stored loses it, and hears of it.
func TestControl(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := plan{load: 2 * time.Second, visitors: 4, out: &out, front: hasty}
	r, err := p.run(t.Context())
	require.NoError(t, err, out.String())
	r.print(&out)
	require.False(t, r.kept(), out.String())
	assert.Positive(t, r.messages.lost)
	assert.Equal(t, tally{n: r.deadlines.n}, r.deadlines)
	assert.Contains(t, out.String(), "A promise was broken.")
}

// Every kind of problem is found.
func TestReport(t *testing.T) {
	t.Parallel()
	type world struct {
		*people
		desk  *charla.Desk
		clock *clock.Mock
		mails string
	}
	none := func(*world) {}
	appendMail := func(w *world, key string) {
		file, err := os.OpenFile(w.mails, os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = file.WriteString(key)
		require.NoError(t, err)
		require.NoError(t, file.Close())
	}
	for name, c := range map[string]struct {
		tamper      func(*world)
		of          func(*report) *tally
		lost, twice int
	}{
		"nothing": {tamper: none, of: func(r *report) *tally { return &r.messages }},
		"a message": {
			tamper: func(w *world) {
				w.visitors[0].said = append(w.visitors[0].said, said{seq: 3, text: "nobody wrote this"})
			},
			of: func(r *report) *tally { return &r.messages }, lost: 1,
		},
		"a whole conversation": {
			tamper: func(w *world) {
				_, token, err := w.account(t, w.desk).Enter(t.Context(), charla.Entry{Name: "Juana", Email: "juana@example.com"})
				require.NoError(t, err)
				w.visitors = append(w.visitors, &visitor{n: 2, token: string(token), said: []said{{seq: 1, text: "nobody stored this"}}})
			},
			of: func(r *report) *tally { return &r.messages }, lost: 1,
		},
		"a message of an agent": {
			tamper: func(w *world) { w.agents.said[0].text = "another" },
			of:     func(r *report) *tally { return &r.messages }, lost: 1,
		},
		"a message twice": {
			tamper: func(w *world) {
				account := w.account(t, w.desk)
				got, err := account.Visitor(charla.Token(w.visitors[0].token)).Write(t.Context(), "hello", nil)
				require.NoError(t, err)
				w.visitors[0].got[got.Seq] = "hello"
				w.clock.Add(time.Hour)
				_, err = w.desk.RunDue(t.Context())
				require.NoError(t, err)
				w.see(t, account, got.Ref)
			},
			of: func(r *report) *tally { return &r.messages }, twice: 1,
		},
		"a message in a stream": {
			tamper: func(w *world) { delete(w.visitors[0].got, 2) },
			of:     func(r *report) *tally { return &r.streams }, lost: 1,
		},
		"a change": {
			tamper: func(w *world) {
				for id := range w.agents.seen {
					w.agents.seen[id] = w.agents.seen[id].Add(-time.Second)
				}
			},
			of: func(r *report) *tally { return &r.changes }, lost: 1,
		},
		"a mail": {
			tamper: func(w *world) { require.NoError(t, os.WriteFile(w.mails, nil, 0o600)) },
			of:     func(r *report) *tally { return &r.mails }, lost: 1,
		},
		"a mail twice": {
			tamper: func(w *world) {
				body, err := os.ReadFile(w.mails)
				require.NoError(t, err)
				appendMail(w, string(body))
			},
			of: func(r *report) *tally { return &r.mails }, twice: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{
				people: newPeople(&cluster{}, 1), clock: clock.NewMock(), mails: filepath.Join(t.TempDir(), "mails"),
			}
			var err error
			w.desk, err = charla.New(storage.NewMemory(), &charla.Options{Clock: w.clock, Mailer: mailFile(w.mails)})
			require.NoError(t, err)
			w.live(t, w.desk, w.clock)
			c.tamper(w)
			r := &report{}
			require.NoError(t, r.audit(t.Context(), w.desk, w.account(t, w.desk), w.people, w.mails))
			assert.Equal(t, c.lost, c.of(r).lost, r.problems)
			assert.Equal(t, c.twice, c.of(r).twice, r.problems)
			assert.Equal(t, c.lost+c.twice == 0, r.kept(), r.problems)
		})
	}
}

func (p *people) account(t *testing.T, desk *charla.Desk) *charla.Account {
	t.Helper()
	list, err := desk.Accounts(t.Context(), charla.AccountQuery{Hidden: true})
	require.NoError(t, err)
	return desk.Account(list.Items[0].ID)
}

// see has the agents know how the conversation of a ticket is.
func (p *people) see(t *testing.T, account *charla.Account, ref tickets.Ref) {
	t.Helper()
	latest, err := account.Inbox().Ticket(t.Context(), tickets.Ref{Conversation: ref.Conversation})
	require.NoError(t, err)
	p.agents.seen[ref.Conversation] = latest.ChangedAt
}

// live has a visitor and an agent write, and their ticket closed by itself.
func (p *people) live(t *testing.T, desk *charla.Desk, clock *clock.Mock) {
	t.Helper()
	cfg, err := chatcfg.Decode([]byte(rules))
	require.NoError(t, err)
	account, _, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	visitor, token, err := account.Enter(t.Context(), charla.Entry{Name: "Carla", Email: "carla@example.com"})
	require.NoError(t, err)
	asked, err := visitor.Write(t.Context(), "hello", nil)
	require.NoError(t, err)
	replied, err := account.Agent(charla.Person{ID: "ana", Name: "Ana"}).Reply(t.Context(), asked.Ref, "yes?", nil)
	require.NoError(t, err)
	clock.Add(time.Hour)
	_, err = desk.RunDue(t.Context())
	require.NoError(t, err)
	v := p.visitors[0]
	v.token = string(token)
	v.said = []said{{seq: asked.Seq, text: "hello"}}
	v.got = map[int64]string{1: "hello", 2: "yes?", 3: "We close this for now."}
	p.agents.said = []said{{conversation: asked.Ref.Conversation, seq: replied.Seq, text: "yes?"}}
	p.see(t, account, asked.Ref)
}

// Each deadline is counted once; one that is still to come was lost.
func TestFired(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	closed := tickets.Entry{N: 1, Ticket: 1, Due: due, Facts: []tickets.Fact{{Kind: tickets.FactClosed, Reason: tickets.ReasonAutomatic}}}
	delayed := tickets.Entry{N: 2, Ticket: 1, Due: due, Facts: []tickets.Fact{{Kind: tickets.FactDelayed}}}
	later := delayed
	later.Due = due.Add(time.Hour)
	for name, c := range map[string]struct {
		latest  tickets.Ticket
		history []tickets.Entry
		want    tally
	}{
		"none":     {tickets.Ticket{Status: tickets.StatusClosed}, nil, tally{}},
		"each":     {tickets.Ticket{Status: tickets.StatusClosed}, []tickets.Entry{delayed, later, closed}, tally{n: 3}},
		"twice":    {tickets.Ticket{Status: tickets.StatusClosed}, []tickets.Entry{delayed, closed, closed, delayed}, tally{n: 4, twice: 2}},
		"unclosed": {tickets.Ticket{Status: tickets.StatusOpen, LastWord: tickets.SideAgent}, nil, tally{lost: 1}},
		"undelayed": {
			tickets.Ticket{Status: tickets.StatusOpen, LastWord: tickets.SideCustomer, Wait: &tickets.Wait{Due: due}}, nil, tally{lost: 1},
		},
		"waits": {
			tickets.Ticket{Status: tickets.StatusOpen, LastWord: tickets.SideCustomer, Wait: &tickets.Wait{Due: due, DelayedAt: due}},
			[]tickets.Entry{delayed}, tally{n: 1},
		},
	} {
		r := &report{}
		r.countDeadlines(&c.latest, c.history)
		assert.Equal(t, c.want, r.deadlines, name)
	}
}

// What it cannot do it says.
func TestRefuses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"extra": `"extra"`, "-for 5s": "too little", "-visitors 0": "too little", "-nothing": "-nothing",
	} {
		var errs bytes.Buffer
		assert.Equal(t, unrun, run(t.Context(), strings.Fields(args), io.Discard, &errs))
		assert.Contains(t, errs.String(), want, args)
		assert.Contains(t, errs.String(), "  -for", args)
	}
	assert.Equal(t, kept, run(t.Context(), []string{"-h"}, io.Discard, io.Discard))
}
