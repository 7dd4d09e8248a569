package mail_test

import (
	"bufio"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation/mail"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// what a client may say, and nothing else.
var (
	commands = regexp.MustCompile(`^(EHLO tienda\.cl|MAIL FROM:<chat@tienda\.cl> BODY=8BITMIME|RCPT TO:<[^<> ]+@[^<> ]+>|DATA|RSET|QUIT)$`)
	lineEnds = regexp.MustCompile(`(^|[^\r])\n|\r([^\n]|$)`)
)

// checkTranscript finds what a client says between mails that is not a command of
// its own, and mails that are not what they should be.
func checkTranscript(said string) (mails int, err error) {
	if lineEnds.MatchString(said) {
		return 0, fmt.Errorf("a line end that is no CRLF: %q", said)
	}
	lines := bufio.NewScanner(strings.NewReader(said))
	lines.Buffer(nil, 1<<24)
	var text strings.Builder
	within := false
	for lines.Scan() {
		line := lines.Text()
		switch {
		case within && line == ".":
			within = false
			mails++
			if _, err := open(text.String()); err != nil {
				return mails, err
			}
		case within:
			if len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }) {
				return mails, fmt.Errorf("no line of a mail: %q", line)
			}
			text.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
		case !commands.MatchString(line):
			return mails, fmt.Errorf("injected command %q", line)
		default:
			within = line == "DATA"
			text.Reset()
		}
	}
	return mails, nil
}

// No name, subject, address or text makes a header or a command (go-mail
// CVE-2025-59937, FreeScout CVE-2025-48388).
func FuzzTranscript(f *testing.F) {
	for _, s := range []string{
		"Carla", "a\r\nBcc: x@example.com", "a\nRCPT TO:<x@example.com>", "\r\n.\r\nMAIL FROM:<x@example.com>\r\n",
		`"a> ORCPT=admin <x"@example.com`, "a@example.com> NOTIFY=SUCCESS", "<a@example.com>", "a@example.com\r\nRSET",
		"=?utf-8?q?=0D=0ABcc:_x@example.com?=", ".", "..", "\x00", "\xff\xfe", "ñandú 👩‍👩‍👧 \u202egnp.exe", "\u2028Bcc: x@y.zz", "\u0085X: y",
		strings.Repeat("a", 3000), strings.Repeat("ñ ", 900), "--boundary\r\nContent-Type: text/html\r\n\r\n<b>", "a, b@example.com; c", "\rX: y",
	} {
		f.Add(s, s, s, s)
	}
	f.Add("team@tienda.cl", "carla@example.com", "x", "y")
	f.Fuzz(func(t *testing.T, to, replyTo, name, text string) {
		s := serve(t, serverOptions{noTLS: true})
		m := mailer(t, s, func(o *mail.Options) {
			o.Security = mail.InsecurePlaintext
		})
		one := notification("mail-1")
		one.To, one.ReplyTo, one.Subject, one.AccountName, one.Text, one.Message, one.URL = to, replyTo, name, name, text, text, text
		one.Customer = tickets.Customer{Level: tickets.LevelClaimed, Name: name, Email: replyTo, Phone: name}
		wrong := m.Send(t.Context(), one)
		one.To = "team@tienda.cl"
		require.NoError(t, m.Send(t.Context(), one))
		one.Key = text
		if err := m.Send(t.Context(), one); err != nil {
			require.ErrorIs(t, err, charla.ErrRefused)
		}
		m.Close()
		mails, err := checkTranscript(s.heard())
		require.NoError(t, err)
		assert.Len(t, s.took(), mails)
		if wrong != nil {
			require.ErrorIs(t, wrong, charla.ErrRefused)
		}
	})
}

// The negative control: transcripts that the check must not let pass.
func TestTranscriptCheck(t *testing.T) {
	t.Parallel()
	s := serve(t, serverOptions{noTLS: true})
	m := mailer(t, s, plaintext)
	require.NoError(t, m.Send(t.Context(), notification("mail-1")))
	m.Close()
	good := s.heard()
	mails, err := checkTranscript(good)
	require.NoError(t, err)
	require.Equal(t, 1, mails)
	for _, change := range [][2]string{
		{"RCPT TO:<team@tienda.cl>", "RCPT TO:<team@tienda.cl> NOTIFY=NEVER"},
		{"RCPT TO:<team@tienda.cl>", "RCPT TO:<team@tienda.cl>\r\nRCPT TO:<x>"},
		{"Subject: Nuevo", "Bcc: x@example.com\r\nSubject: Nuevo"},
		{"Subject: Nuevo", "Subject: Nuevo\nBcc: x@example.com"},
		{"To: <team@tienda.cl>", "To: <team@tienda.cl>\r\nTo: <x@example.com>"},
		{"Correo:", "\r\n.\r\nMAIL FROM:<x@example.com>\r\n"},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		require.NotEqual(t, good, bad, change[0])
		_, err := checkTranscript(bad)
		require.Error(t, err, change[1])
	}
}
