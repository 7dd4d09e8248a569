package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the transcripts again")

// bench is a database and a world that stands still.
type bench struct {
	t       *testing.T
	db      string
	clock   *clock.Mock
	entropy io.Reader
}

func setup(t *testing.T) *bench {
	b := &bench{
		t: t, db: filepath.Join(t.TempDir(), "quickstart.db"), clock: clock.NewMock(),
		entropy: rand.NewChaCha8([32]byte{1}),
	}
	b.clock.Set(time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)) // a Monday, 12:00 in Santiago
	return b
}

// run plays lines like a pipe and returns what is printed.
func (b *bench) run(lines string) string {
	b.t.Helper()
	var out bytes.Buffer
	o := options{in: strings.NewReader(lines), out: &out, clock: b.clock, entropy: b.entropy}
	require.NoError(b.t, run(b.t.Context(), []string{"-db", b.db}, o))
	return out.String()
}

// TestTranscripts plays two starts on one file: the second goes on where the
// first stopped, though the machine's clock was turned back an hour meanwhile.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, name := range []string{"first", "second"} {
		lines, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
		require.NoError(t, err)
		got := b.run(string(lines))
		golden := filepath.Join("testdata", name+".golden")
		if *update {
			require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.Equal(t, string(want), got)
		b.clock.Set(b.clock.Now().Add(-time.Hour))
	}
}

// TestLostState: without the file beside the database the visitor is a new one,
// and time is not earlier than what the database holds.
func TestLostState(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Contains(t, b.run("hello\n/reply hi\n/wait 2h"), "2026-03-02 12:10:00 -03 [autoClose]")
	require.NoError(t, os.Remove(b.db+".json"))
	got := b.run("hello again")
	require.Contains(t, got, "2026-03-02 12:10:00 -03 Carla: hello again")
	require.Contains(t, got, "[newCustomer]")
}

// TestPast: deadlines while it was not running are carried out at the start.
func TestPast(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run("hello\n/reply hi")
	b.clock.Add(time.Hour)
	got := b.run("")
	require.Contains(t, got, "2026-03-02 13:00:00 -03 [automaticClose]")
	require.NotContains(t, got, "Carla: hello", "old news")
}

// TestInterrupted: ctx ends it while it waits for a line, and the store is closed.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	ended := make(chan error)
	go func() {
		ended <- run(ctx, []string{"-db", b.db}, options{in: in, out: &out, clock: b.clock, entropy: b.entropy, prompt: true})
	}()
	_, err := io.WriteString(keyboard, "hello\n")
	require.NoError(t, err)
	cancel()
	require.NoError(t, <-ended)
	require.Contains(t, out.String(), "> ")
	require.Contains(t, out.String(), "Interrupted.")
	files, err := filepath.Glob(b.db + "-wal")
	require.NoError(t, err)
	require.Empty(t, files, "SQLite removes its log when the last connection closes")
	b.run("and on")
}

// TestWhileWaiting: a deadline while nobody types is shown at once.
func TestWhileWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in, keyboard := io.Pipe()
	screen, out := io.Pipe()
	go func() {
		err := run(t.Context(), []string{"-db", b.db}, options{in: in, out: out, clock: b.clock, entropy: b.entropy})
		out.CloseWithError(err) // nil is the end
	}()
	go func() { _, _ = io.WriteString(keyboard, "hello\n/reply hi\n") }()
	lines := bufio.NewScanner(screen)
	until := func(text string) {
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
		require.Fail(t, "not shown", "%s: %v", text, lines.Err())
	}
	until("the ticket closes by itself")
	passing, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-passing:
				return
			default:
				b.clock.Add(time.Minute)
			}
		}
	}()
	until("[automaticClose]")
	close(passing)
	<-stopped
	require.NoError(t, keyboard.Close())
	until("Goodbye")
	require.False(t, lines.Scan())
	require.NoError(t, lines.Err())
}

// TestArguments: what cannot be understood is an error.
func TestArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"extra"}, {"-nonsense"}, {"-db", filepath.Join(t.TempDir(), "no", "such.db")}} {
		require.Error(t, run(t.Context(), args, options{in: strings.NewReader(""), out: io.Discard, clock: clock.NewMock()}), args)
	}
}
