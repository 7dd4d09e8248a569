package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/jackc/pgx/v5"
)

// pgTraffic is one database whose chats are divided among those that are compared.
type pgTraffic struct {
	dsn, database string
	world         *world
	bare          *pgFloor
	// one is for one process of ours, three for three.
	one, three []visit
	theirs     []*pgChat
	script     string
}

// pgPrepare makes the database: four shares of chats, with earlier messages each.
func (b *bench) pgPrepare(ctx context.Context) (*pgTraffic, error) {
	server, err := b.postgres(ctx)
	if err != nil {
		return nil, err
	}
	t := &pgTraffic{script: b.path("message.sql")}
	if t.dsn, err = server.Create(ctx); err != nil {
		return nil, err
	}
	if t.world, err = openPostgres(ctx, t.dsn); err != nil {
		return nil, err
	}
	account, err := t.world.newAccount(ctx)
	if err != nil {
		return nil, err
	}
	all, err := enter(ctx, t.world, account, 4*chats)
	if err == nil {
		err = spread(64, len(all)*earlier, func(caller, i int) error {
			return ours(ctx, t.world.desk, all[caller+i/earlier*64], caller, i%earlier)
		})
	}
	if err != nil {
		return nil, err
	}
	t.one, t.three = all[:chats], all[3*chats:]
	c, err := pgx.Connect(ctx, t.dsn)
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	t.database = c.Config().Database
	docs, theirs, err := pgSetup(ctx, c, all[chats:2*chats])
	if err != nil {
		return nil, err
	}
	t.theirs = theirs
	if t.bare, err = openPgFloor(ctx, t.dsn, account.ID.UUID, docs); err != nil {
		return nil, err
	}
	if _, err = c.Exec(ctx, "CREATE TABLE bench (i int PRIMARY KEY, session uuid, conversation uuid, scope text)"); err != nil {
		return nil, err
	}
	var rows [][]any
	for i, s := range all[2*chats : 3*chats] {
		rows = append(rows, []any{int32(i), s.ID.UUID, s.Conversation.UUID, "session:" + s.ID.String()})
	}
	if _, err = c.CopyFrom(ctx, pgx.Identifier{"bench"}, []string{"i", "session", "conversation", "scope"}, pgx.CopyFromRows(rows)); err == nil {
		_, err = c.Exec(ctx, "VACUUM ANALYZE")
	}
	if err != nil {
		return nil, err
	}
	return t, t.bare.script(t.script, chats, 0)
}

func (t *pgTraffic) close(ctx context.Context) error {
	return errors.Join(t.world.store.Close(), t.bare.close(ctx))
}

// postgresMessages measures the rows about messages on PostgreSQL.
func postgresMessages(ctx context.Context, b *bench) (lines []line, err error) {
	n := 40 * callers
	if b.short {
		n = 8 * callers
	}
	t, err := b.pgPrepare(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close(ctx)) }()
	three, err := b.spawn(ctx, t, 3)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, three.stop()) }()
	one := func(round int) (float64, error) {
		return perSecond(n, func() error {
			return spread(callers, n, func(caller, i int) error {
				i += (round + 1) * n
				return ours(ctx, t.world.desk, t.one[mine(caller, i)], caller, i)
			})
		})
	}
	processes := func(round int) (float64, error) {
		return perSecond(n, func() error { return three.round(n, (round+1)*n) })
	}
	bare := func(round int) (float64, error) {
		return perSecond(n, func() error {
			return spread(callers, n, func(caller, i int) error {
				i += (round + 1) * n
				return t.bare.message(t.theirs[mine(caller, i)], clientKey(i), (caller*31+i)%len(t.bare.docs.messages))
			})
		})
	}
	pgbench := func(int) (float64, error) { return runPgbench(ctx, b.server, t.database, t.script, n) }
	all, err := b.rounded(ctx, b.rounds, one, processes, pgbench, bare)
	if err != nil {
		return nil, err
	}
	for _, floor := range []struct {
		name   string
		rates  rates
		target float64
	}{{"pgbench with one statement each", all[2], 1.5}, {"bare pgx in groups of 64", all[3], 0.8}} {
		for i, processes := range []string{"one process", "three processes"} {
			c := against(all[i], floor.rates)
			c.cpu = 0 // half of the work is the server's
			lines = append(lines, c.line(fmt.Sprintf("customer message, %s, 256 callers, against %s", processes, floor.name), "/s", floor.target))
		}
	}
	return lines, nil
}

// fleet are processes that each have a desk on the same database.
type fleet []*member

type member struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// spawn starts n processes and divides the callers among them.
func (b *bench) spawn(ctx context.Context, t *pgTraffic, n int) (fleet, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	sessions, err := json.Marshal(t.three)
	if err != nil {
		return nil, err
	}
	list := b.path("sessions.json")
	if err := os.WriteFile(list, sessions, 0o600); err != nil {
		return nil, err
	}
	var all fleet
	for i := range n {
		m := &member{cmd: exec.CommandContext(ctx, self, "-child", fmt.Sprintf("callers %d %d %s dsn=%s", i, n, list, t.dsn))} //nolint:gosec // itself
		m.cmd.Stderr = b.log
		out, err := m.cmd.StdoutPipe()
		if err == nil {
			m.in, err = m.cmd.StdinPipe()
		}
		if err == nil {
			err = m.cmd.Start()
		}
		if err != nil {
			return nil, err
		}
		m.out = bufio.NewScanner(out)
		all = append(all, m)
	}
	for _, m := range all {
		if err := m.hears("ready"); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (m *member) hears(word string) error {
	if !m.out.Scan() || m.out.Text() != word {
		return fmt.Errorf("a process said %q instead of %q", m.out.Text(), word)
	}
	return nil
}

// round has the processes write n messages between them, of which so many were
// written before.
func (f fleet) round(n, done int) error {
	for _, m := range f {
		if _, err := fmt.Fprintln(m.in, n, done); err != nil {
			return err
		}
	}
	for _, m := range f {
		if err := m.hears("done"); err != nil {
			return err
		}
	}
	return nil
}

func (f fleet) stop() error {
	var err error
	for _, m := range f {
		err = errors.Join(err, m.in.Close(), m.cmd.Wait())
	}
	return err
}

// callersChild is the main of such a process: its callers write when it is told to.
func callersChild(ctx context.Context, args string, in io.Reader, out io.Writer) error {
	var share, shares int
	var list string
	_, dsn, _ := strings.Cut(args, " dsn=")
	if _, err := fmt.Sscan(args, &share, &shares, &list); err != nil {
		return err
	}
	file, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	var sessions []visit
	if err := json.Unmarshal(file, &sessions); err != nil {
		return err
	}
	w, err := openPostgres(ctx, dsn)
	if err != nil {
		return err
	}
	defer w.store.Close()
	fmt.Fprintln(out, "ready")
	for orders := bufio.NewScanner(in); orders.Scan(); {
		var n, done int
		if _, err := fmt.Sscan(orders.Text(), &n, &done); err != nil {
			return err
		}
		mineOnly := (callers - share + shares - 1) / shares
		err := spread(mineOnly, n/callers*mineOnly, func(caller, i int) error {
			caller, i = caller*shares+share, i+done
			return ours(ctx, w.desk, sessions[mine(caller, i)], caller, i)
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "done")
	}
	return nil
}
