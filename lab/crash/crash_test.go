package crash_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/charlahq/charla/lab/audit"
	"github.com/charlahq/charla/lab/crash"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/stretchr/testify/require"
)

// The flags of a long run (make crash).
var (
	kills = flag.Int("kills", 0, "how many kills, of each kind; zero: the short form")
	seed  = flag.Uint64("seed", 1, "the first seed")
	chats = flag.Int("chats", 24, "customers, each with an agent")
)

// perDatabase is how many kills a database goes through before the next one.
const perDatabase = 25

// TestMain is also the process that is killed.
func TestMain(m *testing.M) {
	if os.Getenv(crash.Env) != "" {
		if err := crash.Child(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// R8.1, R4.5, R8.2: whatever was acknowledged by processes that were killed is there
// once, and so is each deadline.
func TestKilled(t *testing.T) {
	t.Parallel()
	left, size := *kills, *chats
	if left == 0 {
		left, size = 5, 8
	}
	begin, total := time.Now(), &crash.Report{}
	for n := uint64(0); left > 0; n++ {
		p := crash.Plan{Seed: *seed + n, Kills: min(left, perDatabase), Chats: size, Audit: 5}
		left -= p.Kills
		r, err := crash.SQLite(p, t.TempDir())
		require.NoError(t, err, "seed %d", p.Seed)
		t.Logf("seed %d: %s", p.Seed, r)
		total.Add(r)
		require.NoError(t, r.Err(), "seed %d", p.Seed)
	}
	t.Logf("%s, in %s", total, time.Since(begin).Round(time.Millisecond))
	require.Positive(t, total.Acknowledged)
}

// start starts a server for a test.
func start(t *testing.T) *pgtest.Server {
	t.Helper()
	server, err := pgtest.Start(context.Background(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	return server
}

// R8.1, R4.5, R8.2: the same of several desks on one PostgreSQL database, when
// processes of desks are killed, the server is, and connections are cut at COMMIT.
func TestCluster(t *testing.T) {
	t.Parallel()
	left, size := *kills, *chats
	if left == 0 {
		left, size = 4, 8
	}
	server := start(t)
	begin, total := time.Now(), &crash.Report{}
	for n := uint64(0); left > 0; n++ {
		each := min(left, perDatabase)
		left -= each
		p := crash.Plan{Seed: *seed + n, Kills: each, Crashes: each, Cuts: each, Chats: size}
		r, err := crash.Cluster(p, server, t.TempDir())
		require.NoError(t, err, "seed %d", p.Seed)
		t.Logf("seed %d: %s, after %s", p.Seed, r, time.Since(begin).Round(time.Millisecond))
		total.Add(r)
		require.NoError(t, r.Err(), "seed %d", p.Seed)
	}
	t.Logf("%s, in %s", total, time.Since(begin).Round(time.Millisecond))
	require.Positive(t, total.Acknowledged)
}

// R11.1, R11.2: of 64 agents who take the next of 64 tickets each gets one, and of 64 who
// take one ticket one does, while processes are killed.
func TestTakers(t *testing.T) {
	t.Parallel()
	server := start(t)
	for _, name := range []string{"sqlite", "postgres"} {
		p := crash.Plan{Seed: *seed, Kills: max(*kills, 4), Chats: 64}
		dsn := ""
		if name == "postgres" {
			var err error
			dsn, err = server.Create(context.Background())
			require.NoError(t, err)
		}
		r, err := crash.Takers(p, dsn, t.TempDir())
		require.NoError(t, err, name)
		t.Log(name, r)
		require.NoError(t, r.Err(), name)
		require.Equal(t, 2*p.Kills, r.Kills, name)
	}
}

// The negative controls: each of these breaks a promise, and is found out.
func TestControl(t *testing.T) {
	t.Parallel()
	server := start(t)
	cluster := func(p crash.Plan, dir string) (*crash.Report, error) { return crash.Cluster(p, server, dir) }
	lost := func(r *crash.Report) int { return r.Missing }
	twice := func(r *crash.Report) int { return r.Duplicates }
	// Who has a ticket without knowing it finds none, or takes another.
	taken := func(r *crash.Report) int { return r.Missing + r.Duplicates }
	// A mail that a killed desk claimed is neither sent nor dead: it is found as unsound.
	stuck := func(r *crash.Report) int { return r.Missing + r.Unsound }
	for name, c := range map[string]struct {
		run   func(crash.Plan, string) (*crash.Report, error)
		plan  crash.Plan
		found func(*crash.Report) int
	}{
		"answers before the commit":              {crash.SQLite, crash.Plan{Mutant: crash.Early}, lost},
		"answers before the commit, on postgres": {cluster, crash.Plan{Mutant: crash.Early}, lost},
		"forgets the key":                        {crash.SQLite, crash.Plan{Mutant: crash.Keyless}, twice},
		"forgets the key, on postgres":           {cluster, crash.Plan{Mutant: crash.Keyless}, twice},
		"mails again":                            {crash.SQLite, crash.Plan{Mutant: crash.Remail}, twice},
		"mails again, on postgres":               {cluster, crash.Plan{Mutant: crash.Remail}, twice},
		"forgets the key of a taker":             {func(p crash.Plan, dir string) (*crash.Report, error) { return crash.Takers(p, "", dir) }, crash.Plan{Mutant: crash.Keyless}, taken},
		"says that nothing happened":             {cluster, crash.Plan{Mutant: crash.Sure, Cuts: 30}, twice},
		"claims for ever":                        {cluster, crash.Plan{Mutant: crash.Forever}, stuck},
		"skips changes":                          {cluster, crash.Plan{Mutant: crash.Skip}, lost},
		"a row that is not there": {crash.SQLite, crash.Plan{Tamper: func(acks []audit.Ack) []audit.Ack {
			acks[len(acks)-1].Text, acks[len(acks)-1].Entry = "nobody wrote this", 1<<40
			return acks
		}}, lost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := c.plan
			p.Kills, p.Chats = 8, 8
			for n := range uint64(8) { // chance is on nobody's side
				p.Seed = *seed + n
				r, err := c.run(p, t.TempDir())
				require.NoError(t, err)
				t.Log(r)
				if c.found(r) > 0 {
					return
				}
			}
			require.Fail(t, "nothing was found: this proves nothing")
		})
	}
}
