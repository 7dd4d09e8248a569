package mail_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation/mail"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// result names what a mailer's error means.
func result(err error) string {
	notSent, refused := errors.Is(err, charla.ErrNotSent), errors.Is(err, charla.ErrRefused)
	switch {
	case err == nil:
		return "sent"
	case notSent && refused:
		return "both"
	case notSent:
		return "not sent"
	case refused:
		return "refused"
	default:
		return "unknown"
	}
}

// R8.2: an e-mail is retried only if the server certainly did not take it; at each
// point of the protocol.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	const (
		sent    = "sent"
		notSent = "not sent"
		refused = "refused"
		unknown = "unknown"
	)
	var (
		later   = reply("451 4.3.0 later")
		never   = reply("550 5.7.1 never")
		goodbye = reply("421 4.3.2 shutting down")
		garbage = reply("hello?")
		odd     = reply("299 whatever")
		endless = reply(strings.Repeat("250-more\r\n", 1<<17) + "250 at last") // what would have to be kept
	)
	type row struct {
		verb string
		how  string
		f    *fault
		want string
	}
	rows := []row{
		{"", "nothing", nil, sent},
		{"QUIT", "cut", cut, sent},
		{"QUIT", "5xx", never, sent},
		{"QUIT", "mute", mute, sent},
		{"text", "cut", cut, notSent},
		{"text", "mute", mute, notSent},
		{".", "4xx", later, notSent},
		{".", "421", goodbye, notSent},
		{".", "5xx", never, refused},
		{".", "535", reply("535 5.7.8 log in"), notSent},
		{".", "cut", cut, unknown},
		{".", "mute", mute, unknown},
		{".", "garbage", garbage, unknown},
		{".", "3xx", reply("354 more"), unknown},
		{".", "odd 2xx", odd, sent},
		{".", "endless", endless, unknown},
		{"EHLO", "endless", endless, notSent},
		{"MAIL", "endless", endless, notSent},
		{"RCPT", "endless", endless, notSent},
	}
	for _, verb := range []string{"banner", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"} {
		permanent := notSent // what is refused is not this mail
		if verb == "MAIL" || verb == "RCPT" || verb == "DATA" {
			permanent = refused
		}
		rows = append(rows,
			row{verb, "4xx", later, notSent}, row{verb, "421", goodbye, notSent}, row{verb, "5xx", never, permanent},
			row{verb, "530", reply("530 5.7.0 log in"), notSent},
			row{verb, "cut", cut, notSent}, row{verb, "mute", mute, notSent}, row{verb, "garbage", garbage, notSent})
	}
	for _, r := range rows {
		t.Run(fmt.Sprintf("%s %s", r.verb, r.how), func(t *testing.T) {
			t.Parallel()
			s := serve(t, serverOptions{noTLS: true, login: "PLAIN"})
			if r.f != nil {
				s.spoil(r.verb, r.f)
				if r.verb == "EHLO" {
					s.spoil("HELO", r.f) // what a client tries then
				}
			}
			m := mailer(t, s, func(o *mail.Options) {
				o.Security, o.Username, o.Password = mail.InsecurePlaintext, user, password
				switch {
				case r.f == mute && r.verb == ".":
					o.Timeout = 3 * time.Second // the first half must do
				case r.f == mute:
					o.Timeout = time.Second / 2
				}
			})
			one := notification("mail-1")
			if r.verb == "text" { // more than the network holds
				one.Text = strings.Repeat("0123456789\n", 1<<20)
			}
			err := m.Send(t.Context(), one)
			assert.Equal(t, r.want, result(err), "%v", err)
			m.Close()

			taken := len(s.took())
			switch {
			case r.verb == ".": // the tap spoils the answer of a server that has read it all
				assert.Equal(t, 1, taken)
			case r.want == sent:
				assert.Equal(t, 1, taken)
			default:
				assert.Zero(t, taken, "what is told as not sent was not")
			}
			t.Logf("%-7s %-8s %s", r.verb, r.how, r.want)
		})
	}
}

func TestOutcomesOfConnecting(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := free.Addr().String()
	require.NoError(t, free.Close())

	tests := []struct {
		name   string
		server serverOptions
		change func(*mail.Options)
		addr   string
		spoil  *fault
	}{
		{name: "refused", addr: nobody},
		{name: "no such host", addr: "smtp.invalid:25"},
		{name: "certificate of nobody trusted, STARTTLS", change: func(o *mail.Options) { o.TLS = nil }},
		{name: "certificate of nobody trusted, implicit", server: serverOptions{implicit: true},
			change: func(o *mail.Options) { o.TLS, o.Security = nil, mail.ImplicitTLS }},
		{name: "certificate of another name", change: func(o *mail.Options) { o.TLS.ServerName = "tienda.cl" }},
		{name: "no TLS where it is implicit", server: serverOptions{noTLS: true},
			change: func(o *mail.Options) { o.Security = mail.ImplicitTLS }},
		{name: "STARTTLS not offered", server: serverOptions{noTLS: true}},
		{name: "STARTTLS 4xx", spoil: reply("454 4.7.0 not now")},
		{name: "STARTTLS 5xx", spoil: reply("502 5.5.1 what?")},
		{name: "STARTTLS cut", spoil: cut},
		{name: "STARTTLS mute", spoil: mute},
		{name: "STARTTLS without TLS", spoil: reply("220 go\r\n250 I am not TLS")},
		{name: "wrong password", server: serverOptions{login: "PLAIN"}},
		{name: "no login offered"},
		{name: "no login known", server: serverOptions{login: "X-OWN"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.server)
			if tt.spoil != nil {
				s.spoil("STARTTLS", tt.spoil)
			}
			if tt.addr != "" {
				s.addr = tt.addr
			}
			m := mailer(t, s, func(o *mail.Options) {
				o.Username, o.Password = user, "wrong"
				if tt.spoil == mute {
					o.Timeout = time.Second / 2
				}
				if tt.change != nil {
					tt.change(o)
				}
			})
			err := m.Send(t.Context(), notification("mail-1"))
			assert.Equal(t, "not sent", result(err), "%v", err)
			assert.Empty(t, s.took())
			assert.NotContains(t, s.heard(), "AHdyb25n", "no password before TLS") // base64 of "\0wrong"
		})
	}
}

// A mail that is being answered when the run ends is not left unknown.
func TestEndOfRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ verb, want string }{{"RCPT", "not sent"}, {".", "sent"}} {
		t.Run(tt.verb, func(t *testing.T) {
			t.Parallel()
			s := serve(t, serverOptions{noTLS: true})
			m := mailer(t, s, plaintext)
			ctx, cancel := context.WithCancel(t.Context())
			s.mu.Lock()
			s.before = func(verb string) {
				if verb == tt.verb {
					cancel()
					<-time.After(50 * time.Millisecond) // for what listens to the context
				}
			}
			s.mu.Unlock()
			err := m.Send(ctx, notification("mail-1"))
			assert.Equal(t, tt.want, result(err), "%v", err)
		})
	}
	s := serve(t, serverOptions{noTLS: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := mailer(t, s, plaintext).Send(ctx, notification("mail-1"))
	require.ErrorIs(t, err, charla.ErrNotSent)
	require.ErrorIs(t, err, context.Canceled)
}
