//go:build unix

package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// childWithout has the test binary work on a database at a path while something is
// missing that childMissing names.
const (
	childWithout = "CHARLA_SQLITE_WITHOUT"
	childMissing = "CHARLA_SQLITE_MISSING"
)

// missing take something away from a process that works, and give it back.
var missing = map[string]struct {
	take, back func(path string) error
	// refused says that no change is done while it is missing.
	refused bool
	// killed says that the process does not close its store afterwards.
	killed bool
}{
	"descriptors": {
		take: func(string) error {
			free, err := freeDescriptor()
			return errors.Join(err, limitDescriptors(free))
		},
		back: func(string) error { return limitDescriptors(2000) },
	},
	"rights to the folder": {
		take: func(path string) error { return os.Chmod(filepath.Dir(path), 0o555) },
		back: func(path string) error { return os.Chmod(filepath.Dir(path), 0o755) },
	},
	"rights to the files": {
		take: func(path string) error {
			return errors.Join(os.Chmod(path, 0o400), os.Chmod(path+"-wal", 0o400), os.Chmod(path+"-shm", 0o400))
		},
		back: func(path string) error { return os.Chmod(path, 0o600) },
	},
	"the log":               {take: func(path string) error { return os.Remove(path + "-wal") }, refused: true},
	"the log, until killed": {take: func(path string) error { return os.Remove(path + "-wal") }, refused: true, killed: true},
	"the index of the log":  {take: func(path string) error { return os.Remove(path + "-shm") }, refused: true},
}

// ready has the runtime open the descriptors that it needs.
func ready() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	return errors.Join(r.Close(), w.Close())
}

// limitDescriptors lets the process have so many descriptors.
func limitDescriptors(n int) error {
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: uint64(n), Max: 2000})
}

// freeDescriptor returns the lowest descriptor that is free.
func freeDescriptor() (int, error) {
	fd, err := syscall.Open(os.DevNull, syscall.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	return fd, syscall.Close(fd)
}

// workWithout prints what each call says while something is missing, and how many messages
// were acknowledged. It fails if a call says what is not true.
func workWithout(path string) error {
	if os.Geteuid() == 0 { // to whom no right is missing
		if err := syscall.Setuid(65534); err != nil {
			return err
		}
	}
	what := missing[os.Getenv(childMissing)]
	if err := ready(); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	s, err := sqlite.Open(path, nil)
	if err != nil {
		return err
	}
	ctx := context.Background()
	b := &bundle{Store: s, ctx: ctx}
	account := chatcfg.Account{ID: chatcfg.AccountID{UUID: b.id()}, Name: "Tienda", Version: 1, Revision: 1, Key: "key", CreatedAt: base, SavedAt: base}
	if err := s.Accounts().Create(ctx, account, storage.Document{Name: "config", Version: 1, Body: []byte("{}")}); err != nil {
		return err
	}
	c := b.chat(account)
	for range 3 {
		if err := s.Conversations().Commit(ctx, c.next("antes")); err != nil {
			return err
		}
	}
	if err := what.take(path); err != nil {
		return err
	}
	batch := c.next("mientras")
	stored := s.Conversations().Commit(ctx, batch)
	if what.refused && stored == nil {
		return errors.New("a change was acknowledged")
	}
	if what.killed {
		fmt.Println(account.ID, c.conv.ID, 3)
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	session := tickets.Session{ID: tickets.SessionID{UUID: b.id()}, Account: account.ID, Revision: 1}
	_, loaded := s.Conversations().Load(ctx, storage.LoadQuery{Account: account.ID, Conversation: c.conv.ID})
	_, listed := s.Queries().Messages(ctx, storage.MessageQuery{Account: account.ID, Conversation: c.conv.ID, Limit: 9})
	for name, err := range map[string]error{
		"commit": stored, "session": s.Sessions().Create(ctx, session), "load": loaded, "list": listed,
		"backup": s.Backup(ctx, path+".copy"),
	} {
		if err == nil {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s: %s: %v\n", name, classOf(err), err)
		if classOf(err) == unknown {
			return fmt.Errorf("%s: nothing was done, yet: %w", name, err)
		}
	}
	if what.back != nil {
		if err := what.back(path); err != nil {
			return err
		}
		if stored != nil {
			if err := s.Conversations().Commit(ctx, batch); err != nil {
				return fmt.Errorf("what was refused cannot be stored: %w", err)
			}
		}
		if err := s.Conversations().Commit(ctx, c.next("después")); err != nil {
			return err
		}
		_ = os.Remove(path + ".copy")
		if err := s.Backup(ctx, path+".copy"); err != nil {
			return err
		}
		fmt.Println(account.ID, c.conv.ID, 5)
	} else {
		fmt.Println(account.ID, c.conv.ID, 3)
	}
	return s.Close()
}

// R8.1: a process that loses a file, a right or its last descriptor while it works says of
// each call what it is: done, busy, or not done, and never that the outcome is unknown;
// what it acknowledged is there when the database is opened again.
func TestWithout(t *testing.T) {
	t.Parallel()
	for name, what := range missing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "charla")
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
			require.NoError(t, os.Chmod(dir, 0o777))
			path := filepath.Join(dir, "data", "chat.db")
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), childWithout+"="+path, childMissing+"="+name)
			var said strings.Builder
			cmd.Stderr = &said
			out, err := cmd.Output()
			t.Logf("%s", &said)
			if what.killed {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
			}
			words := strings.Fields(string(out))
			require.Len(t, words, 3)
			s, err := sqlite.Open(path, nil)
			require.NoError(t, err)
			defer s.Close()
			list, err := s.Queries().Messages(t.Context(), storage.MessageQuery{
				Account: chatcfg.AccountID{UUID: uuid.MustParse(words[0])}, Conversation: tickets.ConversationID{UUID: uuid.MustParse(words[1])}, Limit: 9,
			})
			require.NoError(t, err)
			assert.Equal(t, words[2], fmt.Sprint(len(list)))
		})
	}
}

// openFew opens a store at a path with ever more descriptors to spare, until it opens, and
// prints how it failed before.
func openFew(path string) error {
	if err := ready(); err != nil {
		return err
	}
	free, err := freeDescriptor()
	if err != nil {
		return err
	}
	for more := range 40 {
		if err := limitDescriptors(free + more); err != nil {
			return err
		}
		s, err := sqlite.Open(path, nil)
		if err == nil {
			fmt.Println("opened:", more)
			return s.Close()
		}
		fmt.Println(classOf(err)+":", err)
	}
	return errors.New("it never opens")
}

// R8.1: a process that runs out of descriptors while it opens the database is told so, and
// that it may try again; with enough of them it opens.
func TestOpenedWithFewDescriptors(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "chat.db")
	s, err := sqlite.Open(path, nil)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childFew+"="+path)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Greater(t, len(lines), 2, "the control: it failed before")
	for _, line := range lines[:len(lines)-1] {
		assert.Contains(t, line, busy+": ")
		assert.Contains(t, line, "too many open files")
		assert.Contains(t, line, path)
	}
	assert.Contains(t, lines[len(lines)-1], "opened: ")
}

const childFew = "CHARLA_SQLITE_FEW"
