package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
)

// headerTimeout is how long the server waits for a request's header,
// writeTimeout for a reader to take an event.
const (
	headerTimeout = 2 * time.Second
	writeTimeout  = 2 * time.Second
)

// ready is what the server says when it serves.
type ready struct {
	Address, Control, Key, Secret string
	Account                       chatcfg.AccountID
}

// small is a listener whose connections hold little, so that a reader who does not
// read is noticed after kilobytes.
type small struct{ net.Listener }

func (l small) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(8 << 10)
	}
	return c, err
}

// serve is the server's process: it serves until ctx ends.
func serve(ctx context.Context, dir string, hijack bool) error {
	store, err := sqlite.Open(dir+"/charla.db", nil)
	if err != nil {
		return err
	}
	defer store.Close()
	var open atomic.Int64
	desk, err := charla.New(store, &charla.Options{Observer: &charla.Observer{
		Stream: func(_ context.Context, _ tickets.Side, change int) { open.Add(int64(change)) },
	}})
	if err != nil {
		return err
	}
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Chat.Anonymous = true
	account, secret, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	if err != nil {
		return err
	}
	much := widget.Rate{PerSecond: 1e6, Burst: 1e6}
	const many = 1 << 20
	handler, err := widget.New(desk, &widget.Options{
		Limits: widget.Limits{
			Address: much, Session: much, Account: much, All: much, Message: much, Entry: much, AccountEntry: much,
		},
		Streams: widget.StreamOptions{
			Session: many, Address: many, Account: many, All: many, WriteTimeout: writeTimeout, Hijack: hijack,
		},
	})
	if err != nil {
		return err
	}
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	errs := make(chan error, 2)
	go func() {
		errs <- (&http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}).Serve(small{public})
	}()
	go func() { errs <- http.Serve(control, steer(account, &open)) }() //nolint:gosec // a proof's own
	info, err := account.Info(ctx)
	if err != nil {
		return err
	}
	line, err := json.Marshal(ready{
		public.Addr().String(), control.Addr().String(), info.Key, secret.Reveal(), account.ID(),
	})
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

// steer returns the handler of the client's commands to the server.
func steer(account *charla.Account, open *atomic.Int64) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /open", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strconv.FormatInt(open.Load(), 10)))
	})
	mux.HandleFunc("POST /reply", func(w http.ResponseWriter, r *http.Request) {
		var o struct {
			Conversation tickets.ConversationID
			Text         string
		}
		err := json.NewDecoder(r.Body).Decode(&o)
		if err == nil {
			agent := account.Agent(charla.Person{ID: "ana", Name: "Ana"})
			_, err = agent.Reply(r.Context(), tickets.Ref{Conversation: o.Conversation}, o.Text, nil)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /memory", func(w http.ResponseWriter, _ *http.Request) {
		debug.FreeOSMemory()
		body, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		pages, _ := strconv.Atoi(strings.Fields(string(body))[1])
		_, _ = w.Write([]byte(strconv.Itoa(pages * os.Getpagesize())))
	})
	mux.HandleFunc("GET /conversation", func(w http.ResponseWriter, r *http.Request) {
		s, err := account.Visitor(charla.Token(r.FormValue("token"))).Session(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte(s.Conversation.String()))
	})
	return mux
}
