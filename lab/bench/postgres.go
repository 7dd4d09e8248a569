package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
)

// postgres returns the server that the rows share: one that waits for the disk at each
// commit, with memory enough for what is measured, and with checkpoints at any time.
func (b *bench) postgres(ctx context.Context) (*pgtest.Server, error) {
	if b.server != nil {
		return b.server, nil
	}
	var err error
	b.server, err = pgtest.Start(ctx, &pgtest.Options{Sync: true, Settings: map[string]string{
		"shared_buffers": "2GB", "max_wal_size": "16GB", "checkpoint_timeout": "10min", "effective_cache_size": "8GB", "random_page_cost": "1.1",
	}})
	return b.server, err
}

func (b *bench) stopServer() {
	if b.server != nil {
		if err := b.server.Stop(); err != nil {
			fmt.Fprintln(b.log, "bench:", err)
		}
	}
}

// openPostgres opens a database with a desk on it.
func openPostgres(ctx context.Context, dsn string) (*world, error) {
	store, err := postgres.Open(ctx, dsn, nil)
	if err != nil {
		return nil, err
	}
	return on(store, nil)
}

// runPgbench runs a script with the server's own tool, n times in all, on eight
// connections, and returns how many a second that was.
func runPgbench(ctx context.Context, s *pgtest.Server, database, script string, n int) (float64, error) {
	const connections = 8
	cmd := exec.CommandContext(ctx, s.Program("pgbench"), "--no-vacuum", "--protocol=prepared", "--host="+s.Folder(), "--username=postgres", //nolint:gosec // the server's own
		fmt.Sprintf("--client=%d", connections), "--jobs=2", fmt.Sprintf("--transactions=%d", n/connections), "--file="+script, database)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	found := regexp.MustCompile(`tps = ([0-9.]+) \(without initial`).FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("pgbench printed no rate: %s", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
