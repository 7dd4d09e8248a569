package mail_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation/mail"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSecurity(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		for _, security := range []mail.Security{mail.StartTLS, mail.ImplicitTLS, mail.InsecurePlaintext} {
			t.Run(mechanism+" "+string(security), func(t *testing.T) {
				t.Parallel()
				s := serve(t, serverOptions{login: mechanism, implicit: security == mail.ImplicitTLS})
				m := mailer(t, s, func(o *mail.Options) {
					o.Security, o.Username, o.Password = security, user, password
				})
				require.NoError(t, m.Send(t.Context(), notification("mail-1")))
				assert.Len(t, s.took(), 1)
				assert.Equal(t, []string{user}, s.names)
				assert.Equal(t, security == mail.InsecurePlaintext, strings.Contains(s.heard(), "team@tienda.cl"),
					"what is readable on the way")
			})
		}
	}
}

func TestConnections(t *testing.T) {
	t.Parallel()
	s := serve(t, serverOptions{noTLS: true})
	mock := clock.NewMock()
	m := mailer(t, s, func(o *mail.Options) {
		o.Security, o.Connections, o.Clock = mail.InsecurePlaintext, 3, mock
	})
	var group sync.WaitGroup
	for i := range 30 {
		group.Go(func() { assert.NoError(t, m.Send(t.Context(), notification(fmt.Sprint("mail-", i)))) })
	}
	group.Wait()
	assert.Len(t, s.took(), 30)
	s.mu.Lock()
	assert.LessOrEqual(t, s.most, 3, "connections at a time")
	assert.LessOrEqual(t, s.dials, 3, "they are used again")
	s.mu.Unlock()

	// A server that forgot them is called anew, and no mail is lost or doubled.
	s.drop()
	require.NoError(t, m.Send(t.Context(), notification("mail-30")))
	assert.Len(t, s.took(), 31)

	// What was not used for long is not trusted.
	s.mu.Lock()
	dials := s.dials
	s.mu.Unlock()
	require.NoError(t, m.Send(t.Context(), notification("mail-31")))
	mock.Add(time.Minute)
	require.NoError(t, m.Send(t.Context(), notification("mail-32")))
	s.mu.Lock()
	assert.Equal(t, dials+1, s.dials)
	s.mu.Unlock()

	m.Close()
	assert.True(t, strings.HasSuffix(s.heard(), "QUIT\r\n"))
	err := m.Send(t.Context(), notification("mail-33"))
	require.ErrorIs(t, err, charla.ErrNotSent)
	assert.Len(t, s.took(), 33)
}

// More mails than connections wait, but not for ever (R8.4).
func TestConnectionsBusy(t *testing.T) {
	t.Parallel()
	s := serve(t, serverOptions{noTLS: true})
	m := mailer(t, s, func(o *mail.Options) { o.Security, o.Connections = mail.InsecurePlaintext, 1 })
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.mu.Lock()
	s.before = func(verb string) {
		if verb == "RCPT" {
			once.Do(func() { close(held); <-release })
		}
	}
	s.mu.Unlock()
	done := make(chan error)
	go func() { done <- m.Send(t.Context(), notification("mail-1")) }()
	<-held
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, m.Send(ctx, notification("mail-2")), charla.ErrNotSent)
	close(release)
	require.NoError(t, <-done)
	assert.Len(t, s.took(), 1)
}

// Where the server allows fewer connections than we would make, mails wait for one: none
// fails, and none is sent twice (R8.4).
func TestConnectionsRefused(t *testing.T) {
	t.Parallel()
	for name, word := range map[string]string{"421": "421 4.7.0 too many connections\r\n", "closed": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, serverOptions{noTLS: true})
			s.mu.Lock()
			s.allowed, s.crowded = 3, word
			s.mu.Unlock()
			m := mailer(t, s, func(o *mail.Options) {
				o.Security, o.Connections, o.Limit = mail.InsecurePlaintext, 8, mail.Limit{Mails: 1000}
			})
			const mails = 600
			var group sync.WaitGroup
			next := make(chan int)
			for range 16 {
				group.Go(func() {
					for i := range next {
						assert.NoError(t, m.Send(t.Context(), notification(fmt.Sprint("mail-", i))))
					}
				})
			}
			for i := range mails {
				next <- i
			}
			close(next)
			group.Wait()
			ids := map[string]bool{}
			for _, one := range s.took() {
				_, after, _ := strings.Cut(one.data, "Message-ID: ")
				id, _, _ := strings.Cut(after, "\r\n")
				ids[id] = true
			}
			assert.Equal(t, mails, len(s.took()))
			assert.Equal(t, mails, len(ids), "none twice")
			s.mu.Lock()
			defer s.mu.Unlock()
			assert.Positive(t, s.turnedAway, "the control: the server refused connections")
		})
	}
}

// A server may end a connection that it has served: the next mail uses another one.
// What is refused on a new connection is refused.
func TestConnectionEnded(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*fault{"421": reply("421 4.4.2 enough for one connection"), "cut": cut} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, serverOptions{noTLS: true})
			m := mailer(t, s, plaintext)
			require.NoError(t, m.Send(t.Context(), notification("mail-1")))
			s.spoil("MAIL", f)
			s.mu.Lock()
			s.before = func(verb string) {
				if verb == "EHLO" {
					s.spoil("MAIL", nil) // a new connection
				}
			}
			s.mu.Unlock()
			require.NoError(t, m.Send(t.Context(), notification("mail-2")))
			assert.Equal(t, 2, s.dials)
			s.mu.Lock()
			s.before = nil
			s.mu.Unlock()
			s.spoil("MAIL", f)
			require.ErrorIs(t, m.Send(t.Context(), notification("mail-3")), charla.ErrNotSent, "the new one is refused, too")
			assert.Equal(t, 3, s.dials)
			assert.Len(t, s.took(), 2)
		})
	}
}

// What is over the limit comes later; what was not sent does not count.
func TestLimit(t *testing.T) {
	t.Parallel()
	s := serve(t, serverOptions{noTLS: true})
	mock := clock.NewMock()
	m := mailer(t, s, func(o *mail.Options) {
		o.Security, o.Clock, o.Limit = mail.InsecurePlaintext, mock, mail.Limit{Mails: 2, Window: time.Minute}
	})
	send := func(to string) error {
		one := notification("mail-1")
		one.To = to
		return m.Send(t.Context(), one)
	}
	s.spoil("RCPT", reply("451 later"))
	for range 5 {
		require.ErrorIs(t, send("a@tienda.cl"), charla.ErrNotSent)
	}
	s.spoil("RCPT", nil)
	require.NoError(t, send("a@tienda.cl"))
	mock.Add(30 * time.Second)
	require.NoError(t, send("A@Tienda.CL"), "the same address")
	err := send("a@tienda.cl")
	require.ErrorIs(t, err, charla.ErrNotSent)
	assert.ErrorContains(t, err, "more than 2 mails")
	require.NoError(t, send("b@tienda.cl"), "another address")
	mock.Add(30 * time.Second)
	require.NoError(t, send("a@tienda.cl"), "the first no longer counts")
	require.ErrorIs(t, send("a@tienda.cl"), charla.ErrNotSent)

	// Nobody knows whether it was sent, so it counts.
	s.spoil(".", cut)
	require.Error(t, send("c@tienda.cl"))
	s.spoil(".", nil)
	require.NoError(t, send("c@tienda.cl"))
	require.ErrorIs(t, send("c@tienda.cl"), charla.ErrNotSent)
	assert.Len(t, s.took(), 6)
}

// R8.4: contact forms leave half of an address's mails to tickets, one sender leaves other
// senders as many as it takes, and no account uses up another's; what waits says how long, on a clock that was wrong, too.
func TestLimitIsFair(t *testing.T) {
	t.Parallel()
	s := serve(t, serverOptions{noTLS: true})
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
	m := mailer(t, s, func(o *mail.Options) {
		o.Security, o.Clock, o.Limit = mail.InsecurePlaintext, mock, mail.Limit{Mails: 16, Window: time.Minute}
	})
	sendAs := func(account byte, form string, n int) (sent int) {
		for range n {
			one := notification("mail-1")
			one.ReplyTo, one.Ref.Account.UUID[15] = form, account
			var later *charla.Later
			if err := m.Send(t.Context(), one); err == nil {
				sent++
			} else if assert.ErrorAs(t, err, &later) {
				assert.Equal(t, time.Minute, later.After)
			}
		}
		return sent
	}
	send := func(form string, n int) int { return sendAs(1, form, n) }
	assert.Equal(t, 4, send("flood@example.com", 100))
	assert.Equal(t, 1, send("eva@example.com", 1))
	assert.Equal(t, 1, send("juan@example.com", 1))
	assert.Equal(t, 2, send("a@example.com", 1)+send("b@example.com", 1))
	assert.Equal(t, 0, send("c@example.com", 1), "half is for tickets")
	assert.Equal(t, 8, send("", 100))
	assert.Equal(t, 8, sendAs(2, "", 7)+sendAs(2, "c@example.com", 1), "another account, whose forms and tickets do not wait")
	assert.Equal(t, 8, sendAs(2, "", 100))
	assert.Equal(t, 32, sendAs(3, "", 100)+sendAs(4, "", 100))
	assert.Equal(t, 0, sendAs(5, "", 100), "one address gets four accounts' in all")
	mock.Add(time.Minute)
	assert.Equal(t, 1, send("c@example.com", 1))

	mock.Add(30 * 24 * time.Hour)
	assert.Equal(t, 16, send("", 100))
	mock.Set(mock.Now().Add(-30 * 24 * time.Hour))
	assert.Equal(t, 16, send("", 100), "what the wrong clock counted is forgotten")
}

type mailboxes struct {
	got map[string]charla.Mail
	err error
}

func (b *mailboxes) Deliver(_ context.Context, mailbox string, m charla.Mail) error {
	if b.err == nil {
		b.got[mailbox] = m
	}
	return b.err
}

// R6.1: a mailbox that the host manages.
func TestMailboxes(t *testing.T) {
	t.Parallel()
	s := serve(t, serverOptions{noTLS: true})
	boxes := &mailboxes{got: make(map[string]charla.Mail)}
	m := mailer(t, s, func(o *mail.Options) { o.Mailboxes = boxes })
	one := notification("contact-1")
	one.To, one.Mailbox = "", "ventas"
	require.NoError(t, m.Send(t.Context(), one))
	assert.Equal(t, map[string]charla.Mail{"ventas": one}, boxes.got)
	boxes.err = fmt.Errorf("%w: full", charla.ErrNotSent)
	require.ErrorIs(t, m.Send(t.Context(), one), charla.ErrNotSent)
	boxes.err = errors.New("who knows")
	assert.Equal(t, "unknown", result(m.Send(t.Context(), one)))

	require.ErrorIs(t, mailer(t, s, nil).Send(t.Context(), one), charla.ErrRefused, "a mailer without")
	assert.Empty(t, s.heard())
}

func TestNew(t *testing.T) {
	t.Parallel()
	_, err := mail.New("localhost", "nobody", &mail.Options{
		Security: "none", Password: "x", Connections: -1, Domain: "tienda.cl\r\nQUIT",
	})
	for _, want := range []string{`server "localhost"`, `sender "nobody"`, `security "none"`, "password without", "connections, timeout or limit below zero", `domain "tienda.cl\r\nQUIT"`} {
		assert.ErrorContains(t, err, want)
	}
	for _, half := range []mail.Limit{{Mails: 5}, {Window: time.Minute}} { // the other half is the default
		m, err := mail.New("smtp.tienda.cl:587", "chat@tienda.cl", &mail.Options{Limit: half})
		require.NoError(t, err)
		m.Close()
	}
	m, err := mail.New("smtp.tienda.cl:587", "Chat <chat@tienda.cl>", &mail.Options{Username: "u", Password: "tell-nobody"})
	require.NoError(t, err)
	defer m.Close()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, m), "tell-nobody")
	}
}
