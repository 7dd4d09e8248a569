package site

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/charlahq/charla"
)

// Mailbox is a [charla.Mailer] to look at: it keeps the last mails in memory
// instead of sending them, and answers as the server does that it is told to
// play. The zero value takes every mail.
type Mailbox struct {
	// Logger gets each mail's subject; nil: silence.
	Logger *slog.Logger

	mu    sync.Mutex
	plays string
	mails []sentMail
}

type sentMail struct {
	charla.Mail
	At time.Time
}

// How the pretended mail server may behave.
const (
	mailTakes   = "takes"
	mailDown    = "down"
	mailRefuses = "refuses"
	mailSilent  = "silent"
)

var mailPlays = []string{mailTakes, mailDown, mailRefuses, mailSilent}

// maxMails is how many mails a mailbox keeps.
const maxMails = 500

// Send stores the mail, or fails as the server that it pretends to be would (R8.2).
func (m *Mailbox) Send(_ context.Context, mail charla.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch m.plays {
	case mailDown:
		return fmt.Errorf("%w: connection refused", charla.ErrNotSent)
	case mailRefuses:
		return fmt.Errorf("%w: 550 no such mailbox", charla.ErrRefused)
	case mailSilent:
		return fmt.Errorf("connection lost after the mail was handed over")
	}
	if m.Logger != nil {
		m.Logger.Info("mail", slog.String("to", mail.To), slog.String("subject", mail.Subject))
	}
	m.add(mail, time.Now())
	return nil
}

// add stores a mail; the oldest is dropped if there are too many. The caller holds mu.
func (m *Mailbox) add(mail charla.Mail, at time.Time) {
	if len(m.mails) >= maxMails {
		m.mails = slices.Delete(m.mails, 0, 1)
	}
	m.mails = append(m.mails, sentMail{mail, at})
}

// keep stores a mail with a time.
func (m *Mailbox) keep(mail charla.Mail, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(mail, at)
}

// list returns the mails, the newest first, and how the server behaves.
func (m *Mailbox) list() ([]sentMail, string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Clone(m.mails)
	slices.Reverse(list)
	if m.plays == "" {
		return list, mailTakes
	}
	return list, m.plays
}

// play sets how the server behaves: one of mailPlays.
func (m *Mailbox) play(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.plays = what
}
