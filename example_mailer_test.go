package charla_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

// poster is a mailer by somebody's HTTP interface for e-mails.
type poster struct {
	post func(ctx context.Context, m charla.Mail) (status int, err error)
}

// Send says whether a mail was certainly not sent, or may have been.
func (p poster) Send(ctx context.Context, mail charla.Mail) error {
	status, err := p.post(ctx, mail)
	switch {
	case err != nil:
		return err // it may have arrived: the desk leaves it to its host
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		return fmt.Errorf("%w: status %d", charla.ErrNotSent, status) // the desk tries it again
	case status != http.StatusOK:
		return fmt.Errorf("%w: status %d", charla.ErrRefused, status) // it does not
	}
	return nil
}

// A host sends the e-mails: here by a service that is busy at first.
func ExampleMailer() {
	busy := true
	mailer := poster{post: func(_ context.Context, m charla.Mail) (int, error) {
		if busy {
			fmt.Println("busy")
			return http.StatusServiceUnavailable, nil
		}
		fmt.Printf("to %s: %s\n", m.To, m.Subject)
		return http.StatusOK, nil
	}}
	mock := clock.NewMock()
	desk := must(charla.New(storage.NewMemory(), &charla.Options{Clock: mock, Entropy: entropy(1), Mailer: mailer}))
	cfg := chatcfg.Default(chatcfg.English)
	cfg.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"team@tienda.cl"}}
	ctx := context.Background()
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	check(err)
	visitor, _, err := account.Enter(ctx, charla.Entry{Name: "Carla"})
	check(err)
	must(visitor.Write(ctx, "hello", nil))

	must(desk.RunDue(ctx)) // Desk.Run does it by itself
	busy = false
	mock.Add(time.Minute)
	must(desk.RunDue(ctx))
	// Output:
	// busy
	// to team@tienda.cl: New ticket: Carla, Tienda [73awfg2kyr2dj-1]
}
