package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// checkPooler returns [ErrPooler] if a connection can lose its prepared statements when
// another one has a transaction; else nil. Without this check some of the first calls
// would fail. It fails if it gets no connections or a statement fails.
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

// poolerError returns [ErrPooler] if a prepared statement is gone, or there is one
// already: the connection leads to another one of the server's than before. It wraps
// any other error in an [*Error]; nil stays nil.
func poolerError(err error) error {
	switch code(err) {
	case "26000", "42P05":
		return ErrPooler
	default:
		return failed("open", err)
	}
}
