package upgrade_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/charlahq/charla/lab/upgrade"
	"github.com/stretchr/testify/require"
)

// root is the repository's.
const root = "../.."

// future is how the newer version differs: everything that is stored has a newer
// format and holds something that this version does not know.
var future = []struct{ file, old, new string }{
	{"tickets/ticket.go", "const Format = 5", "const Format = 6"},
	{"tickets/ticket.go", "const SessionFormat = 2", "const SessionFormat = 3"},
	{"tickets/roster.go", "const RosterFormat = 1", "const RosterFormat = 2"},
	{"chatcfg/account.go", "const AccountFormat = 2", "const AccountFormat = 3"},
	{"chatcfg/config.go", "type Chat struct {", "type Chat struct {\nMoods bool `json:\"moods\"`"},
	{"mail.go", "type Mail struct {", "type Mail struct {\nMood string `json:\"mood\"`"},
	{"outbox.go", "m := Mail{", "m := Mail{Mood: \"fine\", "},
	{
		"storage/internal/codec/documents.go", "return appendInt(b, 17, c.Notes)",
		"b = appendInt(b, 17, c.Notes)\nreturn appendInt(b, 1000, 7)",
	},
	{
		"storage/internal/codec/documents.go", "return appendInt(b, 17, s.SecretEpoch)",
		"b = appendInt(b, 17, s.SecretEpoch)\nreturn appendInt(b, 1000, 7)",
	},
	{"storage/ticketquery.go", "var ticketColumns = []ticketColumn{", `var ticketColumns = []ticketColumn{
	{Column: columns.Column{
		Name: "answerer", Type: columns.Text, Since: columns.Since{SQLite: 13, Postgres: 12},
		Value: func(t *tickets.Ticket) columns.Value { return columns.String(t.Agent) },
	}},`},
}

// unknown is what the newer version adds to the documents of conversations and
// sessions: field 1000, as Protocol Buffers have it.
const unknown = "\xc0\x3e\x07"

// grown is the newer version's next migration after that of its column of tickets: it
// only adds.
const grown = `ALTER TABLE charla.conversations ADD COLUMN mood text;
ALTER TABLE charla.tickets ADD COLUMN mood text, ADD COLUMN since bigint NOT NULL DEFAULT 0;
ALTER TABLE charla.messages ADD COLUMN mood text;
ALTER TABLE charla.sessions ADD COLUMN mood text;
ALTER TABLE charla.accounts ADD COLUMN mood text;
ALTER TABLE charla.deliveries ADD COLUMN mood text;
CREATE TABLE charla.moods (account uuid PRIMARY KEY);
CREATE INDEX tickets_mood ON charla.tickets (account, mood) WHERE mood IS NOT NULL;
`

// build builds the host of this version and of the newer one.
func build(ctx context.Context, t *testing.T) (this, next string) {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	put := func(file, text string) {
		at, err := filepath.Abs(filepath.Join(root, file))
		require.NoError(t, err)
		if replace[at] == "" {
			replace[at] = filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		}
		require.NoError(t, os.WriteFile(replace[at], []byte(text), 0o600))
	}
	changed := map[string]string{}
	for _, f := range future {
		if changed[f.file] == "" {
			body, err := os.ReadFile(filepath.Join(root, f.file))
			require.NoError(t, err)
			changed[f.file] = string(body)
		}
		require.Equal(t, 1, strings.Count(changed[f.file], f.old), "%s: %s", f.file, f.old)
		changed[f.file] = strings.Replace(changed[f.file], f.old, f.new, 1)
		put(f.file, changed[f.file])
	}
	put(fmt.Sprintf("storage/postgres/migrations/%04d_future.sql", newer), grown)
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))

	this, next = filepath.Join(dir, "older"), filepath.Join(dir, "newer")
	for out, flags := range map[string][]string{this: nil, next: {"-overlay", filepath.Join(dir, "overlay.json")}} {
		cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-buildvcs=false", "-o", out}, flags...), "./host")...)
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", said)
	}
	return this, next
}

// schema is this version's, newer the newer one's.
const (
	schema = 11
	newer  = schema + 2
)

// process is a host that runs.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser

	mu  sync.Mutex
	out *bufio.Scanner
}

// start runs a program; it fails if that does not come to serve.
func start(ctx context.Context, t *testing.T, program string, j upgrade.Job) (*process, error) {
	t.Helper()
	body, err := json.Marshal(j)
	require.NoError(t, err)
	p := &process{t: t, cmd: exec.CommandContext(ctx, program)}
	p.cmd.Env = append(os.Environ(), upgrade.Env+"="+string(body))
	var said strings.Builder
	p.cmd.Stderr = &said
	p.in, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, 1<<24)
	if !p.out.Scan() {
		return nil, &ended{p.cmd.Wait(), said.String()}
	}
	return p, nil
}

// ended is a process that did not come to serve.
type ended struct {
	error
	said string
}

func (e *ended) Error() string { return e.said }

// ask makes a call.
func (p *process) ask(r upgrade.Request) (a upgrade.Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line, err := json.Marshal(r)
	if err == nil {
		_, err = p.in.Write(append(line, '\n'))
	}
	if err == nil && !p.out.Scan() {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = json.Unmarshal(p.out.Bytes(), &a)
	}
	if err != nil {
		return upgrade.Answer{Class: "process", Error: err.Error()}
	}
	return a
}

// must makes a call that succeeds.
func (p *process) must(r upgrade.Request) upgrade.Answer {
	p.t.Helper()
	a := p.ask(r)
	require.Empty(p.t, a.Error, r.Op)
	return a
}

// kill ends it at once; stop lets it end in an orderly way.
func (p *process) kill() {
	require.NoError(p.t, p.cmd.Process.Kill())
	_ = p.cmd.Wait()
}

func (p *process) stop() {
	require.NoError(p.t, p.in.Close())
	require.NoError(p.t, p.cmd.Wait())
}
