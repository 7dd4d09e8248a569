package mail_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// fault is what the server does in place of its answer to a command.
type fault struct {
	// reply is sent instead.
	reply string
	// cut ends the connection, mute says nothing.
	cut, mute bool
}

func reply(s string) *fault { return &fault{reply: s + "\r\n"} }

var (
	cut  = &fault{cut: true}
	mute = &fault{mute: true}
)

// received is a mail that the server has read to its end.
type received struct{ from, to, data string }

// server is a real SMTP server behind a tap that can spoil its answers.
type server struct {
	addr string
	// trust is what its certificate is signed by.
	trust *x509.CertPool

	mu sync.Mutex
	// faults are by command; "banner", "text" (within the mail), "." (its end).
	faults map[string]*fault
	// before is called before an answer.
	before     func(verb string)
	mails      []received
	transcript bytes.Buffer
	names      []string // logins
	open, most int      // connections
	dials      int
	// allowed is how many connections it takes, 0: any number. To one more it says
	// crowded, and ends it.
	allowed    int
	crowded    string
	turnedAway int
	// full is closed when it turned one away; those that it took hear nothing before.
	full chan struct{}
	// ended: each connection whose number it divides is ended at once; 0: none. greylists: the first mail
	// to an address is refused for now.
	ended     int
	greylists bool
	seen      map[string]bool
	conns     []net.Conn
}

type serverOptions struct {
	implicit, noTLS bool
	// login is the mechanism that is offered; empty: none.
	login string
}

func serve(t testing.TB, o serverOptions) *server {
	t.Helper()
	// Its certificate is for 127.0.0.1.
	certificates := httptest.NewTLSServer(nil)
	certificates.Close()
	s := &server{faults: make(map[string]*fault), seen: make(map[string]bool), full: make(chan struct{}), trust: x509.NewCertPool()}
	s.trust.AddCert(certificates.Certificate())

	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		if o.login != "" {
			return &loginSession{session{s: s}, o.login}, nil
		}
		return &session{s: s}, nil
	}))
	srv.Domain, srv.ReadTimeout, srv.WriteTimeout = "localhost", time.Minute, time.Minute
	srv.AllowInsecureAuth = true
	srv.ErrorLog = log.New(io.Discard, "", 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = listener.Addr().String()
	cfg := &tls.Config{Certificates: certificates.TLS.Certificates}
	if !o.noTLS && !o.implicit {
		srv.TLSConfig = cfg
	}
	listener = &tap{Listener: listener, s: s}
	if o.implicit {
		listener = tls.NewListener(listener, cfg)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(listener) }()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return s
}

func (s *server) spoil(verb string, f *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[verb] = f
}

func (s *server) took() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.mails...)
}

// ids are the Message-IDs of the mails that it took.
func (s *server) ids() map[string]bool {
	all := map[string]bool{}
	for _, one := range s.took() {
		_, after, _ := strings.Cut(one.data, "Message-ID: ")
		id, _, _ := strings.Cut(after, "\r\n")
		all[id] = true
	}
	return all
}

// heard is everything that clients said.
func (s *server) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.transcript.String()
}

// drop cuts every connection.
func (s *server) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
}

type tap struct {
	net.Listener
	s *server
}

func (l *tap) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if admitted := l.admit(c); admitted != nil {
			return admitted, nil
		}
		_, _ = io.WriteString(c, l.s.crowded)
		_ = c.Close()
	}
}

// admit counts a connection; nil: it is one too many.
func (l *tap) admit(c net.Conn) net.Conn {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.s.dials++
	if l.s.allowed > 0 && l.s.open >= l.s.allowed || l.s.ended > 0 && l.s.dials%l.s.ended == 0 {
		if l.s.turnedAway++; l.s.turnedAway == 1 {
			close(l.s.full)
		}
		return nil
	}
	l.s.open++
	l.s.most = max(l.s.most, l.s.open)
	l.s.conns = append(l.s.conns, c)
	return &tapped{Conn: c, s: l.s, verb: "banner", closed: make(chan struct{})}
}

// tapped sees what a client says, line by line, and spoils what it is answered.
type tapped struct {
	net.Conn
	s      *server
	rest   []byte
	verb   string
	text   bool // the client is within a mail
	opaque bool // TLS
	once   sync.Once
	closed chan struct{}
}

func (c *tapped) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		c.s.open--
	})
	return c.Conn.Close()
}

func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.s.mu.Lock()
	c.s.transcript.Write(p[:n])
	f := c.s.faults["text"]
	c.s.mu.Unlock()
	if c.opaque {
		return n, err
	}
	if c.text && f != nil {
		return 0, c.spoil(f)
	}
	c.rest = append(c.rest, p[:n]...)
	for {
		line, rest, found := bytes.Cut(c.rest, []byte("\r\n"))
		if !found {
			return n, err
		}
		c.rest = rest
		switch {
		case !c.text:
			verb, _, _ := strings.Cut(string(line), " ")
			c.verb = strings.ToUpper(verb)
		case string(line) == ".":
			c.verb, c.text = ".", false
		}
	}
}

func (c *tapped) Write(p []byte) (int, error) {
	if c.opaque {
		return c.Conn.Write(p)
	}
	c.s.mu.Lock()
	f, before, limited := c.s.faults[c.verb], c.s.before, c.s.allowed > 0
	c.s.mu.Unlock()
	if limited {
		select {
		case <-c.s.full:
		case <-c.closed:
		}
	}
	if before != nil {
		before(c.verb)
	}
	if f != nil {
		return len(p), c.spoil(f)
	}
	c.text = c.verb == "DATA" && bytes.HasPrefix(p, []byte("354"))
	c.opaque = c.verb == "STARTTLS" && bytes.HasPrefix(p, []byte("220"))
	return c.Conn.Write(p)
}

func (c *tapped) spoil(f *fault) error {
	switch {
	case f.cut:
		_ = c.Close()
		return net.ErrClosed
	case f.mute:
		if c.text { // and does not listen either
			<-c.closed
		}
		return nil
	default:
		_, err := c.Conn.Write([]byte(f.reply))
		return err
	}
}

type session struct {
	s    *server
	mail received
}

func (s *session) Reset()        { s.mail = received{} }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.mail.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = to
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	if s.s.greylists && !s.s.seen[to] {
		s.s.seen[to] = true
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come again"}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.data = string(data)
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	s.s.mails = append(s.s.mails, s.mail)
	return nil
}

const (
	user     = "chat@tienda.cl"
	password = "correct horse"
)

type loginSession struct {
	session
	mechanism string
}

func (s *loginSession) AuthMechanisms() []string { return []string{s.mechanism} }

func (s *loginSession) Auth(string) (sasl.Server, error) {
	check := func(name, pass string) error {
		if name != user || pass != password {
			return errors.New("no such user")
		}
		s.s.mu.Lock()
		defer s.s.mu.Unlock()
		s.s.names = append(s.s.names, name)
		return nil
	}
	if s.mechanism == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, name, pass string) error { return check(name, pass) }), nil
}

// loginServer is the LOGIN mechanism, which package sasl has for clients only.
type loginServer struct {
	check func(name, pass string) error
	step  int
	name  string
}

func (l *loginServer) Next(answer []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.name = string(answer)
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.check(l.name, string(answer))
	}
}
