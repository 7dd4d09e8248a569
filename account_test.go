package charla_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCreateAccount: R1.1, R8.1.
func TestCreateAccount(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	a := b.account
	info, err := a.Info(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, "Tienda", info.Name)
	assert.Equal(t, a.ID(), info.ID)
	assert.Equal(t, uuid.Version(7), info.ID.Version())
	assert.Regexp(t, `^ck_[a-z2-7]{26}$`, info.Key)
	assert.Equal(t, start, info.CreatedAt)
	assert.Zero(t, info.DeletedAt)
	cfg, v, err := a.Config(b.ctx)
	require.NoError(t, err)
	assert.EqualValues(t, 1, v)
	want := chatcfg.Default(chatcfg.Spanish)
	want.Chat.Name, want.Chat.Domain = "Tienda", "tienda.cl"
	assert.Equal(t, want, cfg)
	found, err := b.desk.AccountByKey(b.ctx, info.Key)
	require.NoError(t, err)
	assert.Equal(t, a.ID(), found.ID())

	for _, bad := range [][2]string{{"", "tienda.cl"}, {"Tienda", ""}, {" ", "x y"}, {"a\x00", "http://"}} {
		_, _, err := b.desk.CreateAccount(b.ctx, bad[0], bad[1], nil)
		var p chatcfg.Problems
		require.ErrorAs(t, err, &p, bad)
	}
	id := chatcfg.AccountID{UUID: uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")}
	o := &charla.AccountOptions{ID: id}
	first, secret, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", o)
	require.NoError(t, err)
	assert.False(t, secret.IsZero())
	again, secret, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", o)
	require.NoError(t, err, "the ID is the key")
	assert.Equal(t, first.ID(), again.ID())
	assert.True(t, secret.IsZero(), "a secret is shown once (R1.7)")
	_, _, err = b.desk.CreateAccount(b.ctx, "Tercera", "otra.cl", o)
	require.ErrorIs(t, err, charla.ErrExists)
	require.ErrorContains(t, err, `is called "Otra", not "Tercera"`)
	list, err := b.desk.Accounts(b.ctx, charla.AccountQuery{})
	require.NoError(t, err)
	assert.Len(t, list.Items, 2)
}

// TestCreateAccountAtEachStart: R8.1: a call with an account's ID and name finds it, whatever
// else it says and whatever was saved since, and changes nothing.
func TestCreateAccountAtEachStart(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	id := chatcfg.AccountID{UUID: uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")}
	_, _, err := b.desk.CreateAccount(b.ctx, "Otra", "localhost:8095", &charla.AccountOptions{ID: id})
	require.NoError(t, err)
	changed := chatcfg.Default(chatcfg.English)
	changed.Automation.NewCustomer = text("hola")
	find := func(name, domain string, cfg *chatcfg.Config) error {
		a, secret, err := b.desk.CreateAccount(b.ctx, name, domain, &charla.AccountOptions{ID: id, Config: cfg})
		if err == nil {
			assert.Equal(t, id, a.ID())
			assert.True(t, secret.IsZero())
		}
		return err
	}
	before, version, err := b.desk.Account(id).Config(b.ctx)
	require.NoError(t, err)
	require.NoError(t, find("Otra", "localhost:8095", &changed), "another configuration")
	require.NoError(t, find(" Otra ", "otra.cl", nil), "another domain; the name is normalised")
	after, again, err := b.desk.Account(id).Config(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, before, after)
	assert.Equal(t, version, again)

	after.Chat.Name = "Otra más"
	_, err = b.desk.Account(id).SaveConfig(b.ctx, version, after, nil)
	require.NoError(t, err)
	require.NoError(t, find("Otra", "otra.cl", nil), "the name that it was created with")
	require.NoError(t, find("Otra más", "otra.cl", nil), "the name that it has")
	err = find("Tienda", "otra.cl", nil)
	require.ErrorIs(t, err, charla.ErrExists)
	require.ErrorContains(t, err, `is called "Otra más", not "Tienda"`)
}

// TestSaveConfig: R1.4.
func TestSaveConfig(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	cfg, v, err := b.account.Config(b.ctx)
	require.NoError(t, err)
	bad := cfg
	bad.Chat.Name = ""
	bad.Automation.NewCustomer = text("", "hola")
	bad.Quality.SLA = minutes(-1)
	_, err = b.account.SaveConfig(b.ctx, v, bad, nil)
	var p chatcfg.Problems
	require.ErrorAs(t, err, &p)
	assert.GreaterOrEqual(t, len(p), 3, "all problems at once")
	assert.True(t, p.Has("automation.newCustomer.messages[0]", chatcfg.CodeBlank))
	same, v2, err := b.account.Config(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, cfg, same, "the stored one stays as it was")
	assert.Equal(t, v, v2)

	cfg.Chat.Name = "Tienda nueva"
	cfg.Chat.Hidden = true
	saved, err := b.account.SaveConfig(b.ctx, v, cfg, &charla.SaveOptions{Key: "k"})
	require.NoError(t, err)
	assert.Equal(t, v+1, saved.Version)
	again, err := b.newDesk(nil).Account(b.account.ID()).SaveConfig(b.ctx, v, cfg, &charla.SaveOptions{Key: "k"})
	require.NoError(t, err, "repeated with its key (R8.1)")
	assert.Equal(t, saved, again)
	_, err = b.account.SaveConfig(b.ctx, v, bad, nil)
	require.ErrorAs(t, err, &p)
	for _, key := range []string{"", "other"} {
		_, err = b.account.SaveConfig(b.ctx, v, cfg, &charla.SaveOptions{Key: key})
		require.ErrorIs(t, err, charla.ErrStale, "key %q", key)
	}
	cfg.Chat.Sound = !cfg.Chat.Sound
	_, err = b.account.SaveConfig(b.ctx, v, cfg, &charla.SaveOptions{Key: "k"})
	require.ErrorIs(t, err, charla.ErrKeyReused)

	list, err := b.desk.Accounts(b.ctx, charla.AccountQuery{})
	require.NoError(t, err)
	assert.Empty(t, list.Items, "a hidden account is left out")
	list, err = b.desk.Accounts(b.ctx, charla.AccountQuery{Hidden: true})
	require.NoError(t, err)
	require.Len(t, list.Items, 1, "unless asked for")
	assert.Equal(t, "Tienda nueva", list.Items[0].Name)
}

// TestOverdue: R4.8: a save says how many open tickets it makes overdue, and they
// go at the save; switching on counts from the save.
func TestOverdue(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Quality.SLA = minutes(60) })
	var answered []tickets.Ref
	for i := range 5 {
		ref := b.write(b.enter(fmt.Sprint("a", i)), "hola").Ref
		b.reply(ref, "hola")
		answered = append(answered, ref)
		b.write(b.enter(fmt.Sprint("w", i)), "hola")
		b.pass(time.Minute)
	}
	saved := b.save(func(c *chatcfg.Config) {
		c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
	}, nil)
	assert.Zero(t, saved.Overdue, "switched on: it counts from the save")
	b.pass(10*time.Minute - time.Second)
	assert.Equal(t, tickets.StatusOpen, b.ticket(answered[0]).Status)

	b.save(func(c *chatcfg.Config) { c.Automation.AutoClose.After = minutes(30) }, nil)
	ref := b.write(b.enter("late"), "hola").Ref
	b.reply(ref, "hola")
	b.pass(time.Minute)
	saved = b.save(func(c *chatcfg.Config) { c.Automation.AutoClose.After = minutes(5) }, nil)
	assert.Equal(t, 5, saved.Overdue)
	at := b.clock.Now().UTC()
	b.pass(0)
	for _, r := range answered {
		got := b.ticket(r)
		assert.Equal(t, tickets.ReasonAutomatic, got.Reason)
		assert.Equal(t, at, got.ClosedAt, "one that is then past fires at the save")
	}
	assert.Equal(t, tickets.StatusOpen, b.ticket(ref).Status)

	saved = b.save(func(c *chatcfg.Config) { c.Quality.SLA = minutes(12) }, nil)
	assert.Zero(t, saved.Overdue, "running waits stay (R2.6)")
	saved = b.save(func(c *chatcfg.Config) { c.Quality.SLA = minutes(13) }, &charla.SaveOptions{Running: true})
	assert.Equal(t, 3, saved.Overdue, "unless the save asks for them (R2.6)")
	b.pass(0)
	assert.Len(t, b.events.of(tickets.FactDelayed), 3)
}

// TestRunningSLA: R2.6: a running wait follows the save that asked for it, even if
// another one came before it was recomputed.
func TestRunningSLA(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Quality.SLA = minutes(60) })
	ref := b.write(b.enter("juan"), "hola").Ref
	b.save(func(c *chatcfg.Config) { c.Quality.SLA = minutes(20) }, &charla.SaveOptions{Running: true})
	b.save(func(c *chatcfg.Config) { c.Quality.SLA = minutes(5) }, nil)
	b.pass(0)
	assert.Equal(t, start.Add(20*time.Minute), b.ticket(ref).Wait.Due)
	b.save(func(c *chatcfg.Config) { c.Quality.SLA = nil }, &charla.SaveOptions{Running: true})
	b.pass(time.Hour)
	got := b.ticket(ref)
	assert.False(t, got.Delayed())
	assert.Zero(t, got.Wait.Limit)
}

// TestDelete: R1.6, R1.3.
func TestDelete(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"jefe@tienda.cl"}}
	})
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	info, err := b.account.Info(b.ctx)
	require.NoError(t, err)
	s, token, err := b.account.Enter(b.ctx, charla.Entry{Name: "Juan"})
	require.NoError(t, err)
	ref := b.write(s, "hola").Ref
	b.reply(ref, "hola")
	_, err = b.desk.Purge(b.ctx, b.account.ID())
	require.ErrorIs(t, err, charla.ErrNotDeleted)
	for _, name := range []string{"", "tienda", "Tienda ", "Otra"} {
		require.ErrorIs(t, b.account.Delete(b.ctx, name), charla.ErrConfirmation)
	}
	_, err = b.account.Visitor(token).Session(b.ctx)
	require.NoError(t, err, "a wrong name deletes nothing")
	spaced, _, err := b.desk.CreateAccount(b.ctx, "Peluquería  Ñandú", "nandu.cl", nil)
	require.NoError(t, err)
	for _, name := range []string{"Peluqueria Nandu", "PeluqueríaÑandú", "peluquería ñandú", ""} {
		require.ErrorIs(t, spaced.Delete(b.ctx, name), charla.ErrConfirmation, name)
	}
	require.NoError(t, spaced.Delete(b.ctx, "Peluqueri\u0301a\u00a0N\u0303andu\u0301"), "as a browser shows it")
	require.NoError(t, b.account.Delete(b.ctx, "Tienda"))
	require.NoError(t, b.account.Delete(b.ctx, "Tienda"), "again: nothing")

	_, err = b.desk.AccountByKey(b.ctx, info.Key)
	require.ErrorIs(t, err, charla.ErrNotFound)
	_, err = b.account.Visitor(token).Session(b.ctx)
	require.ErrorIs(t, err, charla.ErrDeleted)
	_, err = s.Write(b.ctx, "hola", nil)
	require.ErrorIs(t, err, charla.ErrDeleted)
	_, err = s.Messages(b.ctx, charla.MessageQuery{})
	require.ErrorIs(t, err, charla.ErrDeleted)
	_, err = b.agent(ana).Reply(b.ctx, ref, "hola", nil)
	require.ErrorIs(t, err, charla.ErrDeleted)
	_, _, err = b.account.Enter(b.ctx, charla.Entry{Name: "Eva"})
	require.ErrorIs(t, err, charla.ErrDeleted)
	require.ErrorIs(t, b.account.SetImage(b.ctx, charla.ImagePicture, nil), charla.ErrDeleted)
	_, err = b.account.RotateSecret(b.ctx, 0)
	require.ErrorIs(t, err, charla.ErrDeleted)
	cfg, v, err := b.account.Config(b.ctx)
	require.NoError(t, err)
	_, err = b.account.SaveConfig(b.ctx, v, cfg, nil)
	require.ErrorIs(t, err, charla.ErrDeleted)
	require.ErrorIs(t, b.agent(charla.Person{ID: "ana"}).Heartbeat(b.ctx, tickets.Online), charla.ErrDeleted)
	b.pass(time.Hour)
	assert.Equal(t, tickets.StatusOpen, b.ticket(ref).Status, "its timers are dropped, its tickets can be read")
	assert.Empty(t, b.mails.Mails(), "its pending messages are dropped")
	assert.Empty(t, b.events.list)
	next, err := b.desk.NextDue(b.ctx)
	require.NoError(t, err)
	assert.Zero(t, next)

	purged, err := b.desk.Purge(b.ctx, b.account.ID())
	require.NoError(t, err)
	assert.EqualValues(t, 1, purged.Conversations)
	assert.EqualValues(t, 1, purged.Tickets)
	assert.EqualValues(t, 2, purged.Messages)
	_, err = b.desk.Purge(b.ctx, b.account.ID())
	require.ErrorIs(t, err, charla.ErrNotFound)
	_, err = other.Info(b.ctx)
	require.NoError(t, err)
}

// TestIsolation: R1.3: what belongs to one account cannot be reached through
// another.
func TestIsolation(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	s, token, err := b.account.Enter(b.ctx, charla.Entry{Name: "Juan"})
	require.NoError(t, err)
	ref := b.write(s, "hola").Ref
	foreign := other.Visitor(token)
	_, err = foreign.Session(b.ctx)
	require.ErrorIs(t, err, charla.ErrSession)
	_, err = foreign.Write(b.ctx, "hola", nil)
	require.ErrorIs(t, err, charla.ErrSession)
	_, err = foreign.Messages(b.ctx, charla.MessageQuery{})
	require.ErrorIs(t, err, charla.ErrSession)
	there := ref
	there.Account = other.ID()
	_, err = other.Agent(ana).Reply(b.ctx, there, "hola", nil)
	require.ErrorIs(t, err, charla.ErrNotFound)
	_, err = other.Inbox().Ticket(b.ctx, there)
	require.ErrorIs(t, err, charla.ErrNotFound)
	_, err = other.Inbox().Messages(b.ctx, there, charla.MessageQuery{})
	require.ErrorIs(t, err, charla.ErrNotFound)
	_, err = other.Inbox().History(b.ctx, there, charla.PageQuery{})
	require.ErrorIs(t, err, charla.ErrNotFound)
	found := func(a *charla.Account) []charla.Row {
		page, err := a.Inbox().Tickets(b.ctx, charla.TicketQuery{Text: "hola"})
		require.NoError(t, err)
		return page.Items
	}
	assert.Empty(t, found(other))
	assert.Len(t, found(b.account), 1)
	assert.Len(t, b.messages(ref), 1)
}

// TestSecrets: R1.7: shown once, rotated with an overlap, never shown again.
func TestSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	clear := b.secret.Reveal()
	assert.True(t, strings.HasPrefix(clear, "charla_sk_"))
	parsed, err := charla.ParseSecret(clear)
	require.NoError(t, err)
	assert.Equal(t, b.secret.Key(), parsed.Key())
	for _, bad := range []string{"", "charla_sk_", clear + "A", clear[1:], strings.ToUpper(clear), clear[:len(clear)-1]} {
		_, err := charla.ParseSecret(bad)
		require.ErrorIs(t, err, charla.ErrSecret, bad)
	}
	body := strings.TrimPrefix(clear, "charla_sk_")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", b.secret, "in", struct{ S charla.Secret }{b.secret})
	info, err := b.account.Info(b.ctx)
	require.NoError(t, err)
	encoded, err := json.Marshal(map[string]any{"s": b.secret, "account": b.account, "info": info})
	require.NoError(t, err)
	for _, leak := range []string{
		fmt.Sprint(b.secret), fmt.Sprintf("%v %+v %#v %s %q %x", b.secret, b.secret, b.secret, b.secret, b.secret, b.secret),
		log.String(), string(encoded), fmt.Sprintf("%+v", struct{ S charla.Secret }{b.secret}),
	} {
		assert.NotContains(t, leak, body)
		assert.NotContains(t, leak, fmt.Sprintf("%x", b.secret.Key().Seed()))
	}

	b.clock.Set(start.Add(time.Hour))
	second, err := b.account.RotateSecret(b.ctx, 24*time.Hour)
	require.NoError(t, err)
	assert.NotEqual(t, clear, second.Reveal())
	a := b.record()
	require.Len(t, a.Secrets, 2)
	assert.Equal(t, start.Add(25*time.Hour), a.Secrets[0].ExpiresAt)
	assert.Zero(t, a.Secrets[1].ExpiresAt)
	_, err = b.account.RotateSecret(b.ctx, 0)
	require.NoError(t, err)
	assert.Len(t, b.record().Secrets, 1, "without an overlap the others are dead at once")
	_, err = b.account.RotateSecret(b.ctx, -1)
	require.Error(t, err)
}

// TestPictures: R1.2.
func TestPictures(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	_, err := b.account.Image(b.ctx, charla.ImagePicture)
	require.ErrorIs(t, err, charla.ErrNotFound)
	require.NoError(t, b.account.SetImage(b.ctx, charla.ImagePicture, picture(t, 64, 64)))
	got, err := b.account.Image(b.ctx, charla.ImagePicture)
	require.NoError(t, err)
	assert.Equal(t, picture(t, 64, 64), got)
	var p chatcfg.Problems
	require.ErrorAs(t, b.account.SetImage(b.ctx, charla.ImagePicture, picture(t, 64, 32)), &p)
	assert.Contains(t, p.Error(), "64")
	assert.Contains(t, p.Error(), "32", "it says both sizes")
	require.ErrorAs(t, b.account.SetImage(b.ctx, charla.ImageLogo, picture(t, 64, 64)), &p)
	require.ErrorAs(t, b.account.SetImage(b.ctx, charla.ImageLogo, []byte("<svg/>")), &p)
	require.NoError(t, b.account.SetImage(b.ctx, charla.ImageLogo, picture(t, 200, 200)))
	a, err := b.account.Info(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, 200, a.Logo.Side)
	assert.Equal(t, 64, a.Picture.Side)
	require.NoError(t, b.account.SetImage(b.ctx, charla.ImagePicture, nil))
	_, err = b.account.Image(b.ctx, charla.ImagePicture)
	require.ErrorIs(t, err, charla.ErrNotFound)
}

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, png.Encode(&buf, image.NewGray(image.Rect(0, 0, w, h))))
	return buf.Bytes()
}
