package powercut

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"

	"github.com/ncruces/go-sqlite3"
	ncruces "github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/ext/fts5"
)

var fullText = sync.OnceFunc(func() { sqlite3.AutoExtension(fts5.Register) })

// Settings are statements that a host's driver replaces by others: how the tests
// set what the store sets for itself, and reads back.
type Settings map[string]string

// set sets a pragma to another value than the store's, which the store does not notice.
func (s Settings) set(pragma, store, ours string) {
	s["PRAGMA "+pragma+" = "+store] = "PRAGMA " + pragma + " = " + ours
	s["PRAGMA "+pragma] = "SELECT '" + store + "'"
}

// openDB opens a database on a disk, as a host's own.
func openDB(path string, s Settings) (*sql.DB, error) {
	fullText()
	c, err := (&ncruces.SQLite{}).OpenConnector("file:" + path + "?vfs=" + vfsName)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{c, s}), nil
}

type connector struct {
	driver.Connector
	settings Settings
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	one, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return conn{one.(ncruces.Conn), c.settings}, nil
}

type conn struct {
	ncruces.Conn
	settings Settings
}

func (c conn) replaced(query string) string {
	if other, ok := c.settings[query]; ok {
		return other
	}
	return query
}

func (c conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.Conn.PrepareContext(ctx, c.replaced(query))
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, c.replaced(query), args)
}

func (c conn) CheckNamedValue(arg *driver.NamedValue) error {
	return c.Conn.(driver.NamedValueChecker).CheckNamedValue(arg)
}
