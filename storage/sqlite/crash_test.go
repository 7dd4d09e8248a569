package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test binary is also the other process of the tests below: it writes into
// the database at childPath, in an account of the parent's, and says what was
// acknowledged.
const (
	childPath    = "CHARLA_SQLITE_CHILD"
	childAccount = "CHARLA_SQLITE_ACCOUNT"
	childNumber  = "CHARLA_SQLITE_NUMBER"
)

// others are what the test binary does instead of testing if an environment variable
// is set, whose value it is called with.
var others = map[string]func(string) error{childPath: child, childOpen: openChild, childWithout: workWithout, childFew: openFew, childQuery: query}

func TestMain(m *testing.M) {
	for name, other := range others {
		if value := os.Getenv(name); value != "" {
			if err := other(value); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		}
	}
	os.Exit(m.Run())
}

// patient is for processes that write at once: SQLite's lock is not fair.
var patient = sqlite.Options{BusyTimeout: time.Minute}

// child writes one conversation's messages, one after the other, for as long as
// its standard input is open, and prints the number of each one when it is
// acknowledged.
func child(path string) error {
	number, err := strconv.ParseUint(os.Getenv(childNumber), 10, 64)
	if err != nil {
		return err
	}
	s, err := sqlite.Open(path, &patient)
	if err != nil {
		return err
	}
	defer s.Close()
	b := &bundle{Store: s, ctx: context.Background()}
	b.minted.Store(number << 32)
	c := b.chat(chatcfg.Account{ID: chatcfg.AccountID{UUID: uuid.MustParse(os.Getenv(childAccount))}, Version: 1})
	stop := make(chan struct{})
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		close(stop)
	}()
	for {
		if err := s.Conversations().Commit(b.ctx, c.next("hola")); err != nil {
			return err
		}
		fmt.Println(c.conv.ID, c.conv.LastSeq)
		select {
		case <-stop:
			return nil
		default:
		}
	}
}

// process is a child at work.
type process struct {
	*exec.Cmd
	t    *testing.T
	end  func()
	mu   sync.Mutex
	seqs map[string]int64 // what it said was acknowledged
	read chan struct{}
}

func (b *bundle) child(t *testing.T, number int) *process {
	exe, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(exe), t: t, seqs: map[string]int64{}, read: make(chan struct{})}
	p.Env = append(os.Environ(), childPath+"="+b.path, childAccount+"="+b.account.ID.String(), fmt.Sprint(childNumber, "=", number))
	p.Stderr = os.Stderr
	in, err := p.StdinPipe()
	require.NoError(t, err)
	out, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	p.end = func() { in.Close() }
	t.Cleanup(func() { _ = p.Process.Kill() })
	go func() {
		defer close(p.read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var id string
			var seq int64
			if _, err := fmt.Sscan(lines.Text(), &id, &seq); err == nil {
				p.mu.Lock()
				p.seqs[id] = seq
				p.mu.Unlock()
			}
		}
	}()
	return p
}

// acknowledged is how many messages were.
func (p *process) acknowledged() (n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, seq := range p.seqs {
		n += seq
	}
	return n
}

func (p *process) until(n int64) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.acknowledged() >= n }, patience, tick)
}

// whole checks that a database is sound and that conversations have all messages
// up to a sequence at least.
func whole(t *testing.T, s storage.Store, account chatcfg.AccountID, seqs map[string]int64) {
	t.Helper()
	ctx := context.Background()
	values, err := s.(*sqlite.Store).Pragma(ctx, "integrity_check")
	require.NoError(t, err)
	for _, v := range values {
		require.Equal(t, "ok", v)
	}
	for id, seq := range seqs {
		var q storage.MessageQuery
		q.Account, q.Conversation.UUID = account, uuid.MustParse(id)
		l, err := s.Conversations().Load(ctx, storage.LoadQuery{Account: q.Account, Conversation: q.Conversation})
		require.NoError(t, err)
		require.GreaterOrEqual(t, l.Conversation.LastSeq, seq, "acknowledged")
		for q.After < l.Conversation.LastSeq {
			list, err := s.Queries().Messages(ctx, q)
			require.NoError(t, err)
			require.NotEmpty(t, list)
			for _, m := range list {
				q.After++
				require.Equal(t, q.After, m.Seq)
			}
		}
		entries, err := s.Queries().History(ctx, refOf(q), l.Conversation.LastEntry-1, 0)
		require.NoError(t, err)
		require.Len(t, entries, 1)
	}
}

// R8.1: what was acknowledged to a process that is then killed is there.
func TestKilled(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	require.NoError(t, b.Store.Close())
	seqs := map[string]int64{}
	for round := range 2 {
		p := b.child(t, round+1)
		p.until(20)
		require.NoError(t, p.Process.Kill())
		<-p.read
		_ = p.Wait()
		for id, seq := range p.seqs {
			seqs[id] = seq
		}
		s, err := sqlite.Open(b.path, nil)
		require.NoError(t, err)
		whole(t, s, b.account.ID, seqs)
		require.NoError(t, s.Close())
	}
	require.Len(t, seqs, 2)
}

// R8.1: the two files, copied as they are between two calls, hold everything
// that was acknowledged.
func TestCopiedFiles(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	seqs := map[string]int64{}
	chats := []*chat{b.chat(b.account), b.chat(b.account)}
	for round := range 3 {
		for range 10 {
			for _, c := range chats {
				c.says("hola")
				seqs[c.conv.ID.String()] = c.conv.LastSeq
			}
		}
		copied := filepath.Join(t.TempDir(), fmt.Sprint(round, ".db"))
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(b.path + suffix)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(copied+suffix, content, 0o600))
		}
		s, err := sqlite.Open(copied, nil)
		require.NoError(t, err)
		whole(t, s, b.account.ID, seqs)
		require.NoError(t, s.Close())
	}
}

// Two processes on one file: their writers take turns, each sees what the other
// did, and R4.5: what one claimed the other does not.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	b := setup(t, &patient)
	other, mine := b.child(t, 1), b.chat(b.account)
	seqs := map[string]int64{}
	claims := map[string]int{}
	second, err := sqlite.Open(b.path, &patient)
	require.NoError(t, err)
	defer second.Close()
	for _, s := range []*sqlite.Store{b.Store, second, b.Store} {
		other.until(other.acknowledged() + 10)
		for range 10 {
			mine.says("hola")
		}
		seqs[mine.conv.ID.String()] = mine.conv.LastSeq
		list, err := s.Outbox().Claim(b.ctx, base.AddDate(1, 0, 0), base.AddDate(2, 0, 0), 1000, storage.Share{})
		require.NoError(t, err)
		require.NotEmpty(t, list)
		for _, d := range list {
			claims[d.Key]++
		}
	}
	other.end()
	<-other.read
	require.NoError(t, other.Wait())
	for id, seq := range other.seqs {
		seqs[id] = seq
	}
	require.Len(t, seqs, 2)
	for key, n := range claims {
		assert.Equal(t, 1, n, key)
	}
	whole(t, b.Store, b.account.ID, seqs)
	whole(t, second, b.account.ID, seqs)
}

// A database that many open at once for the first time is made once.
func TestOpenedAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "chat.db")
	errs := make([]error, 8)
	stores := make([]*sqlite.Store, len(errs))
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { stores[i], errs[i] = sqlite.Open(path, &sqlite.Options{Readers: 1}) })
	}
	wg.Wait()
	for i := range errs {
		require.NoError(t, errs[i])
		require.NoError(t, stores[i].Close())
	}
}

// Opening waits for another process's transaction, also where SQLite itself does
// not: when it turns WAL mode on.
func TestOpenWaits(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "chat.db")
	other, err := database(t, path).Conn(context.Background())
	require.NoError(t, err)
	defer other.Close()
	_, err = other.ExecContext(context.Background(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	opened := make(chan error)
	go func() {
		s, err := sqlite.Open(path, nil)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		require.FailNow(t, "it did not wait", "%v", err)
	case <-time.After(100 * time.Millisecond):
	}
	_, err = other.ExecContext(context.Background(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, <-opened)
}

// A backup taken while others write is of one moment, and is a database.
func TestBackup(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	old := b.chat(b.account)
	old.says("hola")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	chats := []*chat{b.chat(b.account), b.chat(b.account)}
	for _, c := range chats {
		c.says("hola")
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if !assert.NoError(t, b.Conversations().Commit(b.ctx, c.next("hola"))) {
						return
					}
				}
			}
		})
	}
	dir := t.TempDir()
	for i := range 2 {
		path := filepath.Join(dir, fmt.Sprint("it's a ?copy#", i, ".db"))
		require.NoError(t, b.Backup(b.ctx, path))
		require.ErrorIs(t, b.Backup(b.ctx, path), os.ErrExist, "it overwrites nothing")
		s, err := sqlite.Open(path, nil)
		require.NoError(t, err)
		seqs := map[string]int64{old.conv.ID.String(): 1}
		for _, c := range chats {
			seqs[c.conv.ID.String()] = 1
		}
		whole(t, s, b.account.ID, seqs)
		feed, err := b.Queries().Changes(b.ctx, b.account.ID, storage.Latest, 0)
		require.NoError(t, err)
		for range 200 { // beyond where the cursor is
			require.NoError(t, s.Conversations().Commit(b.ctx, b.chat(b.account).next("hola")))
		}
		_, err = s.Queries().Changes(b.ctx, b.account.ID, feed.Next, 0)
		require.ErrorIs(t, err, storage.ErrCursor, "it is another database")
		require.NoError(t, s.Close())
	}
	close(stop)
	wg.Wait()

	require.ErrorIs(t, b.Backup(b.ctx, b.path), os.ErrExist, "nor itself")
	require.ErrorIs(t, b.Backup(b.ctx, filepath.Join(dir, "none", "copy.db")), os.ErrNotExist)
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	require.ErrorIs(t, b.Backup(ctx, filepath.Join(dir, "late.db")), context.Canceled)
	require.NoFileExists(t, filepath.Join(dir, "late.db"))
	only, err := b.Pragma(b.ctx, "query_only")
	require.NoError(t, err)
	require.Equal(t, []string{"0", "1", "1", "1", "1", "1"}, only)
}
