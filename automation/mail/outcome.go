package mail

import (
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"time"

	"github.com/charlahq/charla"
)

// stage is how far a mail had got.
type stage struct {
	name string
	// about says that a refusal is about this mail.
	about bool
	// ended says that the end of the mail was sent.
	ended bool
}

var (
	atWait    = stage{name: "wait for a connection"}
	atConnect = stage{name: "connect"}
	atHello   = stage{name: "EHLO"}
	atTLS     = stage{name: "STARTTLS"}
	atLogin   = stage{name: "AUTH"}
	atMail    = stage{name: "MAIL", about: true}
	atRcpt    = stage{name: "RCPT", about: true}
	atData    = stage{name: "DATA", about: true}
	atText    = stage{name: "text", about: true}
	atEnd     = stage{name: "end of text", about: true, ended: true}
)

// replyCode returns the code of the server's answer that an error is; 0: it is none.
func replyCode(err error) int {
	if reply := (*textproto.Error)(nil); errors.As(err, &reply) {
		return reply.Code
	}
	return 0
}

// permanent reports whether an error is an answer that will not change.
func permanent(err error) bool { return replyCode(err)/100 == 5 }

// busy is when to try again at a server that takes no more connections.
const busy = 30 * time.Second

// outcome returns the error of a mail that met err at a stage: nil if the server took
// it after all, [charla.ErrRefused], [charla.Later] if the server had no time for a
// connection, [charla.ErrNotSent], or another error if it may have been sent.
func outcome(at stage, err error) error {
	code := replyCode(err)
	switch {
	case at.ended && code/100 == 2:
		return nil // a success, if not the usual one
	case at.about && code/100 == 5 && !aboutLogin(code):
		return fmt.Errorf("%w: %s: %w", charla.ErrRefused, at.name, err)
	case !at.about && (code/100 == 4 || at == atWait || errors.Is(err, io.EOF)):
		// The server is busy; it has seen nothing of this mail.
		return &charla.Later{After: busy, Err: fmt.Errorf("%s: %w", at.name, err)}
	case !at.ended, code/100 == 4, code/100 == 5:
		return fmt.Errorf("%w: %s: %w", charla.ErrNotSent, at.name, err)
	default:
		return fmt.Errorf("mail: it is unknown whether it was sent: %s: %w", at.name, err)
	}
}

// aboutLogin reports whether a refusal asks for a login or for TLS.
func aboutLogin(code int) bool {
	return code == 530 || code == 534 || code == 535 || code == 538
}
