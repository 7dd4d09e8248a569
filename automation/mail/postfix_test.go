package mail_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla/automation/mail"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// postfixMain has DIR, SINK and POLICY to fill in.
const postfixMain = `compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
daemon_directory = /usr/lib/postfix/sbin
maillog_file = DIR/log
maillog_file_prefixes = DIR
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = mail.tienda.cl
mydestination =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = tienda.cl
virtual_transport = smtp:[127.0.0.1]:SINK
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = DIR/tls.pem
smtpd_client_connection_count_limit = 3
smtpd_client_event_limit_exceptions =
smtpd_delay_reject = no
smtpd_client_restrictions = check_policy_service inet:POLICY
smtpd_recipient_restrictions = check_policy_service inet:POLICY, permit_mynetworks, reject
`

// postfixServices are the processes that take mails and deliver them, none in a chroot.
const postfixServices = `127.0.0.1:PORT inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
smtp unix - - n - - smtp
retry unix - - n - - error
error unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// A policy is what Postfix asks about each connection and each recipient.
type policy struct {
	mu sync.Mutex
	// ended: each connection whose number it divides is ended at once.
	ended, connections, turnedAway, greylisted int
	seen                                       map[string]bool
}

// answer returns the action for a request.
func (p *policy) answer(asked map[string]string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch to := asked["recipient"]; {
	case asked["protocol_state"] == "CONNECT":
		if p.connections++; p.connections%p.ended == 0 {
			p.turnedAway++
			return "421 4.3.2 closing"
		}
	case asked["protocol_state"] == "RCPT" && !p.seen[to]:
		p.seen[to] = true
		p.greylisted++
		return "451 4.7.1 greylisted, come again"
	}
	return "DUNNO"
}

// serve answers Postfix's requests on a listener.
func (p *policy) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			asked := map[string]string{}
			for lines := bufio.NewScanner(c); lines.Scan(); {
				if name, value, found := strings.Cut(lines.Text(), "="); found {
					asked[name] = value
					continue
				}
				_, _ = io.WriteString(c, "action="+p.answer(asked)+"\n\n")
				clear(asked)
			}
		}()
	}
}

// postfix is a Postfix that takes three connections and asks a policy.
type postfix struct {
	t        *testing.T
	dir      string
	addr     string
	trust    *x509.CertPool
	asks     *policy
	delivers *server
	process  *exec.Cmd
	alive    io.Closer
	said     bytes.Buffer
}

// servePostfix starts a Postfix in a folder of its own. It needs root, as Postfix does.
func servePostfix(t *testing.T) *postfix {
	t.Helper()
	require.Zero(t, os.Geteuid(), "Postfix starts as root only")
	p := &postfix{t: t, asks: &policy{ended: 7, seen: map[string]bool{}}, delivers: serve(t, serverOptions{noTLS: true}), trust: x509.NewCertPool()}
	asked, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = asked.Close() })
	go p.asks.serve(asked)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.addr = free.Addr().String()
	require.NoError(t, free.Close())

	p.dir, err = os.MkdirTemp("", "postfix") // all may pass through
	require.NoError(t, err)
	require.NoError(t, os.Chmod(p.dir, 0o755))
	owner, err := osuser.Lookup("postfix")
	require.NoError(t, err)
	uid, err := strconv.Atoi(owner.Uid)
	require.NoError(t, err)
	for _, name := range strings.Fields("queue queue/pid etc data queue/active queue/bounce queue/corrupt queue/defer queue/deferred queue/flush " +
		"queue/hold queue/incoming queue/maildrop queue/private queue/public queue/saved queue/trace") {
		require.NoError(t, os.Mkdir(filepath.Join(p.dir, name), 0o755))
		if name != "queue" && name != "queue/pid" && name != "etc" {
			require.NoError(t, os.Chown(filepath.Join(p.dir, name), uid, -1))
		}
	}
	certificates := httptest.NewTLSServer(nil)
	certificates.Close()
	p.trust.AddCert(certificates.Certificate())
	key, err := x509.MarshalPKCS8PrivateKey(certificates.TLS.Certificates[0].PrivateKey)
	require.NoError(t, err)
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificates.Certificate().Raw})...)
	_, sink, err := net.SplitHostPort(p.delivers.addr)
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(p.addr)
	require.NoError(t, err)
	fill := strings.NewReplacer("DIR", p.dir, "SINK", sink, "POLICY", asked.Addr().String(), "PORT", port)
	for name, text := range map[string]string{"etc/main.cf": fill.Replace(postfixMain), "etc/master.cf": fill.Replace(postfixServices), "tls.pem": string(both)} {
		require.NoError(t, os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600))
	}
	p.start()
	t.Cleanup(p.stop)
	return p
}

// start starts Postfix below a shell that ends it when its input ends, as it does with the
// test: no signal at its parent's death survives that Postfix changes its user.
func (p *postfix) start() {
	p.t.Helper()
	p.process = exec.Command("/bin/sh", "-c", `"$0" -c "$1" -d & read -r _; trap "" TERM; kill -TERM 0; wait`,
		"/usr/lib/postfix/sbin/master", filepath.Join(p.dir, "etc"))
	p.process.Stdout, p.process.Stderr = &p.said, &p.said
	p.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	p.alive, err = p.process.StdinPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, p.process.Start())
	require.Eventually(p.t, func() bool { // asks the kernel, not Postfix, which counts connections
		conn, err := net.Listen("tcp", p.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, time.Minute, 10*time.Millisecond, "master")
}

// stop ends Postfix and all processes of its.
func (p *postfix) stop() {
	_ = p.alive.Close()
	_ = p.process.Wait()
	assert.Eventually(p.t, func() bool { return os.RemoveAll(p.dir) == nil }, time.Minute, 10*time.Millisecond, "a process is left")
}

// log returns what Postfix has logged.
func (p *postfix) log() string {
	text, err := os.ReadFile(filepath.Join(p.dir, "log"))
	assert.NoError(p.t, err)
	return string(text) + p.said.String()
}

// R8.2: many mails at once to a Postfix that takes three connections of a client, ends each
// seventh at once, and greylists: all are sent, none twice, and what it had no time for was
// no attempt.
func TestDeskAtPostfix(t *testing.T) {
	t.Parallel()
	const addresses = 20
	customers := 5
	if os.Getenv("CHARLA_FULL") != "" {
		customers = 30
	}
	p := servePostfix(t)
	mock := clock.NewMock()
	mock.Set(start)
	m, err := mail.New(p.addr, sender, &mail.Options{Clock: mock, TLS: &tls.Config{RootCAs: p.trust}})
	require.NoError(t, err)
	t.Cleanup(m.Close)
	b := newBusyDesk(t, m, mock, addresses, customers)
	passes := 0
	for ; passes < 60 && len(b.sent()) < addresses*customers; passes++ {
		b.pass()
	}
	require.Len(t, b.sent(), addresses*customers, "%s", p.log())
	require.Eventually(t, func() bool { return len(p.delivers.took()) >= addresses*customers }, time.Minute, 10*time.Millisecond)
	assert.Len(t, p.delivers.ids(), addresses*customers)
	assert.Len(t, p.delivers.took(), addresses*customers, "none twice")
	p.asks.mu.Lock()
	defer p.asks.mu.Unlock()
	crowded := strings.Count(p.log(), "Connection concurrency limit exceeded")
	assert.Positive(t, crowded, "the control: it took three connections")
	assert.Positive(t, p.asks.turnedAway, "the control: it ended some")
	assert.Equal(t, addresses, p.asks.greylisted)
	burnt := 0
	for _, d := range b.sent() {
		burnt += d.Attempts - 1
	}
	assert.Equal(t, addresses, burnt, "what was greylisted, once for each address")
	t.Logf("%d mails in %d passes; turned away: %d by the number of connections, %d at once; greylisted: %d; attempts more than one: %d",
		addresses*customers, passes, crowded, p.asks.turnedAway, p.asks.greylisted, burnt)
}
