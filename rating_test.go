package charla_test

import (
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asks switches the question on, with comments.
func asks(c *chatcfg.Config) { c.Chat.Rating.Enabled, c.Chat.Rating.Comment = true, true }

// closes closes a ticket for Ana.
func (b *bench) closes(ref tickets.Ref) {
	b.t.Helper()
	_, err := b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(b.t, err)
}

// TestRate: R14.3: who may rate a ticket, what is kept, and who is told.
func TestRate(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	carla, other := b.enter("carla"), b.enter("otra")
	ref := b.write(carla, "hola").Ref
	b.closes(ref)
	five := charla.Rating{Score: 5}
	rate := func(v *charla.Visitor, r charla.Rating, key string) (charla.Result, error) {
		return v.Rate(b.ctx, r, &charla.CallOptions{Key: key})
	}
	_, err := rate(carla, five, "")
	require.ErrorIs(t, err, charla.ErrNotAllowed, "by default")
	b.save(asks, nil)
	_, err = rate(other, five, "")
	require.ErrorIs(t, err, charla.ErrNotFound, "a session without a ticket")
	_, err = rate(carla, charla.Rating{Ticket: 2, Score: 5}, "")
	require.ErrorIs(t, err, charla.ErrNotFound, "no such ticket")
	status, err := carla.Status(b.ctx)
	require.NoError(t, err)
	assert.True(t, status.Closed.Asks)

	changed := b.ticket(ref)
	first, err := rate(carla, charla.Rating{Score: 4, Comment: "Bien,\ngracias"}, "k")
	require.NoError(t, err)
	again, err := rate(carla, charla.Rating{Score: 4, Comment: "Bien,\ngracias"}, "k")
	require.NoError(t, err)
	assert.Equal(t, first, again)
	_, err = rate(carla, five, "k")
	require.ErrorIs(t, err, charla.ErrKeyReused)
	b.clock.Set(start.Add(time.Minute))
	_, err = rate(carla, charla.Rating{Score: 2, Comment: " \u200b\n"}, "l")
	require.NoError(t, err)
	kept := b.ticket(ref)
	assert.Equal(t, &tickets.Rating{Score: 2, At: start, Changes: 1}, kept.Rating)
	changed.Rating, changed.ChangedAt = kept.Rating, kept.ChangedAt
	assert.Equal(t, changed, kept, "nothing else of the ticket")
	status, err = carla.Status(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, charla.Closing{By: tickets.ReasonManual, Name: "Ana", At: start, Ticket: 1, Score: 2}, status.Closed)

	// The history has each answer; an event no customer's words.
	page, err := b.account.Inbox().History(b.ctx, ref, charla.PageQuery{})
	require.NoError(t, err)
	entry := page.Items[len(page.Items)-2]
	assert.Equal(t, []tickets.Fact{{Kind: tickets.FactRated, Score: 4, Comment: "Bien,\ngracias"}}, entry.Facts)
	assert.Equal(t, "El cliente calificó la atención: 4 de 5, “Bien,\ngracias”", automation.Explain(entry, chatcfg.Spanish, nil).What)
	assert.Equal(t, b.session(carla).ID, entry.Actor.Session)
	b.pass(0)
	told := b.events.of(tickets.FactRated)
	require.Len(t, told, 2)
	assert.Equal(t, tickets.Fact{Kind: tickets.FactRated, Score: 4}, told[0].Fact)

	// The inbox and the report.
	count, err := b.account.Inbox().Counts(b.ctx, charla.TicketQuery{Score: 2}, charla.TicketQuery{Score: 4})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 0}, count)
	b.closes(b.write(other, "hola").Ref)
	report, err := b.account.Inbox().Report(b.ctx, charla.ReportQuery{From: start, To: start.Add(time.Hour)})
	require.NoError(t, err)
	assert.Equal(t, tickets.Ratings{Asked: 2, Scores: [5]int64{0, 1, 0, 0, 0}}, report.Ratings)
	assert.InDelta(t, 2, report.Ratings.Mean(), 0)
	assert.InDelta(t, 0.5, report.Ratings.Share(), 0)
	assert.Zero(t, tickets.Ratings{}.Mean()+tickets.Ratings{}.Share())
}

// TestWhoRates: R14.3: a claimed session rates the latest ticket if it wrote last, and an
// older one only if nobody else can have written in it; a verified one all of its customer's.
func TestWhoRates(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		asks(c)
		c.Chat.EmailAsIdentifier, c.Chat.Anonymous = true, false
	})
	carla, thief := b.enter("carla"), b.enter("carla")
	old := b.write(carla, "hola").Ref
	b.closes(old)
	_, err := thief.Rate(b.ctx, charla.Rating{Score: 1}, nil)
	require.ErrorIs(t, err, charla.ErrNotFound, "who only claims the same e-mail")
	b.closes(b.write(thief, "hola").Ref)
	for _, v := range []*charla.Visitor{carla, thief} {
		_, err = v.Rate(b.ctx, charla.Rating{Ticket: 1, Score: 1}, nil)
		require.ErrorIs(t, err, charla.ErrNotFound, "an older ticket, of one of them")
	}
	_, err = thief.Rate(b.ctx, charla.Rating{Ticket: 2, Score: 3}, nil)
	require.NoError(t, err, "its own")
	assert.Nil(t, b.ticket(old).Rating)

	proof := charla.Entry{Proof: &charla.Proof{Subject: "7", Name: "Juan"}}
	here, there := b.enterAs(proof), b.enterAs(proof)
	ref := b.write(here, "hola").Ref
	b.closes(ref)
	b.write(here, "otra")
	_, err = there.Rate(b.ctx, charla.Rating{Score: 5}, nil)
	require.ErrorIs(t, err, tickets.ErrTransition, "the latest is open")
	_, err = there.Rate(b.ctx, charla.Rating{Ticket: 1, Score: 5}, nil)
	require.NoError(t, err)
	assert.Equal(t, 5, b.ticket(ref).Rating.Score)

	// A session that is its own customer wrote all of its tickets.
	b.save(func(c *chatcfg.Config) { c.Chat.EmailAsIdentifier, c.Chat.Anonymous = false, true }, nil)
	x := b.enterAs(charla.Entry{Anonymous: true})
	b.closes(b.write(x, "hola").Ref)
	b.write(x, "otra")
	_, err = x.Rate(b.ctx, charla.Rating{Ticket: 1, Score: 1}, nil)
	require.NoError(t, err)
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	_, err = other.Visitor(b.tokens[x]).Rate(b.ctx, charla.Rating{Ticket: 1, Score: 1}, nil)
	require.ErrorIs(t, err, charla.ErrSession)
}

// TestBadRatings: R14.3: what is no answer is refused with all that is wrong.
func TestBadRatings(t *testing.T) {
	t.Parallel()
	b := setup(t, asks)
	v := b.enter("carla")
	ref := b.write(v, "hola").Ref
	b.closes(ref)
	long := strings.Repeat("ñ", chatcfg.MaxComment)
	problems := func(score int, comment string) chatcfg.Problems {
		t.Helper()
		_, err := v.Rate(b.ctx, charla.Rating{Score: score, Comment: comment}, nil)
		var p chatcfg.Problems
		require.ErrorAs(t, err, &p)
		return p
	}
	for _, score := range []int{0, 6, -1, 1 << 30} {
		assert.True(t, problems(score, "").Has("score", chatcfg.CodeOutOfRange), score)
	}
	assert.True(t, problems(5, long+"x").Has("comment", chatcfg.CodeTooLong))
	assert.True(t, problems(5, strings.Repeat("x", 1<<22)).Has("comment", chatcfg.CodeTooLong))
	for _, bad := range []string{"a\x00b", "\x1b[31m", "a\u0085b", "a\rb"} {
		assert.True(t, problems(5, bad).Has("comment", chatcfg.CodeControlCharacter), "%q", bad)
	}
	assert.True(t, problems(5, "\xff").Has("comment", chatcfg.CodeInvalidUTF8))
	assert.Len(t, problems(0, "a\x00b"), 2, "all at once")
	b.save(func(c *chatcfg.Config) { c.Chat.Rating.Scale, c.Chat.Rating.Comment = chatcfg.Thumbs, false }, nil)
	for score := range 7 {
		if score != 1 && score != 5 {
			assert.True(t, problems(score, "").Has("score", chatcfg.CodeInvalidChoice), score)
		}
	}
	assert.True(t, problems(5, "bien").Has("comment", chatcfg.CodeCommentOff))
	assert.Nil(t, b.ticket(ref).Rating)
	b.save(asks, nil)
	_, err := v.Rate(b.ctx, charla.Rating{Score: 1, Comment: long}, nil)
	require.NoError(t, err)
	assert.Equal(t, long, b.ticket(ref).Rating.Comment)
}

// TestRatingLink: R14.3: a signed link rates its ticket and does nothing else.
func TestRatingLink(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { asks(c); c.Chat.VisitorEnds = true })
	v := b.enter("carla")
	ref := b.write(v, "hola").Ref
	b.closes(ref)
	b.write(v, "otra")
	link, err := charla.SignRating(b.secret, ref)
	require.NoError(t, err)
	five := charla.Rating{Score: 5}
	by := b.account.Visitor(link)
	status, err := by.Status(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, charla.Status{Closed: charla.Closing{By: tickets.ReasonManual, Name: "Ana", At: start, Ticket: 1, Asks: true}}, status)
	_, err = by.Rate(b.ctx, charla.Rating{Ticket: 2, Score: 5}, nil)
	require.ErrorIs(t, err, charla.ErrNotFound, "another ticket of the conversation")
	_, err = by.Rate(b.ctx, charla.Rating{Score: 9}, nil)
	require.ErrorAs(t, err, &chatcfg.Problems{})
	first, err := by.Rate(b.ctx, five, &charla.CallOptions{Key: "k"})
	require.NoError(t, err)
	again, err := by.Rate(b.ctx, five, &charla.CallOptions{Key: "k"})
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assert.Equal(t, &tickets.Rating{Score: 5, At: start}, b.ticket(ref).Rating)
	status, err = by.Status(b.ctx)
	require.NoError(t, err)
	assert.False(t, status.Closed.Asks)

	// Nothing else.
	calls := b.uses(by)
	calls["Leave"] = func() error { return by.Leave(b.ctx) }
	calls["End"] = func() error { _, err := by.End(b.ctx, 0, nil); return err }
	calls["Login"] = func() error { _, _, err := by.Login(b.ctx, charla.Proof{Subject: "u"}); return err }
	delete(calls, "Status")
	for name, call := range calls {
		require.ErrorIs(t, call(), charla.ErrSession, name)
	}
	_, err = b.account.VerifyIdentity(b.ctx, string(link))
	require.ErrorIs(t, err, charla.ErrIdentity)
	identity, err := charla.SignIdentity(b.secret, b.account.ID(), charla.Proof{Subject: "u"}, b.desk.Now(), time.Minute)
	require.NoError(t, err)
	refused := func(name string, by *charla.Visitor) {
		t.Helper()
		_, err := by.Rate(b.ctx, five, nil)
		require.ErrorIs(t, err, charla.ErrSession, name)
		_, err = by.Status(b.ctx)
		require.ErrorIs(t, err, charla.ErrSession, name)
	}
	refused("an identity", b.account.Visitor(charla.Token(identity)))
	for i := range link { // each bit flipped
		for bit := range 8 {
			flipped := []byte(link)
			flipped[i] ^= 1 << bit
			refused(string(flipped), b.account.Visitor(charla.Token(flipped)))
		}
	}
	refused("cut", b.account.Visitor(link[:len(link)-1]))
	refused("longer", b.account.Visitor(link+"A"))
	other, foreign, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	refused("in another account", other.Visitor(link))
	theirs, err := charla.SignRating(foreign, ref)
	require.NoError(t, err)
	refused("signed by another account", b.account.Visitor(theirs))

	_, err = charla.SignRating(charla.Secret{}, ref)
	require.ErrorIs(t, err, charla.ErrSecret)
	for _, bad := range []tickets.Ref{{}, {Account: ref.Account, Conversation: ref.Conversation}, {Conversation: ref.Conversation, Number: 1}} {
		_, err = charla.SignRating(b.secret, bad)
		require.ErrorAs(t, err, &chatcfg.Problems{}, bad)
	}
	missing := ref
	missing.Number = 9
	link9, err := charla.SignRating(b.secret, missing)
	require.NoError(t, err)
	_, err = b.account.Visitor(link9).Rate(b.ctx, five, nil)
	require.ErrorIs(t, err, tickets.ErrNoTicket)
	_, err = b.account.Visitor(link9).Status(b.ctx)
	require.ErrorIs(t, err, charla.ErrNotFound)

	// As long as the rule, and the secret token, allow.
	b.clock.Set(start.Add(tickets.RatingChanges))
	_, err = by.Rate(b.ctx, five, nil)
	require.ErrorIs(t, err, tickets.ErrRating)
	_, err = b.account.RotateSecret(b.ctx, 0)
	require.NoError(t, err)
	refused("of an old secret token", by)
}

// TestRatingFromTheFuture: R4.5: what a clock that was ahead dated is changed for an hour
// from the clock being right, and no longer.
func TestRatingFromTheFuture(t *testing.T) {
	t.Parallel()
	b := setup(t, asks)
	v := b.enter("carla")
	ref := b.write(v, "hola").Ref
	b.clock.Set(start.AddDate(0, 0, 30))
	b.closes(ref)
	_, err := v.Rate(b.ctx, charla.Rating{Score: 5}, nil)
	require.NoError(t, err)
	b.clock.Set(start.Add(time.Hour))
	_, err = v.Rate(b.ctx, charla.Rating{Score: 4}, nil)
	require.NoError(t, err)
	assert.Equal(t, &tickets.Rating{Score: 4, At: start.Add(time.Hour), Changes: 1}, b.ticket(ref).Rating)
	b.clock.Set(start.Add(2 * time.Hour))
	_, err = v.Rate(b.ctx, charla.Rating{Score: 3}, nil)
	require.ErrorIs(t, err, tickets.ErrRating)
}

// TestRateAgain: R14.3, R8.4: the same answer again changes nothing, with or without a key; it can
// be changed ten times.
func TestRateAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, asks)
	carla := b.enter("carla")
	ref := b.write(carla, "hola").Ref
	b.closes(ref)
	rate := func(score int, key string) (charla.Result, error) {
		return carla.Rate(b.ctx, charla.Rating{Score: score, Comment: "x"}, &charla.CallOptions{Key: key})
	}
	entries := func() int {
		page, err := b.account.Inbox().History(b.ctx, ref, charla.PageQuery{})
		require.NoError(t, err)
		return len(page.Items)
	}
	before := entries()
	for i := range 20 {
		r, err := rate(1, "")
		require.NoError(t, err)
		assert.Equal(t, i == 0, r.Entry != 0)
	}
	same, err := rate(1, "same")
	require.NoError(t, err)
	assert.Equal(t, before+1, entries())
	for i := range tickets.MaxRatingChanges {
		_, err := rate(2+i%2, "")
		require.NoError(t, err)
	}
	again, err := rate(1, "same")
	require.NoError(t, err)
	assert.Equal(t, same, again, "a repetition does not set it back")
	_, err = rate(5, "")
	require.ErrorIs(t, err, tickets.ErrRating)
	assert.Equal(t, before+1+tickets.MaxRatingChanges, entries())
	assert.Equal(t, 3, b.ticket(ref).Rating.Score)
	b.pass(0)
	assert.Len(t, b.events.of(tickets.FactRated), 1+tickets.MaxRatingChanges)
}

// TestRateAfterLogin: R14.3: a session that logged in is asked about what it wrote before, until
// it writes again; not about what was written under another login.
func TestRateAfterLogin(t *testing.T) {
	t.Parallel()
	b := setup(t, asks)
	carla := b.enter("carla")
	ref := b.write(carla, "hola").Ref
	b.closes(ref)
	login := func(v *charla.Visitor, subject string) *charla.Visitor {
		now, _, err := v.Login(b.ctx, charla.Proof{Subject: subject})
		require.NoError(t, err)
		return now
	}
	asked := func(v *charla.Visitor) charla.Closing {
		status, err := v.Status(b.ctx)
		require.NoError(t, err)
		return status.Closed
	}
	four := charla.Rating{Ticket: 1, Score: 4}
	key := &charla.CallOptions{Key: "k"}

	in := login(carla, "1")
	assert.Equal(t, charla.Closing{By: tickets.ReasonManual, Name: "Ana", At: start, Ticket: 1, Asks: true}, asked(in))
	_, err := carla.Rate(b.ctx, four, nil)
	require.ErrorIs(t, err, charla.ErrReplaced, "the token before")
	first, err := in.Rate(b.ctx, four, key)
	require.NoError(t, err)
	assert.Equal(t, ref, first.Ref)
	assert.Equal(t, 4, b.ticket(ref).Rating.Score)
	assert.Equal(t, 4, asked(in).Score)
	own := b.write(in, "otra cosa").Ref
	assert.NotEqual(t, ref.Conversation, own.Conversation)
	assert.Zero(t, asked(in))
	again, err := in.Rate(b.ctx, four, key)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	_, err = in.Rate(b.ctx, charla.Rating{Score: 5}, nil)
	require.ErrorIs(t, err, tickets.ErrTransition, "its ticket is open")

	b.closes(own)
	late := b.enter("late")
	b.closes(b.write(late, "desde el bus").Ref)
	b.pass(time.Minute)
	elsewhere := login(b.enter("other"), "3")
	b.closes(b.write(elsewhere, "desde la oficina").Ref)
	assert.Equal(t, start.Add(time.Minute), asked(login(late, "3")).At, "the customer's own was closed after what was written before the login")

	other := login(in, "2")
	assert.Zero(t, asked(other), "another customer's")
	_, err = other.Rate(b.ctx, four, nil)
	require.ErrorIs(t, err, charla.ErrNotFound)
	assert.Nil(t, b.ticket(own).Rating)
}
