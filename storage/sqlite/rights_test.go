//go:build unix

package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/charlahq/charla/storage/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// childOpen has the test binary open a store at a path: with few rights, or without a
// descriptor to spare. It prints how that failed.
const childOpen = "CHARLA_SQLITE_OPEN"

// openChild opens a store with few rights, or without a descriptor to spare.
func openChild(path string) error {
	if os.Getenv("CHARLA_SQLITE_DESCRIPTORS") != "" {
		if err := useUp(); err != nil {
			return err
		}
	} else if os.Geteuid() == 0 { // to whom no right is missing
		if err := syscall.Setuid(65534); err != nil {
			return err
		}
	}
	s, err := sqlite.Open(path, nil)
	if err == nil {
		return errors.Join(errors.New("it opened"), s.Close())
	}
	fmt.Println(classOf(err)+":", err)
	return nil
}

// useUp opens files until there is no descriptor left.
func useUp() error {
	r, w, err := os.Pipe() // what the runtime needs of descriptors it has from now on
	if err != nil {
		return err
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	limit := syscall.Rlimit{Cur: 64, Max: 64}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	for range 64 {
		if _, err := syscall.Open(os.DevNull, syscall.O_RDONLY, 0); err != nil {
			return nil
		}
	}
	return errors.New("no end of descriptors")
}

// Missing rights and missing descriptors are said in words, with the path.
func TestRights(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		prepare func(t *testing.T, dir, path string)
		few     bool
		class   string
		words   []string
	}{
		"file that cannot be written": {func(t *testing.T, _, path string) {
			require.NoError(t, os.Chmod(path, 0o444))
		}, false, notDone, []string{"permission denied", "cannot be written"}},
		"file that cannot be read": {func(t *testing.T, _, path string) {
			require.NoError(t, os.Chmod(path, 0))
		}, false, busy, []string{"permission denied"}},
		"folder that cannot be written": {func(t *testing.T, dir, path string) {
			require.NoError(t, os.Chmod(path, 0o666))
			require.NoError(t, os.Chmod(dir, 0o555))
		}, false, "", []string{"or its folder", "cannot be"}},
		"no database yet, folder that cannot be written": {func(t *testing.T, dir, path string) {
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Chmod(dir, 0o555))
		}, false, busy, []string{"cannot be opened"}},
		"no descriptor": {func(*testing.T, string, string) {}, true, busy, []string{"too many open files"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "charla")
			require.NoError(t, err)
			t.Cleanup(func() { _ = os.Chmod(dir, 0o700); _ = os.RemoveAll(dir) })
			require.NoError(t, os.Chmod(dir, 0o777))
			path := filepath.Join(dir, "chat.db")
			s, err := sqlite.Open(path, nil)
			require.NoError(t, err)
			require.NoError(t, s.Close())
			one.prepare(t, dir, path)
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), childOpen+"="+path)
			if one.few {
				cmd.Env = append(cmd.Env, "CHARLA_SQLITE_DESCRIPTORS=1")
			}
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.Contains(t, string(out), one.class+": ")
			assert.Contains(t, string(out), path)
			for _, words := range one.words {
				assert.Contains(t, string(out), words)
			}
		})
	}
}
