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

// busyDesk is a desk with one account, whose customers have each written, so that each of
// its addresses is to get a mail of each.
type busyDesk struct {
	t       *testing.T
	desk    *charla.Desk
	clock   *clock.Mock
	account chatcfg.AccountID
}

func newBusyDesk(t *testing.T, m *mail.Mailer, mock *clock.Mock, addresses, customers int) *busyDesk {
	t.Helper()
	ctx := t.Context()
	desk, err := charla.New(storage.NewMemory(), &charla.Options{
		Clock: mock, Entropy: &entropy{r: rand.NewChaCha8([32]byte{1})}, Mailer: m, HeartbeatTTL: -1,
	})
	require.NoError(t, err)
	cfg := chatcfg.Default(chatcfg.Spanish)
	for i := range addresses {
		cfg.General.Notify.To = append(cfg.General.Notify.To, fmt.Sprintf("a%d@tienda.cl", i))
	}
	cfg.General.Notify.Tickets = chatcfg.NotifyAll
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	for range customers {
		visitor, _, err := account.Enter(ctx, charla.Entry{Name: "Carla"})
		require.NoError(t, err)
		_, err = visitor.Write(ctx, "hola", nil)
		require.NoError(t, err)
	}
	return &busyDesk{t, desk, mock, account.ID()}
}

// pass carries out what is due, and lets a minute pass.
func (b *busyDesk) pass() {
	_, err := b.desk.RunDue(b.t.Context())
	require.NoError(b.t, err)
	b.clock.Add(time.Minute)
}

// sent returns all mails that were sent.
func (b *busyDesk) sent() []charla.Delivery {
	var all []charla.Delivery
	q := charla.DeliveryQuery{Account: b.account, State: charla.DeliverySent}
	for {
		page, err := b.desk.Deliveries(b.t.Context(), q)
		require.NoError(b.t, err)
		all = append(all, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}

// R8.2: 600 mails at once to a server that takes three connections, ends each seventh at
// once, and greylists: all are sent, none twice, and what the server had no time for was no
// attempt.
func TestDeskAtABusyServer(t *testing.T) {
	t.Parallel()
	const addresses, customers = 20, 30
	s := serve(t, serverOptions{noTLS: true})
	s.mu.Lock()
	s.allowed, s.crowded, s.ended, s.greylists = 3, "421 4.7.0 too many connections\r\n", 7, true
	s.mu.Unlock()
	mock := clock.NewMock()
	mock.Set(start)
	b := newBusyDesk(t, mailer(t, s, func(o *mail.Options) { o.Security, o.Clock = mail.InsecurePlaintext, mock }), mock, addresses, customers)
	for range 60 {
		b.pass()
	}
	assert.Len(t, s.ids(), addresses*customers)
	assert.Len(t, s.took(), addresses*customers, "none twice")
	s.mu.Lock()
	assert.Positive(t, s.turnedAway, "the control: the server was busy")
	s.mu.Unlock()
	burnt := 0
	for _, d := range b.sent() {
		burnt += d.Attempts - 1
	}
	assert.Equal(t, addresses, burnt, "what was greylisted, once for each address")
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
