package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation/mail"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/webhook"
	"github.com/charlahq/charla/widget"
)

// mailbox is where both tenants want mails of tickets and forms: the hostile one names the
// other's.
const mailbox = "soporte@tienda.cl"

// told is what the server is told by who starts it.
type told struct {
	// Dir is where it keeps its files, SMTP its mail server's address, Quick and Tarpit the
	// receivers of events.
	Dir, SMTP, Quick, Tarpit string
	Window                   time.Duration
}

// ready is what the server says when it serves: its addresses, and the tenants' keys.
type ready struct{ Address, Control, Honest, Hostile string }

// serve is the server's process: it serves until ctx ends.
func serve(ctx context.Context, o told) error {
	store, err := sqlite.Open(filepath.Join(o.Dir, "chat.db"), nil)
	if err != nil {
		return err
	}
	defer store.Close()
	files, err := charla.NewFileDir(filepath.Join(o.Dir, "files"))
	if err != nil {
		return err
	}
	defer files.Close()
	mailer, err := mail.New(o.SMTP, "chat@servicio.cl", &mail.Options{Security: mail.InsecurePlaintext, Limit: mail.Limit{Window: o.Window}})
	if err != nil {
		return err
	}
	defer mailer.Close()
	var hostile chatcfg.AccountID
	secret, err := webhook.NewSecret(rand.Reader)
	if err != nil {
		return err
	}
	hook, err := webhook.New(func(_ context.Context, id chatcfg.AccountID) (webhook.Endpoint, error) {
		url := o.Quick
		if id == hostile {
			url = o.Tarpit
		}
		return webhook.Endpoint{URL: url, Secrets: []webhook.Secret{secret}}, nil
	}, &webhook.Options{InsecureHTTP: true, AllowHosts: []string{"127.0.0.1"}})
	if err != nil {
		return err
	}
	defer hook.Close()
	desk, err := charla.New(store, &charla.Options{
		Mailer: mailer, Presence: available{}, Hooks: map[string]charla.Hook{"crm": hook.Send}, Files: &charla.FileOptions{Store: files},
	})
	if err != nil {
		return err
	}
	var accounts [2]*charla.Account
	var keys [2]string
	for i, name := range []string{"Tienda", "Vecino"} {
		cfg := chatcfg.Default(chatcfg.Spanish)
		cfg.Chat.Anonymous = true
		cfg.Chat.ContactForm.Enabled = true
		cfg.Chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: mailbox}
		cfg.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{mailbox}}
		if accounts[i], _, err = desk.CreateAccount(ctx, name, "tienda.cl", &charla.AccountOptions{Config: &cfg}); err != nil {
			return err
		}
		info, err := accounts[i].Info(ctx)
		if err != nil {
			return err
		}
		keys[i] = info.Key
	}
	hostile = accounts[1].ID()
	handler, err := widget.New(desk, &widget.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		return err
	}
	defer handler.Close()
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	errs := make(chan error, 3)
	go func() {
		errs <- (&http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}).Serve(public)
	}()
	go func() { errs <- http.Serve(control, steer(desk, accounts)) }() //nolint:gosec // a proof's own
	go func() { errs <- desk.Run(ctx) }()
	line, err := json.Marshal(ready{public.Addr().String(), control.Addr().String(), keys[0], keys[1]})
	if err != nil {
		return err
	}
	if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
		return err
	}
	select {
	case err = <-errs:
	case <-ctx.Done():
	}
	return err
}

// available says that agents are there, so that visitors can write.
type available struct{}

// Presence implements [charla.Presence].
func (available) Presence(context.Context, chatcfg.AccountID) (tickets.Presence, error) {
	return tickets.Presence{Available: true}, nil
}

// steer returns the handler of what the client has the server do: n forms, logins or tickets of the
// hostile tenant's, which no limit of addresses holds up, and the other's deliveries in a state.
func steer(desk *charla.Desk, accounts [2]*charla.Account) http.Handler {
	hostile := accounts[1]
	many := map[string]func(ctx context.Context, i int) error{
		"forms": func(ctx context.Context, i int) error {
			f := charla.ContactForm{Email: fmt.Sprintf("f%d@example.com", i), Text: "formulario", Scriptless: true}
			_, err := hostile.Visitor("").Contact(ctx, f, &charla.CallOptions{Key: fmt.Sprint("form-", i)})
			return err
		},
		"logins": func(ctx context.Context, i int) error {
			v, _, err := hostile.Enter(ctx, charla.Entry{Name: "Visita"})
			if err == nil {
				_, _, err = v.Login(ctx, charla.Proof{Subject: fmt.Sprint("s", i%100), Name: "Visita"})
			}
			return err
		},
		"tickets": func(ctx context.Context, _ int) error {
			v, _, err := hostile.Enter(ctx, charla.Entry{Name: "Visita"})
			if err == nil {
				_, err = v.Write(ctx, "hola", nil)
			}
			return err
		},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{what}", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		one := many[r.PathValue("what")]
		next := make(chan int)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for i := range next {
					if err := one(r.Context(), i); err != nil && r.Context().Err() == nil {
						http.Error(w, err.Error(), http.StatusInternalServerError)
					}
				}
			})
		}
		for i := 0; i < n && r.Context().Err() == nil; i++ {
			next <- i
		}
		close(next)
		all.Wait()
	})
	mux.HandleFunc("GET /deliveries", func(w http.ResponseWriter, r *http.Request) {
		n := 0
		q := charla.DeliveryQuery{Account: accounts[0].ID(), State: charla.DeliveryState(r.FormValue("state"))}
		for {
			page, err := desk.Deliveries(r.Context(), q)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			n += len(page.Items)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		_, _ = w.Write([]byte(strconv.Itoa(n)))
	})
	return mux
}
