package frozen_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// clock is moved by hand.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time                       { return c.now }
func (c *clock) After(time.Duration) <-chan time.Time { return nil }

// world is who gets mails and events, and notes down what they got.
type world struct {
	mu  sync.Mutex
	got []string
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, fmt.Sprintf(format, args...))
}

// notes returns what came, each once, sorted.
func (w *world) notes() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.got)
	return strings.Join(slices.Compact(w.got), "\n") + "\n"
}

// Send fails for some addresses, in each way that there is.
func (w *world) Send(_ context.Context, m charla.Mail) error {
	w.note("mail %s to=%q mailbox=%q replyTo=%q ticket=%s/%d account=%q customer=%q message=%q", m.Key, m.To, m.Mailbox, m.ReplyTo, m.Ref.Conversation, m.Ref.Number, m.AccountName, m.Customer.Name, m.Message)
	switch m.To {
	case "refused@example.com":
		return fmt.Errorf("%w: no such mailbox", charla.ErrRefused)
	case "unknown@example.com":
		return errors.New("the connection was cut after the last byte")
	case "down@example.com":
		return fmt.Errorf("%w: no connection", charla.ErrNotSent)
	}
	return nil
}

// hear refuses one kind of event, which then stays pending.
func (w *world) hear(_ context.Context, e charla.Event) error {
	w.note("event %s ticket=%s/%d at=%s fact=%s rule=%s seq=%d reason=%s", event(e.Key), e.Ref.Conversation, e.Ref.Number, instant(e.At), e.Fact.Kind, e.Fact.Rule, e.Fact.Seq, e.Fact.Reason)
	if e.Fact.Kind == tickets.FactClosed {
		return errors.New("no answer")
	}
	return nil
}

// unpack returns what a compressed file of testdata holds.
func unpack(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	body, err := io.ReadAll(z)
	require.NoError(t, err)
	return body
}

func golden(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return string(body)
}

func kept(t *testing.T) *Kept {
	t.Helper()
	var k Kept
	require.NoError(t, json.Unmarshal([]byte(golden(t, "kept.json")), &k))
	return &k
}

// frozenFile is the older build's SQLite file.
func frozenFile(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "chat.db")
	require.NoError(t, os.WriteFile(file, unpack(t, "sqlite.db.gz"), 0o600))
	return file
}

// server starts a PostgreSQL server of the test's own.
func server(t *testing.T) *pgtest.Server {
	t.Helper()
	server, err := pgtest.Start(t.Context(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	return server
}

// frozenDatabase is the older build's database.
func frozenDatabase(t *testing.T, server *pgtest.Server) (dsn string) {
	t.Helper()
	dsn, err := server.Create(t.Context())
	require.NoError(t, err)
	dump := filepath.Join(t.TempDir(), "dump.sql")
	require.NoError(t, os.WriteFile(dump, unpack(t, "postgres.sql.gz"), 0o600))
	out, err := exec.CommandContext(t.Context(), server.Program("psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--single-transaction", "--file="+dump, "--dbname="+dsn).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dsn
}

func openSQLite(t *testing.T, file string) storage.Store {
	t.Helper()
	store, err := sqlite.Open(file, nil)
	require.NoError(t, err)
	return store
}

func openPostgres(t *testing.T, dsn string) storage.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), dsn, nil)
	require.NoError(t, err)
	return store
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	opens(t, openSQLite(t, frozenFile(t)))
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	opens(t, openPostgres(t, frozenDatabase(t, server(t))))
}

// opens compares what a desk on the store answers with what the older one did.
func opens(t *testing.T, store storage.Store) {
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	ctx, k := t.Context(), kept(t)
	folder := filepath.Join(t.TempDir(), "files")
	require.NoError(t, os.CopyFS(folder, os.DirFS("testdata/files")))
	files, err := charla.NewFileDir(folder)
	require.NoError(t, err)
	t.Cleanup(func() { files.Close() })
	c, w := &clock{k.Now}, &world{}
	desk, err := charla.New(store, &charla.Options{
		Clock: c, Mailer: w, Hooks: map[string]charla.Hook{"host": w.hear}, HeartbeatTTL: -1, Files: &charla.FileOptions{Store: files},
		Runner: charla.RunnerOptions{Workers: 1, Keep: 10 * 365 * 24 * time.Hour},
	})
	require.NoError(t, err)

	got, err := answers(ctx, store, desk, k)
	require.NoError(t, err)
	same(t, golden(t, "before.txt"), got)
	repeats(t, desk, k)
	shop, other := desk.Account(account(t, k.Accounts[0])), desk.Account(account(t, k.Accounts[1]))
	proof, err := shop.VerifyIdentity(ctx, k.Identity)
	require.NoError(t, err)
	require.Equal(t, []string{"", "u-7", "Carla Soto", "carla@example.com"}, []string{proof.Provider, proof.Subject, proof.Name, proof.Email})
	secret, err := charla.ParseSecret(k.Secrets[0])
	require.NoError(t, err)
	identity, err := charla.SignIdentity(secret, shop.ID(), charla.Proof{Subject: "new"}, k.Now, time.Minute)
	require.NoError(t, err)
	_, err = shop.VerifyIdentity(ctx, identity)
	require.NoError(t, err, "the secret token from before is still the account's")
	_, err = other.VerifyIdentity(ctx, identity)
	require.ErrorIs(t, err, charla.ErrIdentity, "and no other's")
	info, err := shop.Info(ctx)
	require.NoError(t, err)
	snippet, err := widget.Snippet("https://chat.example.com", info.Key)
	require.NoError(t, err)
	require.Contains(t, k.Snippet, info.Key, "the page's key is the account's")
	require.Contains(t, snippet, info.Key)

	for _, d := range []time.Duration{4 * time.Hour, 7 * 24 * time.Hour} {
		c.now = c.now.Add(d)
		for done := 1; done > 0; {
			done, err = desk.RunDue(ctx)
			require.NoError(t, err)
		}
	}
	got, err = answers(ctx, store, desk, k)
	require.NoError(t, err)
	same(t, golden(t, "after.txt"), got+w.notes())
}

// newSettings are the settings that configurations have had since, with their defaults.
var newSettings = strings.NewReplacer(`,"assignment":{"onReply":true},"categories":[],"bot":{"enabled":false,"timeout":{"value":30,"unit":"seconds"}}`, "", `"reminders":{"enabled":false,"steps":[]},`, "", `"visitorEnds":false,`, "",
	`"rating":{"enabled":false,"scale":"stars","question":"","thanks":"","comment":false,"reasons":["manual"]},`, "")

// same compares line by line, so that a difference can be read.
func same(t *testing.T, want, got string) {
	t.Helper()
	got = newSettings.Replace(got)
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		require.Equal(t, a[i], b[i], "line %d", i+1)
	}
	require.Len(t, b, len(a))
}

// repeats does again what was done with a key: nothing happens, and the answer is
// the same; with another text it is refused.
func repeats(t *testing.T, desk *charla.Desk, k *Kept) {
	t.Helper()
	shop := desk.Account(account(t, k.Accounts[0]))
	for _, r := range k.Repeats {
		do := func(text string) (charla.Result, error) {
			if r.Token == "" {
				ref := tickets.Ref{Account: shop.ID(), Conversation: tickets.ConversationID{UUID: uuid.MustParse(r.Conversation)}, Number: tickets.Number(r.Number)}
				return shop.Agent(charla.Person{ID: "ana", Name: "Ana María"}).Reply(t.Context(), ref, text, &charla.WriteOptions{Key: r.Key})
			}
			return shop.Visitor(charla.Token(r.Token)).Write(t.Context(), text, &charla.WriteOptions{Key: r.Key})
		}
		got, err := do(r.Text)
		require.NoError(t, err, r.Key)
		require.Equal(t, r.Answer, fmt.Sprintf("%s/%d entry=%d seq=%d at=%s", got.Ref.Conversation, got.Ref.Number, got.Entry, got.Seq, instant(got.At)))
		_, err = do(r.Text + "!")
		require.ErrorIs(t, err, charla.ErrKeyReused)
	}
}

func account(t *testing.T, id string) chatcfg.AccountID {
	t.Helper()
	parsed, err := parseAccount(id)
	require.NoError(t, err)
	return parsed
}

// TestConfigs: documents that were saved are still read, and mean the same.
func TestConfigs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"every-key.json", "running.json"} {
		cfg, err := chatcfg.Decode([]byte(golden(t, name)))
		require.NoError(t, err, name)
		text, err := json.Marshal(cfg)
		require.NoError(t, err)
		again, err := chatcfg.Decode(text)
		require.NoError(t, err, name)
		require.Equal(t, cfg, again)
	}
	// Every key of the document is still one: an unknown one is refused.
	_, err := chatcfg.Decode([]byte(strings.Replace(golden(t, "every-key.json"), `"writeAsCompany"`, `"writeAsNobody"`, 1)))
	require.Error(t, err)
}
