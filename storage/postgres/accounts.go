package postgres

import (
	"context"
	"strconv"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/jackc/pgx/v5"
)

type accounts struct{ s *Store }

// putDocuments queues statements that add or replace documents, one each: of two with the
// same name and version the later stays.
func putDocuments(b *pgx.Batch, account chatcfg.AccountID, docs []storage.Document) {
	for _, d := range docs {
		b.Queue(`INSERT INTO charla.documents (account, name, version, body) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account, name, version) DO UPDATE SET body = excluded.body`, account.UUID[:], d.Name, d.Version, bytea(d.Body))
	}
}

// Create implements [storage.Accounts]: it adds an account with its first documents. It
// fails with [storage.ErrExists] if its ID or key is taken, or if ctx ends, the store
// is closed or busy, or its database fails.
func (p accounts) Create(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	doc, err := codec.Account(a)
	if err != nil {
		return err
	}
	var made bool
	return p.s.transact(ctx, func(b *pgx.Batch) {
		made = false
		b.Queue(`INSERT INTO charla.accounts (id, key, revision, version, hidden, deleted, doc)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING true`,
			a.ID.UUID[:], a.Key, a.Revision, int64(a.Version), a.Hidden, !a.DeletedAt.IsZero(), doc).
			Query(rows(func(scan func(...any) error) error { return scan(&made) }))
	}, func(b *pgx.Batch) error {
		if !made {
			return storage.ErrExists
		}
		putDocuments(b, a.ID, docs)
		return nil
	})
}

// rows returns a function that calls fn for every row of a statement in a batch, until
// fn fails. That function fails with fn's error, or if reading does.
func rows(fn func(scan func(...any) error) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			if err := fn(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// Get implements [storage.Accounts]: it returns an account by its ID, a deleted one
// too. It fails with [storage.ErrNotFound] if there is none, or if ctx ends, the store
// is closed or busy, or its database fails.
func (p accounts) Get(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	return get(ctx, p.s, decodeJSON[chatcfg.Account], "SELECT doc FROM charla.accounts WHERE id = $1", id.UUID[:])
}

// Find implements [storage.Accounts]: it returns an account by its public key, a
// deleted one too. It fails with [storage.ErrNotFound] if there is none, or if ctx
// ends, the store is closed or busy, or its database fails.
func (p accounts) Find(ctx context.Context, key string) (chatcfg.Account, error) {
	return get(ctx, p.s, decodeJSON[chatcfg.Account], "SELECT doc FROM charla.accounts WHERE key = $1", key)
}

// get returns the decoded document that a query finds. It fails with
// [storage.ErrNotFound] if there is none, if the document cannot be decoded, or as one
// does.
func get[T any](ctx context.Context, s *Store, decode func(string, *T) error, query string, args ...any) (v T, err error) {
	var doc document
	found, err := s.one(ctx, query, args, &doc)
	switch {
	case err != nil:
		return v, err
	case !found:
		return v, storage.ErrNotFound
	}
	return v, corrupt(decode(doc.text, &v))
}

// list returns the decoded documents that a query finds, in its order; none is no
// error. It fails if a document cannot be decoded, or as each does.
func list[T any](ctx context.Context, s *Store, decode func(string, *T) error, query string, args ...any) (items []T, err error) {
	var doc document
	err = s.each(ctx, query, args, func(scan func(...any) error) error {
		if err := scan(&doc); err != nil {
			return err
		}
		var v T
		items = append(items, v)
		return corrupt(decode(doc.text, &items[len(items)-1]))
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// List implements [storage.Accounts]: it returns the accounts that are not deleted, by
// ID, after the given one and at most limit; hidden ones only when asked for. It fails
// if ctx ends, the store is closed or busy, or its database fails.
func (p accounts) List(ctx context.Context, after chatcfg.AccountID, hidden bool, limit int) ([]chatcfg.Account, error) {
	return list(ctx, p.s, decodeJSON[chatcfg.Account],
		"SELECT doc FROM charla.accounts WHERE id > $1 AND NOT deleted AND ($2 OR NOT hidden) ORDER BY id LIMIT $3",
		after.UUID[:], hidden, storage.PageLimit(limit))
}

// Save implements [storage.Accounts]: it replaces an account, but for its key, if the
// stored revision is one below, and adds or replaces documents. A save that deletes the
// account drops its deadlines and pending deliveries. It locks the account's row
// exclusively; every commit locks it shared. It fails with [storage.ErrNotFound],
// [storage.ErrDeleted], or [storage.ErrConflict] for another revision, or as transact
// does.
func (p accounts) Save(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	var found, deleted bool
	var revision, version int64
	a0 := a
	gone := !a.DeletedAt.IsZero()
	err := p.s.transact(ctx, func(b *pgx.Batch) {
		a, found = a0, false
		b.Queue("SELECT true, key, revision, version, deleted FROM charla.accounts WHERE id = $1 FOR UPDATE", a.ID.UUID[:]).
			Query(rows(func(scan func(...any) error) error { return scan(&found, &a.Key, &revision, &version, &deleted) }))
	}, func(b *pgx.Batch) error {
		switch {
		case !found:
			return storage.ErrNotFound
		case deleted:
			return storage.ErrDeleted
		case revision != a.Revision-1:
			return storage.ErrConflict
		}
		doc, err := codec.Account(a)
		if err != nil {
			return err
		}
		b.Queue("UPDATE charla.accounts SET revision = $2, version = $3, hidden = $4, deleted = $5, doc = $6 WHERE id = $1",
			a.ID.UUID[:], a.Revision, int64(a.Version), a.Hidden, gone, doc)
		putDocuments(b, a.ID, docs)
		if int64(a.Version) > version {
			b.Queue("INSERT INTO charla.stale (account) VALUES ($1) ON CONFLICT DO NOTHING", a.ID.UUID[:])
		}
		if gone {
			dropDeliveries(b, a.ID)
		}
		return nil
	})
	if err == nil && gone {
		p.s.disarm(context.WithoutCancel(ctx), a.ID)
	}
	return err
}

// disarm removes the deadlines of an account that is deleted, in steps, since they may be
// many, and in the order in which commits lock them. If it fails it stops and reports
// nothing: claims skip a deleted account's deadlines in any case, only slower.
func (s *Store) disarm(ctx context.Context, account chatcfg.AccountID) {
	for n, err := int64(purgeStep), error(nil); n == purgeStep && err == nil; {
		n, err = s.count(ctx, `UPDATE charla.conversations SET wake = NULL, armed = NULL WHERE (account, id) IN (
			SELECT account, id FROM charla.conversations WHERE account = $1 AND armed IS NOT NULL ORDER BY account, id LIMIT $2 FOR UPDATE)`, account.UUID[:], purgeStep)
	}
}

// dropDeliveries queues statements that remove the pending deliveries of an account that is
// being deleted. What is being sent can still be settled, but is not claimed again.
func dropDeliveries(b *pgx.Batch, account chatcfg.AccountID) {
	for _, statement := range []string{
		"DELETE FROM charla.deliveries WHERE account = $1 AND state = 'pending'",
		"UPDATE charla.deliveries SET due = NULL WHERE account = $1 AND state = 'sending'",
		"DELETE FROM charla.stale WHERE account = $1",
	} {
		b.Queue(statement, account.UUID[:])
	}
}

// Document implements [storage.Accounts]: it returns the body of a document, of a
// deleted account too. It fails with [storage.ErrNotFound] if there is no such account
// or document, or if ctx ends, the store is closed or busy, or its database fails.
func (p accounts) Document(ctx context.Context, id chatcfg.AccountID, name string, version int64) (body []byte, err error) {
	found, err := p.s.one(ctx, "SELECT body FROM charla.documents WHERE account = $1 AND name = $2 AND version = $3",
		[]any{id.UUID[:], name, version}, &body)
	if err == nil && !found {
		err = storage.ErrNotFound
	}
	return body, err
}

// purgeStep is how many rows one step of a purge removes at most; like everybody it
// locks them in the order of their keys.
const purgeStep = 1000

// Purge implements [storage.Accounts]: it removes a deleted account in steps, between
// which other calls go on; the account's own row goes last. If it is interrupted, by
// its context, an error or a crash, what it had removed stays removed (and is what it
// returns with the error), and another Purge goes on from there and counts the rest. It
// fails with [storage.ErrNotFound], with [storage.ErrConflict] while the account is not
// deleted, or if the database does.
func (p accounts) Purge(ctx context.Context, id chatcfg.AccountID) (storage.Purged, error) {
	var purged storage.Purged
	var number int64
	var deleted bool
	found, err := p.s.one(ctx, "SELECT number, deleted FROM charla.accounts WHERE id = $1", []any{id.UUID[:]}, &number, &deleted)
	switch {
	case err != nil:
		return purged, err
	case !found:
		return purged, storage.ErrNotFound
	case !deleted:
		return purged, storage.ErrConflict
	}
	var other int64
	for _, t := range []struct {
		table, key string
		count      *int64
	}{
		{"texts", "account, conversation, ticket, version, n", &other},
		{"messages", "account, conversation, seq", &purged.Messages},
		{"receipts", "account, conversation, scope, key", &other},
		{"identities", "account, kind, value", &other},
		{"entries", "account, conversation, n", &purged.Entries},
		{"answers", "account, at, conversation, version, n", &other},
		{"deliveries", "account, name", &purged.Deliveries},
		{"tickets", "account, conversation, number", &purged.Tickets},
		{"conversations", "account, id", &purged.Conversations},
		{"sessions", "account, id", &purged.Sessions},
		{"marks", "account, conversation", &other},
		{"submissions", "account, name", &purged.Submissions},
		{"documents", "account, name, version", &other},
		{"presence", "account", &other},
		{"accounts", "id", &other},
	} {
		for n := int64(purgeStep); n == purgeStep; {
			column := "account"
			if t.table == "accounts" {
				column = "id"
			}
			// Only while it is the same account still.
			n, err = p.s.count(ctx, "DELETE FROM charla."+t.table+" WHERE ("+t.key+") IN (SELECT "+t.key+" FROM charla."+t.table+
				" WHERE "+column+" = $1 AND EXISTS (SELECT FROM charla.accounts WHERE id = $1 AND number = $2 AND deleted) ORDER BY "+t.key+
				" LIMIT "+strconv.Itoa(purgeStep)+" FOR UPDATE)", id.UUID[:], number)
			if err != nil {
				return purged, err
			}
			*t.count += n
		}
	}
	return purged, nil
}

// count runs a statement that changes rows, and returns how many it changed. It fails
// as change does.
func (s *Store) count(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = s.change(ctx, "WITH done AS ("+query+" RETURNING 1) SELECT count(*) FROM done", args, func(scan func(...any) error) error {
		return scan(&n)
	})
	return n, err
}
