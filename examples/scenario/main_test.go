package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const wrong = `Juan is not closed.
-- script --
customer juan says "hola"
expect juan closed
`

func TestCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command := filepath.Join(dir, "scenario")
	out, err := exec.Command("go", "build", "-o", command, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	run := func(args ...string) (stdout, stderr string, code int) {
		var o, e strings.Builder
		c := exec.Command(command, args...)
		c.Stdout, c.Stderr, c.Env = &o, &e, append(os.Environ(), "TMPDIR="+dir)
		var exit *exec.ExitError
		if err := c.Run(); errors.As(err, &exit) {
			code = exit.ExitCode()
		} else {
			require.NoError(t, err)
		}
		return o.String(), e.String(), code
	}
	write := func(name, data string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(data), 0o600))
		return path
	}
	files, err := filepath.Glob("../../automation/scenario/testdata/*.txtar")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 60)

	// Every rule file holds on every store (R4.5: a crash reopens the database).
	for _, store := range []string{"memory", "sqlite", "postgres"} {
		stdout, stderr, code := run(append([]string{"-store", store}, files...)...)
		assert.Equal(t, "ok "+strings.Join(files, "\nok ")+"\n", stdout, store)
		assert.Empty(t, stderr)
		assert.Zero(t, code)
	}
	left, err := filepath.Glob(filepath.Join(dir, "charla-*"))
	require.NoError(t, err)
	assert.Empty(t, left, "the databases are gone")

	bad, broken, missing := write("bad.txtar", wrong), write("broken.txtar", "-- script --\nfoo\n"), filepath.Join(dir, "none.txtar")
	stdout, stderr, code := run(bad, files[0], broken, missing)
	assert.Contains(t, stdout, "\n\tthe last decision, 2026-01-05 12:00:00 UTC: The customer wrote: the ticket was created\n")
	stdout = regexp.MustCompile(`(?m)^\t.*\n`).ReplaceAllString(stdout, "") // why
	assert.Equal(t, "FAIL "+bad+":4: want closed, got open\nok "+files[0]+"\n"+
		"FAIL "+broken+":2: want at, wait, agent, bot, customer, anonymous, config, crash, ! or expect, got \"foo\"\n"+
		"FAIL "+missing+":1: want a file, got none\n", stdout)
	assert.Empty(t, stderr)
	assert.Equal(t, 1, code)
	stdout, _, code = run("-store", "sqlite", bad)
	assert.True(t, strings.HasPrefix(stdout, "FAIL "+bad+":4: want closed, got open\n\tthe last decision"), stdout)
	assert.Equal(t, 1, code)

	for want, args := range map[string][]string{
		"scenario: unknown store \"oracle\": memory, sqlite or postgres\n": {"-store", "oracle", files[0]},
		"usage: scenario [-store memory|sqlite|postgres] FILE...\n":        {},
		"flag provided but not defined: -foo\n":                            {"-foo"},
		"is a directory":                                                   {dir},
	} {
		stdout, stderr, code := run(args...)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, want)
		assert.Equal(t, 2, code, want)
	}
}
