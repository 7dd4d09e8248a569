package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// pgLoaded is a database with many open tickets, of which a cohort is due at a
// time.
type pgLoaded struct {
	dsn     string
	account uuid.UUID
	closed  closing
	clock   *hand
	// next is the cohort that nobody has fired yet.
	next int
}

// postgresLoaded makes a database of n conversations as [bench.loaded] does. One is
// made by the desk, the server makes the others of it: with IDs and deadlines of
// their own, and with what hangs on them in their documents.
func (b *bench) postgresLoaded(ctx context.Context, n int) (*pgLoaded, error) {
	server, err := b.postgres(ctx)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	l := &pgLoaded{clock: &hand{}}
	l.clock.Set(made)
	if l.dsn, err = server.Create(ctx); err != nil {
		return nil, err
	}
	w, err := l.open(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer w.store.Close()
	account, err := w.newAccount(ctx)
	if err != nil {
		return nil, err
	}
	l.account = account.ID.UUID
	if err := fill(ctx, w.store, account, 2); err != nil { // one is copied, the other shows what closing stores
		return nil, err
	}
	c, err := pgx.Connect(ctx, l.dsn)
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	if err := l.copies(ctx, c, n); err != nil {
		return nil, err
	}
	fmt.Fprintf(b.log, "loaded %d tickets into PostgreSQL in %v\n", n, time.Since(begin).Round(time.Second))
	return l, l.fireFirst(ctx, w, c)
}

// open opens a store with a desk on it.
func (l *pgLoaded) open(ctx context.Context, wrap func(storage.Store) storage.Store) (*world, error) {
	store, err := postgres.Open(ctx, l.dsn, nil)
	if err != nil {
		return nil, err
	}
	if wrap == nil {
		return on(store, l.clock)
	}
	return on(wrap(store), l.clock)
}

// The copies' IDs sort by time, like a desk's; the i-th is due a millisecond after
// the one before, with its cohort.
const copied = `CREATE UNLOGGED TABLE copied AS SELECT i,
	(lpad(to_hex(1772452800000 + i / 16), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i::text), 4, 15))::uuid AS id,
	(lpad(to_hex(1772452800000 + i / 16), 12, '0') || '7' || substr(md5(i::text), 7, 3) || '9' || substr(md5(i::text), 10, 15))::uuid AS session,
	%[1]d + (i / %[2]d) * %[4]d - (%[2]d - i %% %[2]d) * 1000 AS wake
	FROM generate_series(0::bigint, %[3]d - 1) AS i`

// copies makes n copies of the first conversation, without the rows that no deadline
// touches: those that a search and a report read.
func (l *pgLoaded) copies(ctx context.Context, c *pgx.Conn, n int) error {
	var id, session uuid.UUID
	if err := c.QueryRow(ctx, `SELECT c.id, m.session FROM charla.conversations c JOIN charla.messages m ON m.conversation = c.id
		ORDER BY c.id, m.seq LIMIT 1`).Scan(&id, &session); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, fmt.Sprintf(copied, dueAt(1).UnixMicro(), cohort, n, between.Microseconds())); err != nil {
		return err
	}
	answered := fmt.Sprintf("g.wake - %d", unanswered.Microseconds())
	for table, columns := range map[string]string{
		"conversations": "account, id=g.id, version, number, change=pg_current_xact_id(), wake=g.wake, armed, lease, doc",
		"identities":    "account, kind, value=g.session::text, conversation=g.id",
		"tickets": "account, conversation=g.id, number, status, important, delayed, category, fields, created=" + answered + " - 300000000, " +
			"changed=" + answered + ", waits, counts=" + answered + ", doc",
		"messages": "account, conversation=g.id, seq, session=g.session, doc",
		"entries":  "account, conversation=g.id, n, ticket, doc",
	} {
		if err := copyRows(ctx, c, table, columns, id, session); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	_, err := c.Exec(ctx, "DROP TABLE copied")
	if err == nil {
		_, err = c.Exec(ctx, "VACUUM ANALYZE")
	}
	return err
}

// copyRows copies a conversation's rows of a table for each of the copied IDs.
func copyRows(ctx context.Context, c *pgx.Conn, table, columns string, id, session uuid.UUID) error {
	where := " WHERE conversation = $1"
	switch table {
	case "conversations":
		where = " WHERE id = $1"
	}
	var docs [][]byte
	if strings.HasSuffix(columns, ", doc") {
		rows, err := c.Query(ctx, "SELECT doc FROM charla."+table+where, id)
		if err != nil {
			return err
		}
		if docs, err = pgx.CollectRows(rows, pgx.RowTo[[]byte]); err != nil {
			return err
		}
	} else {
		docs = [][]byte{nil}
	}
	var names, values []string
	for _, column := range strings.Split(columns, ", ") {
		name, value, changed := strings.Cut(column, "=")
		if !changed {
			value = "r." + name
		}
		names, values = append(names, name), append(values, value)
	}
	for _, doc := range docs {
		of := strings.ReplaceAll(where, "$1", "'"+id.String()+"'")
		if doc != nil {
			values[len(values)-1] = patched(doc, id, session)
			of += fmt.Sprintf(` AND doc = '\x%x'`, doc)
		}
		_, err := c.Exec(ctx, fmt.Sprintf("INSERT INTO charla.%s (%s) SELECT %s FROM copied g, (SELECT * FROM charla.%[1]s%[4]s LIMIT 1) r ORDER BY g.i",
			table, strings.Join(names, ", "), strings.Join(values, ", "), of))
		if err != nil {
			return err
		}
	}
	return nil
}

// patched returns a document with a copy's IDs in place of the first one's.
func patched(doc []byte, id, session uuid.UUID) string {
	expression := fmt.Sprintf(`'\x%x'::bytea`, doc)
	for what, by := range map[string]string{
		string(id[:]): "uuid_send(g.id)", string(session[:]): "uuid_send(g.session)",
		id.String(): "convert_to(g.id::text, 'UTF8')", session.String(): "convert_to(g.session::text, 'UTF8')",
	} {
		for from := 0; ; {
			at := bytes.Index(doc[from:], []byte(what))
			if at < 0 {
				break
			}
			expression = fmt.Sprintf("overlay(%s placing %s from %d for %d)", expression, by, from+at+1, len(what))
			from += at + len(what)
		}
	}
	return expression
}

// fireFirst has the two conversations that were not copied close by themselves, to see
// what that stores.
func (l *pgLoaded) fireFirst(ctx context.Context, w *world, c *pgx.Conn) error {
	l.clock.Set(dueAt(0))
	if done, err := w.desk.RunDue(ctx); err != nil || done != 2 {
		return want(err, done, 2)
	}
	l.next = 1
	d := &l.closed
	return c.QueryRow(ctx, `SELECT c.doc, t.doc, m.doc, e.doc FROM charla.conversations c JOIN charla.tickets t ON t.conversation = c.id
		JOIN charla.messages m ON m.conversation = c.id JOIN charla.entries e ON e.conversation = c.id
		WHERE t.status = 'closed' AND m.seq = 3 AND e.n = 3 LIMIT 1`).Scan(&d.conversation, &d.ticket, &d.message, &d.entry)
}

// postgresDeadlines measures the rows about deadlines on PostgreSQL.
func postgresDeadlines(ctx context.Context, b *bench) ([]line, error) {
	sizes := []int{1_000_000, 5_000_000}
	if b.short {
		sizes = []int{20 * cohort}
	}
	var lines []line
	small := map[int]float64{}
	for _, n := range sizes {
		l, err := b.postgresLoaded(ctx, n)
		if err != nil {
			return nil, err
		}
		for _, claimers := range []int{1, 4} {
			c, err := l.fire(ctx, b, claimers)
			if err != nil {
				return nil, err
			}
			c.cpu = 0 // half of the work is the server's
			one := c.line(fmt.Sprintf("firing 10,000 due deadlines among %d open tickets, %d claiming", n, claimers), "/s", 0.5)
			if n == sizes[0] {
				small[claimers] = c.ratio
			} else {
				one.target += fmt.Sprintf(", ≥ 0.9 of %.2f", small[claimers])
				one.verdict = verdictOf(c.ratio >= 0.5 && c.ratio >= 0.9*small[claimers])
			}
			lines = append(lines, one)
		}
		if n == sizes[len(sizes)-1] {
			one, err := l.pinned(ctx, b)
			if err != nil {
				return nil, err
			}
			lines = append(lines, one)
		}
		if err := b.server.Drop(ctx, l.dsn); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// fire compares desks that each fire what they claim with bare pgx.
func (l *pgLoaded) fire(ctx context.Context, b *bench, claimers int) (c compared, err error) {
	var desks []*world
	var conns []*pgx.Conn
	defer func() {
		for _, w := range desks {
			err = errors.Join(err, w.store.Close())
		}
		for _, one := range conns {
			err = errors.Join(err, one.Close(ctx))
		}
	}()
	for range claimers {
		w, err := l.open(ctx, nil)
		if err != nil {
			return c, err
		}
		desks = append(desks, w)
		conn, err := pgx.Connect(ctx, l.dsn)
		if err != nil {
			return c, err
		}
		conns = append(conns, conn)
	}
	round := func(do func(claimer int) (int, error)) (float64, error) {
		l.clock.Set(dueAt(l.next))
		l.next++
		return perSecond(cohort, func() error {
			done := make([]int, claimers)
			err := spread(claimers, claimers, func(claimer, _ int) (err error) {
				done[claimer], err = do(claimer)
				return err
			})
			all := 0
			for _, n := range done {
				all += n
			}
			return want(err, all, cohort)
		})
	}
	return b.compare(ctx, min(b.rounds, 5), func(int) (float64, error) {
		return round(func(i int) (int, error) { return desks[i].desk.RunDue(ctx) })
	}, func(int) (float64, error) {
		return round(func(i int) (int, error) { return l.bare(ctx, conns[i]) })
	})
}

// bare claims what is due, a hundred at a time, and writes what closing each ticket
// writes, in groups of 64.
func (l *pgLoaded) bare(ctx context.Context, c *pgx.Conn) (done int, err error) {
	now := l.clock.Now()
	for {
		rows, err := c.Query(ctx, `WITH due AS (SELECT account, id FROM charla.conversations
				WHERE wake <= $1 ORDER BY wake LIMIT 100 FOR UPDATE SKIP LOCKED)
			UPDATE charla.conversations c SET wake = $2 FROM due WHERE c.account = due.account AND c.id = due.id
			RETURNING c.id, c.version + 1`, now.UnixMicro(), now.Add(30*time.Second).UnixMicro())
		if err != nil {
			return done, err
		}
		var ids []uuid.UUID
		var versions []int64
		for rows.Next() {
			var id uuid.UUID
			var version int64
			if err := rows.Scan(&id, &version); err != nil {
				return done, err
			}
			ids, versions = append(ids, id), append(versions, version)
		}
		if err := rows.Err(); err != nil || len(ids) == 0 {
			return done, err
		}
		done += len(ids)
		for len(ids) > 0 {
			n := min(64, len(ids))
			if err := l.close(ctx, c, now, ids[:n], versions[:n]); err != nil {
				return done, err
			}
			ids, versions = ids[n:], versions[n:]
		}
	}
}

func (l *pgLoaded) close(ctx context.Context, c *pgx.Conn, now time.Time, ids []uuid.UUID, versions []int64) error {
	var b pgx.Batch
	d := &l.closed
	b.Queue("BEGIN")
	b.Queue("SELECT version, deleted FROM charla.accounts WHERE id = $1 FOR SHARE", l.account)
	b.Queue(`UPDATE charla.conversations c SET version = u.version, change = pg_current_xact_id(), wake = NULL, armed = NULL, lease = 0, doc = $4
		FROM unnest($2::uuid[], $3::bigint[]) AS u(id, version) WHERE c.account = $1 AND c.id = u.id AND c.version = u.version - 1`,
		l.account, ids, versions, d.conversation)
	b.Queue(`UPDATE charla.tickets SET status = 'closed', changed = $3, waits = NULL, counts = NULL, doc = $4
		WHERE account = $1 AND conversation = ANY($2::uuid[]) AND number = 1`, l.account, ids, now.UnixMicro(), d.ticket)
	b.Queue("INSERT INTO charla.messages (account, conversation, seq, session, doc) SELECT $1, id, 3, id, $3 FROM unnest($2::uuid[]) AS id", l.account, ids, d.message)
	b.Queue("INSERT INTO charla.entries (account, conversation, n, ticket, doc) SELECT $1, id, 3, 1, $3 FROM unnest($2::uuid[]) AS id", l.account, ids, d.entry)
	b.Queue("COMMIT")
	return c.SendBatch(ctx, &b).Close()
}

// pinned compares how long claims take while a transaction stays open, so that
// nothing that is dead can be removed, with how long they took before.
func (l *pgLoaded) pinned(ctx context.Context, b *bench) (line, error) {
	before, during := time.Minute, 3*time.Minute
	if b.short {
		before, during = 5*time.Second, 10*time.Second
	}
	var watch claimWatch
	w, err := l.open(ctx, func(s storage.Store) storage.Store { return &watched{s, &watch} })
	if err != nil {
		return line{}, err
	}
	defer w.store.Close()
	// One deadline in each millisecond: 10,000 of each hour's cohort in its
	// last ten seconds, and then those of the next.
	const spell = cohort * time.Millisecond
	phase := func(d time.Duration) (took []time.Duration, fired int, err error) {
		watch.take()
		for begin := time.Now(); err == nil; {
			gone := time.Since(begin)
			l.clock.Set(dueAt(l.next + int(gone/spell)).Add(gone%spell - spell))
			var done int
			if done, err = w.desk.RunDue(ctx); done == 0 {
				time.Sleep(time.Millisecond)
			}
			fired += done
			if gone >= d {
				l.next += int(gone/spell) + 1
				break
			}
		}
		return watch.take(), fired, err
	}
	free, _, err := phase(before)
	if err != nil {
		return line{}, err
	}
	c, err := pgx.Connect(ctx, l.dsn)
	if err != nil {
		return line{}, err
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return line{}, err
	}
	if _, err := c.Exec(ctx, "SELECT count(*) FROM charla.accounts"); err != nil { // takes its snapshot
		return line{}, err
	}
	held, fired, err := phase(during)
	if err != nil {
		return line{}, err
	}
	if _, err := c.Exec(ctx, "ROLLBACK"); err != nil {
		return line{}, err
	}
	x, y := percentile(held, 99), percentile(free, 99)
	ratio := x.Seconds() / y.Seconds()
	fmt.Fprintf(b.log, "claims: %d before, %d while pinned; medians %v, %v; longest %v, %v\n",
		len(free), len(held), percentile(free, 50), percentile(held, 50), percentile(free, 100), percentile(held, 100))
	return line{
		name: fmt.Sprintf("claims while a transaction stays open for %v and %d deadlines fire, 99th percentile, against before", during, fired),
		ours: fmt.Sprintf("%.1f ms", x.Seconds()*1000), against: fmt.Sprintf("%.1f ms", y.Seconds()*1000),
		ratio: fmt.Sprintf("%.2f", ratio), target: "≤ 2", verdict: verdictOf(ratio <= 2),
	}, nil
}

func percentile(list []time.Duration, p int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)*p/100, len(list)-1)]
}

// watched is a store whose claims are timed.
type watched struct {
	storage.Store
	watch *claimWatch
}

type claimWatch struct {
	mu   sync.Mutex
	took []time.Duration
}

// take returns what was timed since the last take.
func (w *claimWatch) take() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	took := w.took
	w.took = nil
	return took
}

func (s *watched) Conversations() storage.Conversations {
	return watchedConversations{s.Store.Conversations(), s.watch}
}

type watchedConversations struct {
	storage.Conversations
	watch *claimWatch
}

func (c watchedConversations) ClaimDue(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	begin := time.Now()
	claims, err := c.Conversations.ClaimDue(ctx, now, leaseUntil, limit, without)
	took := time.Since(begin)
	if len(claims) > 0 {
		c.watch.mu.Lock()
		defer c.watch.mu.Unlock()
		c.watch.took = append(c.watch.took, took)
	}
	return claims, err
}
