package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pooler is a pgbouncer before the shared server.
type pooler struct {
	t    *testing.T
	port int
	file string
	cmd  *exec.Cmd
	out  *bytes.Buffer
}

// startPooler starts a pgbouncer in a mode for the server of a database, and returns it
// with the connection string that leads through it.
func startPooler(t *testing.T, dsn, mode string) (p *pooler, through string) {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p = &pooler{t: t, port: free.Addr().(*net.TCPAddr).Port}
	require.NoError(t, free.Close())
	dir, err := os.MkdirTemp("/tmp", "charla-pooler-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	p.file = filepath.Join(dir, "pgbouncer.ini")
	require.NoError(t, os.WriteFile(p.file, fmt.Appendf(nil, `[databases]
* = host=%s user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
auth_type = any
pool_mode = %s
default_pool_size = 20
ignore_startup_parameters = extra_float_digits
`, config.ConnConfig.Host, config.ConnConfig.User, p.port, mode), 0o644))
	p.start()
	t.Cleanup(p.kill)
	return p, fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", url.PathEscape(config.ConnConfig.User), p.port, config.ConnConfig.Database)
}

func (p *pooler) start() {
	p.t.Helper()
	path := "/usr/sbin/pgbouncer"
	args := []string{p.file}
	if os.Geteuid() == 0 { // it refuses to run as root
		args = []string{"-u", "postgres", p.file}
	}
	p.out = &bytes.Buffer{}
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(p.t, p.cmd.Start())
	require.Eventually(p.t, func() bool {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)))
		if err != nil {
			return false
		}
		return c.Close() == nil
	}, patience, tick, "pgbouncer: %s", p.out)
}

func (p *pooler) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// R8.1: behind pgbouncer the store works, or says at the start that it cannot.
func TestPoolerIsNoticed(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	_, through := startPooler(t, dsn, "transaction")
	for range 5 {
		_, err := postgres.Open(t.Context(), through, nil)
		require.ErrorIs(t, err, postgres.ErrPooler)
	}
	_, through = startPooler(t, dsn, "session")
	open(t, through, nil)
	open(t, dsn, nil)
}

// R8.1: a pgbouncer that is killed under load and comes back loses nothing and doubles
// nothing: a change whose outcome is unknown is looked up and made again.
func TestPoolerKilled(t *testing.T) {
	t.Parallel()
	for mode, more := range map[string]string{"session": "", "transaction": "&default_query_exec_mode=cache_describe"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			dsn := database(t)
			p, through := startPooler(t, dsn, mode)
			b := &bundle{TB: t, Store: open(t, through+more, nil), ctx: ctx, dsn: dsn}
			b.account = b.newAccount("Tienda")
			const writers, messages = 8, 40
			var group sync.WaitGroup
			written := make(chan struct{}, writers*messages)
			var chats [writers]*chat
			for i := range chats {
				chats[i] = b.chat(b.account)
				group.Go(func() {
					for n := range messages {
						chats[i].mustStore(ctx, fmt.Sprint("mensaje ", n))
						written <- struct{}{}
					}
				})
			}
			for range 3 {
				for range writers * messages / 5 {
					<-written
				}
				p.kill()
				p.start()
			}
			group.Wait()
			direct := open(t, dsn, nil)
			for _, c := range chats {
				list, err := direct.Queries().Messages(ctx, storage.MessageQuery{Account: b.account.ID, Conversation: c.conv.ID, Limit: 200})
				require.NoError(t, err)
				require.Len(t, list, messages)
				for n, m := range list {
					assert.Equal(t, fmt.Sprint("mensaje ", n), m.Text)
				}
			}
		})
	}
}

// mustStore commits the next message until it is stored, as a desk does: an outcome that is
// unknown is looked up.
func (c *chat) mustStore(ctx context.Context, text string) {
	batch := c.next(text)
	for ctx.Err() == nil {
		err := c.b.Conversations().Commit(ctx, batch)
		if err == nil {
			return
		}
		if errors.Is(err, storage.ErrConflict) { // stored by the attempt before
			return
		}
		for ctx.Err() == nil {
			now, err := c.b.Conversations().Load(ctx, storage.LoadQuery{Account: c.conv.Account, Conversation: c.conv.ID})
			if err == nil && now.Conversation.Version == c.conv.Version {
				return
			}
			if err == nil || errors.Is(err, storage.ErrNotFound) {
				break
			}
		}
	}
	assert.NoError(c.b, ctx.Err())
}
