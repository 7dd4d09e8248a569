package main

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// order is what an honest visitor writes first, and in forms: it is found again in the mail.
var order = regexp.MustCompile(`pedido-[0-9]+`)

// sink is the mail server. It notes when each order's mail came.
type sink struct {
	mu    sync.Mutex
	came  map[string]time.Time
	twice int
}

// listen serves mails until the process ends, and returns the server's address.
func (s *sink) listen() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &receiving{s}, nil }))
	server.Domain = "localhost"
	go func() { _ = server.Serve(l) }()
	return l.Addr().String(), nil
}

func (s *sink) when(name string) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, came := s.came[name]
	return at, came
}

type receiving struct{ *sink }

func (*receiving) Reset()                               {}
func (*receiving) Logout() error                        { return nil }
func (*receiving) Mail(string, *smtp.MailOptions) error { return nil }
func (*receiving) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (r *receiving) Data(body io.Reader) error {
	text, err := io.ReadAll(body)
	if name := order.Find(text); err == nil && name != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if _, before := r.came[string(name)]; before {
			r.twice++
		}
		r.came[string(name)] = time.Now()
	}
	return err
}

// receivers returns the addresses of a receiver of events that answers at once, and of one
// that takes connections and never answers.
func receivers() (quick, tarpit string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	go func() { _ = http.Serve(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) }() //nolint:gosec // a proof's own
	never, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	go func() {
		for {
			conn, err := never.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, conn); _ = conn.Close() }()
		}
	}()
	return "http://" + l.Addr().String() + "/", "http://" + never.Addr().String() + "/", nil
}
