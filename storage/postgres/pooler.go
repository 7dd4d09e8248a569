package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// checkPooler fails with [ErrPooler] if statements that are prepared on a connection can
// be gone from it after another one had a transaction. It costs some round trips at the
// start; without it the first calls would fail, and only some of them.
func checkPooler(ctx context.Context, pool *pgxpool.Pool) (err error) {
	switch pool.Config().ConnConfig.DefaultQueryExecMode {
	case pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec:
	default:
		return nil // it prepares nothing by name
	}
	one, err := pool.Acquire(ctx)
	if err != nil {
		return failed("open", err)
	}
	defer one.Release()
	other, err := pool.Acquire(ctx)
	if err != nil {
		return failed("open", err)
	}
	defer other.Release()
	const probe = "charla_probe"
	if _, err := one.Conn().PgConn().Prepare(ctx, probe, "SELECT 1", nil); err != nil {
		return poolerError(err)
	}
	// This takes the server's connection on which it was prepared, if it is free.
	tx, err := other.Begin(ctx)
	if err != nil {
		return poolerError(err)
	}
	_, err = one.Conn().PgConn().ExecPrepared(ctx, probe, nil, nil, nil).Close()
	if err == nil {
		err = one.Conn().PgConn().Deallocate(ctx, probe)
	}
	return poolerError(errors.Join(err, tx.Rollback(ctx)))
}

// poolerError returns [ErrPooler] for an error that says that a connection is not the one
// that it was: a prepared statement is gone, or there is one already.
func poolerError(err error) error {
	switch code(err) {
	case "26000", "42P05":
		return ErrPooler
	default:
		return failed("open", err)
	}
}
