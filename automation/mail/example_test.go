package mail_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"regexp"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation/mail"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/emersion/go-smtp"
)

// printer is an SMTP session that prints what arrives, with one customer's code for all.
type printer struct{}

var code = regexp.MustCompile(`\b[0-9a-z]{13}\b`)

func (printer) Reset()                                      {}
func (printer) Logout() error                               { return nil }
func (printer) Mail(from string, _ *smtp.MailOptions) error { fmt.Println("from", from); return nil }
func (printer) Rcpt(to string, _ *smtp.RcptOptions) error   { fmt.Println("to", to); return nil }

func (printer) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "Subject:") {
			fmt.Print(code.ReplaceAllString(line, "73awfg2kyr2dj"))
		}
	}
	return err
}

// The e-mails of a desk go out by SMTP: here by a server on the same machine, so that
// it may be without TLS.
func Example() {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return printer{}, nil }))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() { _ = server.Serve(listener) }()
	defer server.Close()

	mailer, err := mail.New(listener.Addr().String(), "chat@tienda.cl", &mail.Options{
		Security: mail.InsecurePlaintext, // else TLS is required
	})
	check(err)
	defer mailer.Close()
	desk, err := charla.New(storage.NewMemory(), &charla.Options{
		Mailer: mailer,
		TicketURL: func(ref tickets.Ref) string {
			return fmt.Sprintf("https://tienda.cl/tickets/%s/%d", ref.Conversation, ref.Number)
		},
	})
	check(err)

	ctx := context.Background()
	cfg := chatcfg.Default(chatcfg.English)
	cfg.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"team@tienda.cl"}}
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	check(err)
	visitor, _, err := account.Enter(ctx, charla.Entry{Name: "Carla"})
	check(err)
	_, err = visitor.Write(ctx, "Where is my order?", nil)
	check(err)
	_, err = desk.RunDue(ctx) // Desk.Run does it by itself
	check(err)
	// Output:
	// from chat@tienda.cl
	// to team@tienda.cl
	// Subject: New ticket: Carla, Tienda [73awfg2kyr2dj-1]
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
