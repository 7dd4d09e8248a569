package charla_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// planted is what notes say, spoken what agents say to the customer.
const planted, spoken = "secretísimo", "visible"

// ignorant is a store that does not know WithoutNotes.
type ignorant struct{ storage.Store }

func (s ignorant) Queries() storage.Queries { return ignorantQueries{s.Store.Queries()} }

type ignorantQueries struct{ storage.Queries }

func (q ignorantQueries) Messages(ctx context.Context, query storage.MessageQuery) ([]tickets.Message, error) {
	query.WithoutNotes = false
	return q.Queries.Messages(ctx, query)
}

// newer is a store in which a newer process stored messages of a kind that is not known here,
// in place of notes.
type newer struct{ storage.Store }

func (s newer) Queries() storage.Queries { return newerQueries{s.Store.Queries()} }

type newerQueries struct{ storage.Queries }

func (q newerQueries) Messages(ctx context.Context, query storage.MessageQuery) ([]tickets.Message, error) {
	query.WithoutNotes = false
	list, err := q.Queries.Messages(ctx, query)
	for i := range list {
		if list[i].From == tickets.FromNote {
			list[i].From = "whisper"
		}
	}
	return list, err
}

// roads are what a visitor can get of their conversation, by name.
func (b *bench) roads(v *charla.Visitor, last int64) map[string]any {
	b.t.Helper()
	all := map[string]any{}
	read := func(name string, q charla.MessageQuery) {
		for more := true; more; {
			page, err := v.Messages(b.ctx, q)
			require.NoError(b.t, err)
			before, _ := all[name].([]tickets.Message)
			all[name] = append(before, page.Items...)
			more, q.Cursor = page.Next != "", page.Next
		}
	}
	read("messages", charla.MessageQuery{})
	read("one by one", charla.MessageQuery{PageQuery: charla.PageQuery{Limit: 1}})
	read("backwards", charla.MessageQuery{Newest: true, PageQuery: charla.PageQuery{Limit: 1}})
	read("before", charla.MessageQuery{Before: last + 1, Newest: true, PageQuery: charla.PageQuery{Limit: 2}})
	read("after", charla.MessageQuery{After: 1, PageQuery: charla.PageQuery{Limit: 2}})
	var live []charla.Update
	for u, err := range v.Live(b.ctx, 0, 0) {
		require.NoError(b.t, err)
		if live = append(live, u); u == (charla.Update{}) {
			break
		}
	}
	all["live"] = live
	var files []any
	for seq := range last + 1 {
		file, body, err := v.File(b.ctx, seq)
		if err != nil {
			require.ErrorIs(b.t, err, charla.ErrNotFound)
			continue
		}
		files = append(files, file, string(body))
	}
	all["files"] = files
	outcome, err := v.DryRun(b.ctx, "¿qué pasaría?")
	require.NoError(b.t, err)
	all["dry run"] = outcome
	return all
}

// TestNotesStayInside: R11.4: what a note says leaves by no road to a customer: not by
// lists, streams, files, dry runs and answers, nor by mails and hooks; also of a store that
// does not leave notes out itself. Agents get it.
func TestNotesStayInside(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(storage.Store) storage.Store{
		"store": func(s storage.Store) storage.Store { return s }, "a store that does not know of notes": func(s storage.Store) storage.Store { return ignorant{s} },
		"another kind": func(s storage.Store) storage.Store { return newer{s} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(c *chatcfg.Config) {
				c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"jefa@tienda.cl"}}
				c.Automation.ManualClose = text("Adiós {customer}")
				c.Automation.TicketCreated = text("Ya vamos")
			})
			b.store = wrap(b.store)
			files, err := charla.NewFileDir(t.TempDir())
			require.NoError(t, err)
			t.Cleanup(func() { _ = files.Close() })
			var log bytes.Buffer
			var logged sync.Mutex
			asked := &events{}
			b.use(b.newDesk(func(o *charla.Options) {
				o.Files, o.Logger = &charla.FileOptions{Store: files}, logger(writerFunc(func(p []byte) (int, error) {
					logged.Lock()
					defer logged.Unlock()
					return log.Write(p)
				}))
				o.Hooks, o.NoteHooks = map[string]charla.Hook{"host": b.events.hear, "colleagues": asked.hear}, []string{"colleagues"}
			}))
			agent := b.agent(ana)
			note := func(ref tickets.Ref) charla.Result {
				r, err := agent.Note(b.ctx, ref, planted, &charla.WriteOptions{
					Mentions: []tickets.AgentID{planted + "-beto"}, File: &charla.Upload{Name: planted + ".txt", Body: []byte(planted)},
				})
				require.NoError(t, err)
				return r
			}
			for _, v := range []*charla.Visitor{
				b.enter("juan"), b.enterAs(charla.Entry{Proof: &charla.Proof{Subject: "carla", Name: "Carla"}}),
			} {
				ref := b.write(v, "hola").Ref
				for range 3 {
					note(ref)
				}
				_, err := agent.Reply(b.ctx, ref, spoken, &charla.WriteOptions{File: &charla.Upload{Name: spoken + ".txt", Body: []byte(spoken)}})
				require.NoError(t, err)
				note(ref)
				_, err = agent.Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClose}, nil)
				require.NoError(t, err)
				note(ref)
				second, err := v.Write(b.ctx, "otra cosa", &charla.WriteOptions{Key: "k"})
				require.NoError(t, err)
				note(ref) // an older ticket
				last := note(second.Ref)
				again, err := v.Write(b.ctx, "otra cosa", &charla.WriteOptions{Key: "k"})
				require.NoError(t, err)
				assert.Equal(t, second, again)
				b.pass(0)
				require.NoError(t, agent.MarkRead(b.ctx, ref, last.Seq))

				status, err := v.Status(b.ctx)
				require.NoError(t, err)
				assert.Equal(t, second.Last, status.LastSeq, "nothing is unread that cannot be read")
				for road, got := range b.roads(v, last.Seq) {
					raw, err := json.Marshal(got)
					require.NoError(t, err)
					assert.NotContains(t, string(raw), planted, road)
					if road != "dry run" && name == "store" { // the other one's pages are short
						assert.Contains(t, string(raw), spoken, road)
					}
				}
				list, err := v.Messages(b.ctx, charla.MessageQuery{}) // in one page
				require.NoError(t, err)
				assert.Len(t, list.Items, 6, "two messages, two answers to them, a reply, a close")

				var agents strings.Builder
				for _, m := range b.messages(ref) {
					if m.From == tickets.FromNote || m.From == "whisper" {
						agents.WriteString(m.Text)
						assert.True(t, m.Session.IsZero(), "it belongs to no session")
					}
				}
				assert.Equal(t, strings.Repeat(planted, 7), agents.String())
				_, body, err := b.account.Inbox().File(b.ctx, ref, last.Seq)
				require.NoError(t, err)
				assert.Equal(t, planted, string(body))
			}
			found, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{Text: planted})
			require.NoError(t, err)
			assert.Len(t, found.Items, 4, "agents find what notes say")
			for _, row := range found.Items {
				assert.Equal(t, planted, row.Last.Text)
			}

			b.pass(0)
			require.NotEmpty(t, b.mails.Mails())
			for what, got := range map[string]any{"mails": b.mails.Mails(), "events": b.events.list} {
				raw, err := json.Marshal(got)
				require.NoError(t, err)
				assert.NotContains(t, string(raw), planted, what)
			}
			assert.NotContains(t, log.String(), planted)
			assert.NotEmpty(t, b.events.of(tickets.FactSaid))
			assert.Empty(t, b.events.of(tickets.FactNoted), "only who asked hears of notes")
			assert.Len(t, asked.of(tickets.FactNoted), 14)
			mentions := asked.of(tickets.FactMentioned)
			require.Len(t, mentions, 14)
			assert.EqualValues(t, planted+"-beto", mentions[0].Fact.Assignee.Agent)
		})
	}
}

// writerFunc writes by a function.
type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(p []byte) (int, error) { return w(p) }

// TestNote: R11.4, R8.1: a note with a key is stored once, and names each agent once; what
// cannot be stored is refused, and so is a note by Do. Nothing of the ticket changes but
// when it changed.
func TestNote(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Quality.SLA = minutes(10) })
	ref := b.write(b.enter("juan"), "hola").Ref
	before := b.ticket(ref)
	agent := b.agent(ana)
	do := func(text string, who ...tickets.AgentID) (charla.Result, error) {
		return agent.Note(b.ctx, ref, text, &charla.WriteOptions{Key: "k", Mentions: who})
	}
	first, err := do("mirar", "beto", "carla", "beto")
	require.NoError(t, err)
	again, err := do("mirar", "beto", "carla", "beto")
	require.NoError(t, err)
	assert.Equal(t, first, again)
	for _, other := range [][]tickets.AgentID{nil, {"beto"}, {"beto", "carla", "diego"}} {
		_, err := do("mirar", other...)
		require.ErrorIs(t, err, charla.ErrKeyReused)
	}
	_, err = do("otra", "beto", "carla", "beto")
	require.ErrorIs(t, err, charla.ErrKeyReused)
	_, err = agent.Reply(b.ctx, ref, "mirar", &charla.WriteOptions{Key: "k"})
	require.ErrorIs(t, err, charla.ErrKeyReused)

	messages := b.messages(ref)
	require.Len(t, messages, 2)
	assert.Equal(t, tickets.Message{
		Seq: 2, Ticket: 1, At: start, From: tickets.FromNote, Level: tickets.LevelClaimed, Agent: "ana", Name: "Ana", Text: "mirar",
	}, messages[1])
	history, err := b.account.Inbox().History(b.ctx, ref, charla.PageQuery{})
	require.NoError(t, err)
	assert.Equal(t, []tickets.Fact{
		{Kind: tickets.FactNoted, Seq: 2},
		{Kind: tickets.FactMentioned, Assignee: tickets.Assignee{Agent: "beto"}}, {Kind: tickets.FactMentioned, Assignee: tickets.Assignee{Agent: "carla"}},
	}, history.Items[1].Facts)
	assert.Equal(t, before, b.ticket(ref))

	many := make([]tickets.AgentID, charla.MaxMentions+1)
	for i := range many {
		many[i] = "ana"
	}
	for path, bad := range map[string]struct {
		text string
		who  []tickets.AgentID
	}{
		"text": {text: ""}, "mentions": {text: "x", who: many}, "mentions[1]": {text: "x", who: []tickets.AgentID{"ana", ""}},
	} {
		_, err := agent.Note(b.ctx, ref, bad.text, &charla.WriteOptions{Mentions: bad.who})
		var problems chatcfg.Problems
		if assert.ErrorAs(t, err, &problems, path) {
			assert.Equal(t, path, problems[0].Path)
		}
	}
	_, err = agent.Note(b.ctx, ref, "x", &charla.WriteOptions{Mentions: many[1:]})
	require.NoError(t, err)
	_, err = agent.Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandNote, Text: "x"}, nil)
	require.ErrorIs(t, err, tickets.ErrCommand)
	_, err = charla.New(b.store, &charla.Options{NoteHooks: []string{"nobody"}})
	require.ErrorContains(t, err, `NoteHooks: "nobody"`)
}

// TestMarksHideNotes: R11.4: no mark of reading, a visitor's or an agent's, tells a visitor
// of the notes behind the last message that is theirs; the agent's own row has none unread.
func TestMarksHideNotes(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	v := b.enter("juan")
	ref := b.write(v, "hola").Ref
	for range 3 {
		_, err := b.agent(ana).Note(b.ctx, ref, "ojo", nil)
		require.NoError(t, err)
	}
	require.NoError(t, v.MarkRead(b.ctx, 1<<40))
	require.NoError(t, b.agent(ana).MarkRead(b.ctx, ref, 4))
	status, err := v.Status(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, tickets.Marks{Customer: 1, Agent: 1}, status.Read)
	assert.EqualValues(t, 1, status.LastSeq)
	assert.Equal(t, 0, b.unread(ana.ID, ref))
}
