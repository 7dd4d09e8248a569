package frozen_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A new database has the schema of one that an older build made and this one brought up
// to date, and every column of the table of columns, with its index.
func TestSchema(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		schema := func(file string) (lines []string) {
			require.NoError(t, openSQLite(t, file).Close())
			db, err := sql.Open("sqlite", file)
			require.NoError(t, err)
			defer db.Close()
			rows, err := db.QueryContext(t.Context(), "SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema UNION ALL "+
				"SELECT 'column ' || name || ': ' || type FROM pragma_table_info('tickets') UNION ALL SELECT 'schema ' || max(version) FROM charla_schema ORDER BY 1")
			require.NoError(t, err)
			defer rows.Close()
			for rows.Next() {
				lines = append(lines, "")
				require.NoError(t, rows.Scan(&lines[len(lines)-1]))
			}
			require.NoError(t, rows.Err())
			return lines
		}
		fresh := schema(filepath.Join(t.TempDir(), "chat.db"))
		assert.Equal(t, fresh, schema(frozenFile(t)))
		hasColumns(t, fresh)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		server := server(t)
		schema := func(dsn string) []string {
			require.NoError(t, openPostgres(t, dsn).Close())
			c, err := pgx.Connect(t.Context(), dsn)
			require.NoError(t, err)
			defer c.Close(t.Context())
			rows, err := c.Query(t.Context(), `SELECT 'index ' || indexname || ': ' || indexdef FROM pg_indexes WHERE schemaname = 'charla' UNION ALL
				SELECT concat_ws(' ', CASE table_name WHEN 'tickets' THEN 'column' ELSE table_name END, column_name || ':',
					ordinal_position, data_type, collation_name, is_nullable, column_default)
				FROM information_schema.columns WHERE table_schema = 'charla' UNION ALL
				SELECT 'schema ' || max(version) FROM charla.migrations ORDER BY 1`)
			require.NoError(t, err)
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			require.NoError(t, err)
			return lines
		}
		dsn, err := server.Create(t.Context())
		require.NoError(t, err)
		fresh := schema(dsn)
		assert.Equal(t, fresh, schema(frozenDatabase(t, server)))
		hasColumns(t, fresh, "fields") // PostgreSQL finds them by the category's
	})
}

// hasColumns checks that a schema has the columns of tickets, and their indexes but those
// of some.
func hasColumns(t *testing.T, lines []string, without ...string) {
	t.Helper()
	has := func(what string) bool {
		for _, line := range lines {
			if len(line) > len(what) && line[:len(what)+1] == what+":" {
				return true
			}
		}
		return false
	}
	require.False(t, has("column none"))
	for _, c := range storage.TicketColumns() {
		assert.True(t, has("column "+c.Name), c.Name)
		assert.True(t, has("index "+c.IndexName()) || slices.Contains(without, c.Name), c.Name)
	}
}
