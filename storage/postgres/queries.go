package postgres

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/storage/internal/columns"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5/pgtype"
)

type queries struct{ s *Store }

// Ticket implements [storage.Queries]: it returns one ticket; number zero is the
// latest. It fails with [storage.ErrNotFound] if there is none, or if ctx ends, the
// store is closed or busy, or its database fails.
func (p queries) Ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error) {
	const query = "SELECT doc FROM charla.tickets WHERE account = $1 AND conversation = $2 AND number = "
	if ref.Number != 0 {
		return get(ctx, p.s, codec.DecodeTicket, query+"$3", ref.Account.UUID[:], ref.Conversation.UUID[:], int64(ref.Number))
	}
	return get(ctx, p.s, codec.DecodeTicket, query+"(SELECT number FROM charla.conversations WHERE account = $1 AND id = $2)",
		ref.Account.UUID[:], ref.Conversation.UUID[:])
}

// Messages implements [storage.Queries]: it returns the messages that a query asks for,
// in their order; of more than its limit the first, or with q.Last the last. It fails
// if ctx ends, the store is closed or busy, or its database fails.
func (p queries) Messages(ctx context.Context, q storage.MessageQuery) ([]tickets.Message, error) {
	query := "SELECT doc FROM charla.messages WHERE account = $1 AND conversation = $2 AND seq > $3 AND seq < $4"
	before := q.Before
	if before == 0 {
		before = math.MaxInt64
	}
	args := []any{q.Account.UUID[:], q.Conversation.UUID[:], q.After, before, storage.PageLimit(q.Limit)}
	if !q.Session.IsZero() {
		query += " AND session = $6"
		args = append(args, q.Session.UUID[:])
	}
	if q.WithoutNotes {
		query += " AND NOT note"
	}
	order := " ORDER BY seq ASC LIMIT $5"
	if q.Last {
		order = " ORDER BY seq DESC LIMIT $5"
	}
	found, err := list(ctx, p.s, codec.DecodeMessage, query+order, args...)
	if q.Last {
		slices.Reverse(found)
	}
	return found, err
}

// History implements [storage.Queries]: it returns at most limit entries after a
// number, in their order, of a ticket, or of the conversation if ref.Number is zero. It
// fails if ctx ends, the store is closed or busy, or its database fails.
func (p queries) History(ctx context.Context, ref tickets.Ref, after int64, limit int) ([]tickets.Entry, error) {
	return list(ctx, p.s, codec.DecodeEntry, `SELECT doc FROM charla.entries
		WHERE account = $1 AND conversation = $2 AND n > $3 AND ($4::bigint = 0 OR ticket = $4) ORDER BY n LIMIT $5`,
		ref.Account.UUID[:], ref.Conversation.UUID[:], after, int64(ref.Number), storage.PageLimit(limit))
}

// Changes implements [storage.Queries]: it returns the conversations that changed after
// a cursor, each with its version, and a Next that is never empty. It reads by the
// transaction of a conversation's last commit. A cursor holds which transactions were
// over when it was made, up to the last one that changed something: all changes but
// theirs are new, in whatever order they land. Later ones are left out because a server
// that crashes forgets those that left nothing behind, and gives their numbers to
// others. A page that is full ends in the middle of those that were over at its own
// moment. It fails with [storage.ErrCursor] for a cursor of another list or database,
// or as each does.
func (p queries) Changes(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
	name := "changes " + account.String()
	at := feed{seen: beginning}
	var err error
	if cursor != storage.Latest {
		if at, err = p.s.parseFeed(name, cursor); err != nil {
			return storage.Page[storage.Change]{}, err
		}
	}
	limit = storage.PageLimit(limit)
	for {
		wanted := limit
		if cursor == storage.Latest {
			wanted = 0
		}
		page, next, err := p.changes(ctx, account, at, wanted)
		if err != nil {
			return storage.Page[storage.Change]{}, err
		}
		// A reader in the middle has not caught up with later changes.
		if middle := at.until.xmax > 0; len(page.Items) > 0 || !middle {
			page.Next = p.s.feedCursor(name, next)
			return page, nil
		}
		at = next
	}
}

// changes returns one page of at most limit changes after a place in the feed, and the
// place behind it. The query asks for one row more, to see whether that is all; the
// snapshot comes with every row, and alone where there is none. It fails with
// [storage.ErrCursor] if the place is of another state of the database, or as each
// does, or if the snapshot is malformed.
func (p queries) changes(ctx context.Context, account chatcfg.AccountID, at feed, limit int) (page storage.Page[storage.Change], next feed, err error) {
	args := []any{account.UUID[:], strconv.FormatUint(at.seen.xmin, 10), at.seen.String()}
	middle := ""
	if at.until.xmax > 0 {
		middle = " AND pg_visible_in_snapshot(c.change, $4::text::pg_snapshot) AND (c.change, c.id) > (" + hidden("$5::text::xid8") + ", $6)"
		args = append(args, at.until.String(), strconv.FormatUint(at.change, 10), at.id)
	}
	var now, timeline string
	var top *string
	more := false
	err = p.s.each(ctx, `WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS now,
			left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS timeline,
			(SELECT change FROM charla.conversations WHERE account = $1 ORDER BY change DESC LIMIT 1) AS top)
		SELECT now::text, timeline, top::text, x.id, x.version, x.change::text FROM now LEFT JOIN LATERAL (
			SELECT c.id, c.version, c.change FROM charla.conversations c
			WHERE c.account = $1 AND c.change >= `+hidden("$2::text::xid8")+` AND NOT pg_visible_in_snapshot(c.change, $3::text::pg_snapshot)`+middle+`
			ORDER BY c.change, c.id LIMIT `+strconv.Itoa(limit+1)+`) x ON true ORDER BY x.change, x.id`, args,
		func(scan func(...any) error) error {
			var id *[16]byte
			var version *int64
			var change *string
			if err := scan(&now, &timeline, &top, &id, &version, &change); err != nil || id == nil {
				return err
			}
			if more = len(page.Items) == limit; more {
				return nil
			}
			page.Items = append(page.Items, storage.Change{Conversation: tickets.ConversationID{UUID: *id}, Version: *version})
			next.id = *id
			next.change, err = strconv.ParseUint(*change, 10, 64)
			return err
		})
	if err != nil {
		return page, next, err
	}
	until, ok := parseSnapshot(now)
	if !ok {
		return page, next, errors.New("postgres: not a snapshot: " + now)
	}
	line, err := strconv.ParseUint(timeline, 16, 32)
	if err != nil {
		return page, next, errors.New("postgres: not a timeline: " + timeline)
	}
	if at.timeline != 0 && at.timeline != line || at.seen.xmax > until.xmax || at.until.xmax > until.xmax {
		// From before a standby took over, or the database was put back to an
		// earlier state.
		return page, next, storage.ErrCursor
	}
	var last uint64
	if top != nil {
		if last, err = strconv.ParseUint(*top, 10, 64); err != nil {
			return page, next, err
		}
	}
	until = until.upTo(last)
	if at.until.xmax > 0 {
		until = at.until
	}
	if more && limit > 0 {
		next.seen, next.until = at.seen, until
	} else {
		next = feed{seen: until}
	}
	next.timeline = line
	return page, next, nil
}

// Report implements [storage.Queries]: it returns R2.7's figures over a period, by one
// statement. It fails as one does.
func (p queries) Report(ctx context.Context, account chatcfg.AccountID, q storage.ReportQuery) (tickets.Report, error) {
	if q.By != "" {
		return p.groupedReport(ctx, account, q)
	}
	return p.wholeReport(ctx, account, q)
}

// wholeReport is Report without groups. Sums are exact, and percentiles are the values at
// their ranks.
func (p queries) wholeReport(ctx context.Context, account chatcfg.AccountID, q storage.ReportQuery) (tickets.Report, error) {
	var r tickets.Report
	dest := []any{&r.Open, &r.Ignored, &r.Closed, &r.Important, &r.Delayed, &r.Ratings.Asked}
	rated := ""
	for i := range r.Ratings.Scores {
		dest = append(dest, &r.Ratings.Scores[i])
		rated += ", count(*) FILTER (WHERE rating = " + strconv.Itoa(i+1) + ")"
	}
	for _, t := range []*tickets.Times{&r.First, &r.All} {
		dest = append(dest, &t.Count, (*int64)(&t.Mean), (*int64)(&t.P50), (*int64)(&t.P90), &t.Limited, &t.InTime)
	}
	const figures = `count(*), coalesce(trunc(sum(greatest(waited, 0)) / count(*))::bigint, 0),
		coalesce((array_agg(waited ORDER BY waited))[(count(*) * 50 + 99) / 100], 0),
		coalesce((array_agg(waited ORDER BY waited))[(count(*) * 90 + 99) / 100], 0),
		count(*) FILTER (WHERE sla > 0), count(*) FILTER (WHERE sla > 0 AND waited <= sla)`
	_, err := p.s.one(ctx, `WITH given AS MATERIALIZED (
			SELECT first, waited, sla FROM charla.answers WHERE account = $1 AND at >= $2 AND at < $3),
		made AS (SELECT count(*) FILTER (WHERE status IN ('open', 'bot')), count(*) FILTER (WHERE status = 'ignored'), count(*) FILTER (WHERE status = 'closed'),
			count(*) FILTER (WHERE important), count(*) FILTER (WHERE delayed), count(rating)`+rated+`
			FROM charla.tickets WHERE account = $1 AND created >= $2 AND created < $3),
		first AS (SELECT `+figures+` FROM given WHERE first),
		every AS (SELECT `+figures+` FROM given)
		SELECT * FROM made, first, every`, []any{account.UUID[:], micros(q.From), micros(q.To)}, dest...)
	if err != nil {
		return tickets.Report{}, err
	}
	for _, t := range []*tickets.Times{&r.First, &r.All} {
		t.Mean = tickets.Span(t.Mean.Std().Truncate(time.Microsecond))
	}
	return r, nil
}

// groupedBy are the columns by which a report is divided, of a ticket t and of an answer
// a to it: a text, or a time, in quarters of an hour, in which no time zone changes the
// hour.
var groupedBy = map[tickets.Grouping]struct{ text, answer, time, answered string }{
	tickets.ByAgent:    {"coalesce(t.assignee, '')", "a.agent", "0", "0"},
	tickets.ByTeam:     {"coalesce(t.team, '')", "coalesce(t.team, '')", "0", "0"},
	tickets.ByCategory: {"coalesce(t.category, '')", "coalesce(t.category, '')", "0", "0"},
	tickets.ByHour:     {"''", "''", "t.created / 900000000", "a.at / 900000000"},
	tickets.ByWeekday:  {"''", "''", "t.created / 900000000", "a.at / 900000000"},
}

// groupedReport is Report with groups: the server counts the tickets of each group, and
// sends the answers one by one.
func (p queries) groupedReport(ctx context.Context, account chatcfg.AccountID, q storage.ReportQuery) (tickets.Report, error) {
	r, by := storage.NewReporter(q), groupedBy[q.By]
	var key string
	var quarter, n, important, delayed, waited, limit int64
	var status tickets.Status
	var rating pgtype.Int8
	var isFirst bool
	dest := []any{&key, &quarter, &status, &rating, &n, &important, &delayed, &isFirst, &waited, &limit}
	err := p.s.each(ctx, `SELECT `+by.text+` AS k, `+by.time+` AS q, status, rating, count(*) AS n, count(*) FILTER (WHERE important),
			count(*) FILTER (WHERE delayed), false, 0::bigint, 0::bigint
			FROM charla.tickets t WHERE account = $1 AND created >= $2 AND created < $3 GROUP BY k, q, status, rating
		UNION ALL SELECT `+by.answer+`, `+by.answered+`, '', NULL, 0, 0, 0, a.first, a.waited, a.sla
			FROM charla.answers a LEFT JOIN charla.tickets t ON t.account = a.account AND t.conversation = a.conversation AND t.number = a.ticket
			WHERE a.account = $1 AND a.at >= $2 AND a.at < $3`,
		[]any{account.UUID[:], micros(q.From), micros(q.To)}, func(scan func(...any) error) error {
			if err := scan(dest...); err != nil {
				return err
			}
			if q.By == tickets.ByHour || q.By == tickets.ByWeekday {
				key = q.TimeKey(time.Unix(900*quarter, 0))
			}
			if n == 0 {
				r.Time(key, isFirst, tickets.Span(waited), tickets.Span(limit))
				return nil
			}
			some := tickets.Report{Important: important, Delayed: delayed}
			switch status {
			case tickets.StatusOpen, columns.StatusBot:
				some.Open = n
			case tickets.StatusIgnored:
				some.Ignored = n
			case tickets.StatusClosed:
				some.Closed = n
			}
			if rating.Valid {
				some.Ratings.Asked = n
				if i := rating.Int64 - 1; i >= 0 && i < int64(len(some.Ratings.Scores)) {
					some.Ratings.Scores[i] = n
				}
			}
			r.Tickets(key, &some)
			return nil
		})
	if err != nil {
		return tickets.Report{}, err
	}
	return r.Report(), nil
}

// Count implements [storage.Queries]: it returns how many open tickets have their
// instant of that kind after one time and not after another. It fails for an unknown
// kind of instant, or if ctx ends, the store is closed or busy, or its database fails.
func (p queries) Count(ctx context.Context, account chatcfg.AccountID, by storage.Instant, after, upTo time.Time) (n int, err error) {
	if err := by.Check(); err != nil {
		return 0, err
	}
	query := "SELECT count(*) FROM charla.tickets WHERE account = $1"
	if by == storage.CountsFrom {
		query += " AND counts > $2 AND counts <= $3"
	} else {
		query += " AND waits > $2 AND waits <= $3 AND NOT delayed"
	}
	_, err = p.s.one(ctx, query, []any{account.UUID[:], micros(after), micros(upTo)}, &n)
	return n, err
}
