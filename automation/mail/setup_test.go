package mail_test

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation/mail"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const sender = "chat@tienda.cl"

// start is a Monday.
var start = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// mailer sends to a server; change, if not nil, changes its options.
func mailer(t testing.TB, s *server, change func(*mail.Options)) *mail.Mailer {
	t.Helper()
	mock := clock.NewMock()
	mock.Set(start)
	o := &mail.Options{Clock: mock, TLS: &tls.Config{RootCAs: s.trust}, Timeout: time.Minute}
	if change != nil {
		change(o)
	}
	m, err := mail.New(s.addr, sender, o)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

func plaintext(o *mail.Options) { o.Security = mail.InsecurePlaintext }

var account = chatcfg.AccountID{UUID: uuid.MustParse("01900000-0000-7000-8000-000000000001")}

// notification is a mail as a desk makes them for a new ticket.
func notification(key string) charla.Mail {
	return charla.Mail{
		Key: key, To: "team@tienda.cl", Subject: "Nuevo ticket: Tienda", Text: "Nuevo ticket: Tienda\n\nCarla <carla@example.com>:\n¿Dónde está?\n",
		Ref: tickets.Ref{Account: account, Number: 1}, AccountName: "Tienda",
		Customer: tickets.Customer{Level: tickets.LevelClaimed, Name: "Carla", Email: "carla@example.com"},
		Message:  "¿Dónde está?", Locale: chatcfg.Spanish,
	}
}
