package charlanats_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// users are a configuration in which a user with a password may subscribe to a subject.
const users = `authorization { users = [{ user: desk, password: %q, permissions: { publish: ">", subscribe: %q } }] }
`

// server is a nats-server of its own.
type server struct {
	t    *testing.T
	port int
	cmd  *exec.Cmd
	said *bytes.Buffer
}

// serve starts a server that anybody may use.
func serve(t *testing.T) *server { return serveAs(t, "") }

// serveUser starts a server that knows one user, who may subscribe to a subject.
func serveUser(t *testing.T, password, allowed string) *server {
	return serveAs(t, fmt.Sprintf(users, password, allowed))
}

// serveAs starts a server with a configuration, at any port.
func serveAs(t *testing.T, config string) *server {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{t: t, port: free.Addr().(*net.TCPAddr).Port}
	require.NoError(t, free.Close())
	s.start(config)
	t.Cleanup(s.kill)
	return s
}

// start starts the server, at the port that it has.
func (s *server) start(config string) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "nats.conf")
	require.NoError(s.t, os.WriteFile(file, []byte(config), 0o600))
	s.said = &bytes.Buffer{}
	s.cmd = exec.Command("/usr/sbin/nats-server", "-a", "127.0.0.1", "-p", fmt.Sprint(s.port), "-c", file)
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(s.t, s.cmd.Start())
	require.Eventually(s.t, func() bool {
		conn, err := net.Dial("tcp", s.address())
		return err == nil && conn.Close() == nil
	}, patience, time.Millisecond, "nats-server")
}

func (s *server) address() string { return net.JoinHostPort("127.0.0.1", fmt.Sprint(s.port)) }

func (s *server) url() string { return "nats://" + s.address() }

// kill ends the server without a word to its clients.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}
