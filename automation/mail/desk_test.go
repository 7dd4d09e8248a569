package mail_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation/mail"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// eager is a mailer that is wrong: what it does not know it says was not sent.
type eager struct{ *mail.Mailer }

func (e eager) Send(ctx context.Context, m charla.Mail) error {
	err := e.Mailer.Send(ctx, m)
	if err != nil && !errors.Is(err, charla.ErrRefused) {
		return fmt.Errorf("%w: %w", charla.ErrNotSent, err)
	}
	return err
}

// R5.2, R8.2: a desk sends one mail to each address, in the end, whatever the server
// did before; and never a second one after the server may have taken the first.
func TestDesk(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		verb  string
		spoil *fault
		eager bool
		want  int // mails to each address
		state charla.DeliveryState
	}{
		{"works", "", nil, false, 1, charla.DeliverySent},
		{"later", "RCPT", reply("451 later"), false, 1, charla.DeliverySent},
		{"out of reach", "banner", cut, false, 1, charla.DeliverySent},
		{"refused", "RCPT", reply("550 never"), false, 0, charla.DeliveryDead},
		{"cut after the end", ".", cut, false, 1, charla.DeliveryUnknown},
		{"cut after the end, a mailer that is wrong", ".", cut, true, 2, charla.DeliverySent}, // the negative control
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			s := serve(t, serverOptions{})
			s.spoil(tt.verb, tt.spoil)
			security := mail.InsecurePlaintext // where the tap can look in
			if tt.verb == "" {
				security = mail.StartTLS
			}
			mock := clock.NewMock()
			mock.Set(start)
			var sender charla.Mailer
			m := mailer(t, s, func(o *mail.Options) { o.Security, o.Clock = security, mock })
			sender = m
			if tt.eager {
				sender = eager{m}
			}
			desk, err := charla.New(storage.NewMemory(), &charla.Options{
				Clock: mock, Entropy: &entropy{r: rand.NewChaCha8([32]byte{1})}, Mailer: sender, HeartbeatTTL: -1,
			})
			require.NoError(t, err)
			cfg := chatcfg.Default(chatcfg.Spanish)
			to := []string{"a@tienda.cl", "b@tienda.cl"}
			cfg.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: to}
			account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
			require.NoError(t, err)
			visitor, _, err := account.Enter(ctx, charla.Entry{Name: "Carla"})
			require.NoError(t, err)
			for range 3 { // more messages, no more mails
				_, err = visitor.Write(ctx, "hola", nil)
				require.NoError(t, err)
			}
			for i := range 40 {
				_, err := desk.RunDue(ctx)
				require.NoError(t, err)
				if i == 2 && tt.spoil != nil && tt.want > 0 {
					s.spoil(tt.verb, nil) // the server is well again
				}
				mock.Add(10 * time.Minute)
				if tt.eager && len(s.took()) >= 4 {
					break
				}
			}
			got := make(map[string]int)
			for _, one := range s.took() {
				got[one.to]++
			}
			for _, address := range to {
				if tt.eager {
					assert.GreaterOrEqual(t, got[address], tt.want)
					continue
				}
				assert.Equal(t, tt.want, got[address], address)
			}
			if !tt.eager {
				page, err := desk.Deliveries(ctx, charla.DeliveryQuery{Account: account.ID(), State: tt.state})
				require.NoError(t, err)
				assert.Len(t, page.Items, len(to))
			}
		})
	}
}

type entropy struct {
	mu sync.Mutex
	r  *rand.ChaCha8
}

func (e *entropy) Read(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.r.Read(b)
}
