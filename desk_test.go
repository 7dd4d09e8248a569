package charla_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFirstMessages: R3.2: 64 at once make one ticket, whether they come by one
// session or by 64 of the same customer, on one desk or on four.
func TestFirstMessages(t *testing.T) {
	t.Parallel()
	const writers = 64
	for _, sessions := range []int{1, writers} {
		for _, desks := range []int{1, 4} {
			t.Run(fmt.Sprintf("R3.2 %d sessions, %d desks", sessions, desks), func(t *testing.T) {
				t.Parallel()
				b := setup(t, func(c *chatcfg.Config) {
					c.Chat.EmailAsIdentifier = true
					c.Automation.TicketCreated = text("creado")
				})
				var list []*charla.Desk
				for range desks {
					list = append(list, b.newDesk(func(o *charla.Options) { o.Limits.Attempts = 200 }))
				}
				var in []*charla.Visitor
				for range sessions {
					in = append(in, b.enter("juan"))
				}
				results := make([]charla.Result, writers)
				var group sync.WaitGroup
				for i := range writers {
					group.Go(func() {
						var err error
						results[i], err = b.on(list[i%desks], in[i%sessions]).Write(b.ctx, fmt.Sprint("hola ", i), nil)
						assert.NoError(t, err)
					})
				}
				group.Wait()
				b.pass(0)
				assert.Len(t, b.events.of(tickets.FactCreated), 1)
				page, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{})
				require.NoError(t, err)
				require.Len(t, page.Items, 1)
				all := b.messages(results[0].Ref)
				require.Len(t, all, writers+1, "every message and one automatic")
				for i, m := range all {
					assert.EqualValues(t, i+1, m.Seq, "gapless (R3.9)")
				}
				assert.Equal(t, []tickets.RuleKey{automation.RuleTicketCreated}, b.said(results[0].Ref))
			})
		}
	}
}

// TestKeys: R3.9, R8.1: a keyed call repeated answers as before and does nothing.
func TestKeys(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.enter("juan")
	key, agents := &charla.WriteOptions{Key: "k1"}, &charla.CallOptions{Key: "k1"}
	first, err := s.Write(b.ctx, "hola", key)
	require.NoError(t, err)
	b.write(s, "sigo aquí")
	b.clock.Set(start.Add(time.Hour))
	again, err := b.on(b.newDesk(nil), s).Write(b.ctx, "hola", key)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assert.Len(t, b.messages(first.Ref), 2)
	_, err = s.Write(b.ctx, "adiós", key)
	require.ErrorIs(t, err, charla.ErrKeyReused)

	closed, err := b.agent(ana).Do(b.ctx, first.Ref, tickets.Command{Kind: tickets.CommandClose}, agents)
	require.NoError(t, err, "agents' keys and customers' do not meet")
	again, err = b.agent(ana).Do(b.ctx, first.Ref, tickets.Command{Kind: tickets.CommandClose}, agents)
	require.NoError(t, err, "though a closed ticket cannot be closed")
	assert.Equal(t, closed, again)
	_, err = b.agent(ana).Do(b.ctx, first.Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.ErrorIs(t, err, tickets.ErrTransition)
	_, err = b.agent(ana).Do(b.ctx, first.Ref, tickets.Command{Kind: tickets.CommandOpen}, agents)
	require.ErrorIs(t, err, charla.ErrKeyReused)

	other := b.enter("eva")
	_, err = other.Write(b.ctx, "otra", key)
	require.NoError(t, err, "another session's key")
	_, err = s.Write(b.ctx, "hola", &charla.WriteOptions{Key: strings.Repeat("k", 201)})
	var bad chatcfg.Problems
	require.ErrorAs(t, err, &bad)
	assert.True(t, bad.Has("key", chatcfg.CodeTooLong))
}

// TestBadOptions: every problem of the options at once.
func TestBadOptions(t *testing.T) {
	t.Parallel()
	_, err := charla.New(nil, nil)
	require.ErrorContains(t, err, "no store")
	_, err = charla.New(storage.NewMemory(), &charla.Options{
		SessionTTL: -1, Limits: charla.Limits{Attempts: -1, Queue: -1, Accounts: -1},
		Runner: charla.RunnerOptions{Poll: -1, Lease: -1, Batch: -1, Workers: -1, Attempts: -1, Backoff: -1, Keep: -1},
		Files:  &charla.FileOptions{MaxBytes: -1},
	})
	for _, want := range []string{
		"SessionTTL", "Limits.Attempts", "Limits.Queue", "Limits.Accounts", "Runner.Poll", "Runner.Lease", "Runner.Batch",
		"Runner.Workers", "Runner.Attempts", "Runner.Backoff", "Runner.Keep", "Files has no Store", "Files.MaxBytes",
	} {
		assert.ErrorContains(t, err, want)
	}
}

// TestBadInput: bad input anywhere is an error with a code, and nothing is stored.
func TestBadInput(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.enter("juan")
	ref := b.write(s, "hola").Ref
	before := b.messages(ref)
	for name, bad := range map[string]struct {
		text string
		code chatcfg.Code
	}{
		"empty":        {"", chatcfg.CodeBlank},
		"blank":        {" \t\n\u00a0", chatcfg.CodeBlank},
		"too long":     {strings.Repeat("a", chatcfg.MaxMessage+1), chatcfg.CodeTooLong},
		"10 MB":        {strings.Repeat("a", 10<<20), chatcfg.CodeTooLong},
		"invalid":      {"ho\xffla", chatcfg.CodeInvalidUTF8},
		"NUL":          {"ho\x00la", chatcfg.CodeControlCharacter},
		"escape":       {"ho\x1bla", chatcfg.CodeControlCharacter},
		"C1":           {"ho\u0085la", chatcfg.CodeControlCharacter},
		"lone CR":      {"ho\rla", chatcfg.CodeControlCharacter},
		"long and bad": {strings.Repeat("\xff", 10<<20), chatcfg.CodeInvalidUTF8},
	} {
		for call, do := range map[string]func() error{
			"write":   func() error { _, err := s.Write(b.ctx, bad.text, nil); return err },
			"reply":   func() error { _, err := b.agent(ana).Reply(b.ctx, ref, bad.text, nil); return err },
			"dry run": func() error { _, err := s.DryRun(b.ctx, bad.text); return err },
		} {
			var p chatcfg.Problems
			require.ErrorAs(t, do(), &p, "%s, %s", name, call)
			assert.Equal(t, "text", p[0].Path)
			codes := make([]chatcfg.Code, 0, len(p))
			for _, one := range p {
				codes = append(codes, one.Code)
			}
			if name != "long and bad" {
				assert.Contains(t, codes, bad.code, "%s, %s", name, call)
			}
		}
		_, _, err := b.account.Enter(b.ctx, charla.Entry{Name: "x" + bad.text, Email: bad.text + "@"})
		var p chatcfg.Problems
		require.ErrorAs(t, err, &p, name)
	}
	var p chatcfg.Problems
	_, err := s.Write(b.ctx, "hola", &charla.WriteOptions{Welcome: &tickets.Welcome{Text: "\x00", Author: "\x00"}})
	require.ErrorAs(t, err, &p)
	assert.True(t, p.Has("welcome.text", chatcfg.CodeControlCharacter) && p.Has("welcome.author", chatcfg.CodeControlCharacter))
	_, err = b.agent(charla.Person{ID: "", Name: "\x00"}).Reply(b.ctx, ref, "hola", nil)
	require.ErrorAs(t, err, &p)
	_, err = b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClassify, Typification: &tickets.Typification{Category: "", Fields: map[string]string{"a": "\x00"}}}, nil)
	require.ErrorAs(t, err, &p)
	assert.True(t, p.Has("typification.category", chatcfg.CodeBlank) && p.Has("typification.fields.a", chatcfg.CodeControlCharacter))
	many := make(map[string]string)
	for i := range charla.MaxFields + 1 {
		many[fmt.Sprint(i)] = "x"
	}
	_, err = b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandDescribe, Metadata: many}, nil)
	require.ErrorAs(t, err, &p)
	assert.True(t, p.Has("metadata", chatcfg.CodeTooMany))
	require.Error(t, b.agent(charla.Person{ID: "ana"}).Heartbeat(b.ctx, "asleep"))

	assert.Equal(t, before, b.messages(ref), "nothing was stored")
	history, err := b.account.Inbox().History(b.ctx, ref, charla.PageQuery{})
	require.NoError(t, err)
	assert.Len(t, history.Items, 1)
}

// TestMessageAtTheLimit: what is allowed is stored as it came.
func TestMessageAtTheLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.enter("juan")
	long := strings.Repeat("ñ", chatcfg.MaxMessage)
	b.write(s, long)
	odd := "línea 1\n\tlínea 2 \u202e\u200d👩‍👧 <script>"
	ref := b.write(s, odd).Ref
	all := b.messages(ref)
	assert.Equal(t, long, all[0].Text)
	assert.Equal(t, odd, all[1].Text)
}

// TestOlderTickets: R3.3, R3.6.
func TestOlderTickets(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.enter("juan")
	first := b.write(s, "uno").Ref
	_, err := b.agent(ana).Do(b.ctx, first, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	second := b.write(s, "dos").Ref
	require.EqualValues(t, 2, second.Number)
	_, err = b.agent(ana).Do(b.ctx, first, tickets.Command{Kind: tickets.CommandOpen}, nil)
	require.ErrorIs(t, err, tickets.ErrNotLatest)
	fields := map[string]string{"motivo": "despacho"}
	_, err = b.agent(ana).Do(b.ctx, first, tickets.Command{Kind: tickets.CommandClassify, Typification: &tickets.Typification{Category: "Reclamo", Fields: fields}}, nil)
	require.NoError(t, err)
	fields["motivo"] = "changed by the caller afterwards"
	_, err = b.agent(ana).Do(b.ctx, first, tickets.Command{Kind: tickets.CommandDescribe, Metadata: map[string]string{"pedido": "17"}}, nil)
	require.NoError(t, err)
	_, err = b.agent(ana).Do(b.ctx, first, tickets.Command{Kind: tickets.CommandMark}, nil)
	require.NoError(t, err)
	got := b.ticket(first)
	assert.Equal(t, &tickets.Typification{Category: "Reclamo", Fields: map[string]string{"motivo": "despacho"}}, got.Typification)
	assert.Equal(t, map[string]string{"pedido": "17"}, got.Metadata)
	assert.True(t, got.Important)
	page, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{Conversation: first.Conversation})
	require.NoError(t, err)
	assert.Len(t, page.Items, 2, "an agent sees the customer's previous tickets (R3.6)")
	page, err = b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{Text: "RECLA"})
	require.NoError(t, err)
	require.Len(t, page.Items, 1, "found by typification")
	assert.EqualValues(t, 1, page.Items[0].Number)
	_, err = b.agent(ana).Reply(b.ctx, tickets.Ref{Account: b.account.ID(), Conversation: first.Conversation, Number: 9}, "x", nil)
	require.ErrorIs(t, err, tickets.ErrNoTicket)
	_, err = b.account.Inbox().Ticket(b.ctx, tickets.Ref{Account: b.account.ID()})
	require.ErrorIs(t, err, charla.ErrNotFound)
	_, err = b.agent(ana).Reply(b.ctx, tickets.Ref{Account: b.account.ID(), Conversation: tickets.ConversationID{UUID: first.Account.UUID}}, "x", nil)
	require.ErrorIs(t, err, charla.ErrNotFound)
}

// TestAnonymous: R3.6, R7.3.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Chat.Anonymous = true
		c.Automation.NewCustomer = text("bienvenido")
	})
	var refs []tickets.Ref
	for range 2 {
		s, _, err := b.account.Enter(b.ctx, charla.Entry{Anonymous: true})
		require.NoError(t, err)
		ref := b.write(s, "hola").Ref
		b.write(s, "¿hay alguien?")
		assert.Equal(t, []tickets.RuleKey{automation.RuleNewCustomer}, b.said(ref), "a new customer each time")
		refs = append(refs, ref)
		require.NoError(t, s.Leave(b.ctx))
		_, err = s.Write(b.ctx, "tarde", nil)
		require.ErrorIs(t, err, charla.ErrSession)
	}
	assert.NotEqual(t, refs[0].Conversation, refs[1].Conversation)
	_, err := b.agent(ana).Do(b.ctx, refs[0], tickets.Command{Kind: tickets.CommandClassify, Typification: &tickets.Typification{Category: "x"}}, nil)
	require.ErrorIs(t, err, tickets.ErrAnonymous)
	_, err = b.agent(ana).Do(b.ctx, refs[0], tickets.Command{Kind: tickets.CommandDescribe, Metadata: map[string]string{"a": "b"}}, nil)
	require.ErrorIs(t, err, tickets.ErrAnonymous)

	s, _, err := b.account.Enter(b.ctx, charla.Entry{Anonymous: true})
	require.NoError(t, err)
	b.save(func(c *chatcfg.Config) { c.Chat.Anonymous = false }, nil)
	var p chatcfg.Problems
	_, err = s.Write(b.ctx, "hola", nil)
	require.ErrorAs(t, err, &p)
	assert.True(t, p.Has("", chatcfg.CodeAnonymousOff))
}

// flaky fails commits as it is told.
type flaky struct {
	storage.Store
	conversations *flakyConversations
}

type flakyConversations struct {
	storage.Conversations
	fail func(commit func() error) error
}

func (f *flaky) Conversations() storage.Conversations { return f.conversations }

func (f *flakyConversations) Commit(ctx context.Context, b *storage.Batch) error {
	return f.fail(func() error { return f.Conversations.Commit(ctx, b) })
}

// TestNotDone: R8.1: what a store says not to have happened is not said to be unknown,
// whether trying again helps or not; what it does not say so of is.
func TestNotDone(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	inner := b.store
	conversations := &flakyConversations{Conversations: inner.Conversations()}
	b.store = &flaky{Store: inner, conversations: conversations}
	s := b.on(b.newDesk(nil), b.enter("juan"))
	for _, one := range []struct {
		err           error
		busy, unknown bool
	}{
		{storage.ErrNotDone, false, false},
		{fmt.Errorf("permission denied: %w", storage.ErrNotDone), false, false},
		{fmt.Errorf("locked: %w", storage.ErrBusy), true, false},
		{errors.New("connection lost"), false, true},
	} {
		conversations.fail = func(func() error) error { return one.err }
		_, err := s.Write(b.ctx, "hola", nil)
		require.ErrorIs(t, err, one.err)
		assert.Equal(t, one.unknown, errors.Is(err, charla.ErrOutcomeUnknown), "%v", err)
		assert.Equal(t, one.busy, errors.Is(err, charla.ErrBusy), "%v", err)
	}
}

// TestOutcomes: R8.1: an error says whether it may have happened, and a keyed call
// repeated finds out; a text chosen at random is never chosen again by a retry
// (SPEC section 4).
func TestOutcomes(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Automation.TicketCreated = text("uno", "dos", "tres") })
	inner := b.store
	conversations := &flakyConversations{Conversations: inner.Conversations()}
	b.store = &flaky{Store: inner, conversations: conversations}
	desk := b.newDesk(nil)
	lost := errors.New("connection lost")
	for i := range 50 {
		s := b.on(desk, b.enter(fmt.Sprint("c", i)))
		key := &charla.WriteOptions{Key: "k"}
		conversations.fail = func(func() error) error { return lost }
		_, err := s.Write(b.ctx, "hola", key)
		require.ErrorIs(t, err, charla.ErrOutcomeUnknown)
		require.ErrorIs(t, err, lost)
		conversations.fail = func(commit func() error) error { return errors.Join(commit(), lost) }
		_, err = s.Write(b.ctx, "hola", key)
		require.ErrorIs(t, err, charla.ErrOutcomeUnknown)
		stored, err := inner.Queries().Messages(b.ctx, storage.MessageQuery{Account: b.account.ID(), Conversation: b.session(s).Conversation})
		require.NoError(t, err)
		require.Len(t, stored, 2)
		conversations.fail = func(commit func() error) error { return commit() }
		r, err := s.Write(b.ctx, "hola", key)
		require.NoError(t, err)
		assert.EqualValues(t, 1, r.Seq)
		assert.Equal(t, stored, b.messages(r.Ref), "the text did not change")
	}

	s := b.on(desk, b.enter("juan"))
	var texts []string
	attempts := 0
	conversations.fail = func(commit func() error) error {
		if attempts++; attempts < 10 {
			return storage.ErrConflict
		}
		return commit()
	}
	r, err := s.Write(b.ctx, "hola", nil)
	require.NoError(t, err)
	for _, m := range b.messages(r.Ref) {
		texts = append(texts, m.Text)
	}
	require.Len(t, texts, 2)
	conversations.fail = func(func() error) error { return storage.ErrConflict }
	_, err = s.Write(b.ctx, "hola", nil)
	require.ErrorIs(t, err, charla.ErrBusy, "no call blocks without a bound (R8.4)")
	require.NotErrorIs(t, err, charla.ErrOutcomeUnknown)
}

// TestQueue: R8.4: too many waiting for one conversation are told so, and a
// caller who goes away is gone.
func TestQueue(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	entering := b.enter("juan")
	entered, release := make(chan struct{}), make(chan struct{})
	conversations := &flakyConversations{Conversations: b.store.Conversations()}
	var once sync.Once
	conversations.fail = func(commit func() error) error {
		once.Do(func() { close(entered); <-release })
		return commit()
	}
	b.store = &flaky{Store: b.store, conversations: conversations}
	s := b.on(b.newDesk(func(o *charla.Options) { o.Limits.Queue = 1 }), entering)
	var group sync.WaitGroup
	group.Go(func() { _, err := s.Write(b.ctx, "uno", nil); assert.NoError(t, err) })
	<-entered
	ctx, cancel := context.WithCancel(b.ctx)
	const more = 5
	gone := make(chan error, more)
	for range more {
		go func() { _, err := s.Write(ctx, "dos", nil); gone <- err }()
	}
	for range more - 1 { // one waits, the others are told
		require.ErrorIs(t, <-gone, charla.ErrBusy)
	}
	cancel()
	require.ErrorIs(t, <-gone, context.Canceled)
	close(release)
	group.Wait()
	_, err := s.Write(b.ctx, "cuatro", nil)
	require.NoError(t, err)
}

// TestWrongQueries: what there is not is an error, not an empty answer or a wait.
func TestWrongQueries(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ref := b.write(b.enter("juan"), "hola").Ref
	elsewhere := chatcfg.AccountID{UUID: uuid.New()}
	for _, wrong := range []tickets.Ref{{}, {Account: ref.Account}, {Account: elsewhere, Conversation: ref.Conversation}} {
		told := 0
		for _, err := range b.account.Inbox().Follow(b.ctx, wrong, 0, 0) {
			require.ErrorIs(t, err, charla.ErrNotFound)
			told++
		}
		assert.Equal(t, 1, told, wrong)
	}
	for m, err := range messagesOf(b.account.Inbox().Follow(b.ctx, tickets.Ref{Conversation: ref.Conversation}, 0, 0)) {
		require.NoError(t, err, "a ref without an account is the handle's")
		assert.Equal(t, "hola", m.Text)
		break
	}
	for _, token := range []charla.Token{"", charla.Token(uuid.NewString() + ".")} {
		_, err := b.account.Visitor(token).Write(b.ctx, "hola", nil)
		require.ErrorIs(t, err, charla.ErrSession)
	}
	var p chatcfg.Problems
	_, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{Status: "opne"})
	require.ErrorAs(t, err, &p)
	_, err = b.desk.Deliveries(b.ctx, charla.DeliveryQuery{Account: ref.Account})
	require.ErrorAs(t, err, &p)
	_, err = b.account.Image(b.ctx, "portrait")
	require.ErrorAs(t, err, &p)
	require.ErrorAs(t, b.account.SetImage(b.ctx, "portrait", nil), &p)
	for _, kind := range []tickets.CommandKind{"", "dance", tickets.CommandWrite, tickets.CommandReply, tickets.CommandExpire} {
		_, err = b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: kind, Text: "hola"}, nil)
		require.ErrorIs(t, err, tickets.ErrCommand, kind)
	}
}

// TestWelcome: R6.5: the welcome message is stored when the customer answers it, as
// the message before the answer; it is nobody's word and no automatic action.
func TestWelcome(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Quality.SLA = minutes(5)
		c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
		c.Automation.NewCustomer = text("nuevo")
		c.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{"oferta"}}
	})
	s := b.enter("juan")
	welcome := &charla.WriteOptions{Welcome: &tickets.Welcome{Text: "Vea nuestra oferta", Author: "Sofía"}}
	r, err := s.Write(b.ctx, "hola", welcome)
	require.NoError(t, err)
	assert.EqualValues(t, 2, r.Seq, "the answer is the customer's message")
	got := b.messages(r.Ref)
	require.Len(t, got, 3)
	assert.Equal(t, tickets.FromWelcome, got[0].From)
	assert.Equal(t, "Vea nuestra oferta", got[0].Text)
	assert.Equal(t, "Sofía", got[0].Name)
	assert.Empty(t, got[0].Rule)
	assert.Empty(t, got[0].Agent)
	assert.Equal(t, []tickets.RuleKey{automation.RuleNewCustomer}, b.said(r.Ref), "the customer is new all the same")
	ticket := b.ticket(r.Ref)
	assert.False(t, ticket.Important, "its words are not the customer's")
	require.NotNil(t, ticket.Wait, "it has answered nobody")
	assert.Equal(t, start, ticket.Wait.Since)
	assert.EqualValues(t, 1, ticket.Messages)

	b.reply(r.Ref, "buenas")
	b.clock.Set(start.Add(time.Minute))
	next, err := s.Write(b.ctx, "otra cosa", welcome)
	require.NoError(t, err)
	assert.Equal(t, r.Ref, next.Ref, "in an existing conversation it is the next message")
	got = b.messages(r.Ref)
	assert.Equal(t, tickets.FromWelcome, got[4].From)
	assert.Equal(t, start.Add(time.Minute), b.ticket(r.Ref).Wait.Since)
}
