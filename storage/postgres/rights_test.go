package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/storagetest"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// granted is what the package's documentation has the owner grant to the role chat.
func granted(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	var all strings.Builder
	for _, line := range regexp.MustCompile(`(?m)^//\t((?:GRANT|ALTER) .* TO )chat;$`).FindAllStringSubmatch(string(text), -1) {
		all.WriteString(line[1] + name + ";")
	}
	require.Equal(t, 5, strings.Count(all.String(), ";"))
	return all.String()
}

// roles is an empty database with a role that owns it, and one that may only connect:
// their connection strings, and the name of the second.
func roles(t testing.TB) (owner, rows, name string) {
	t.Helper()
	dsn := database(t)
	pool := connect(t, dsn)
	base := pool.Config().ConnConfig.Database
	name = base + "_rows"
	for _, statement := range []string{
		"CREATE ROLE " + base + "_owner LOGIN",
		"CREATE ROLE " + name + " LOGIN",
		"ALTER DATABASE " + base + " OWNER TO " + base + "_owner",
	} {
		_, err := pool.Exec(context.Background(), statement)
		require.NoError(t, err, statement)
	}
	return dsn + " user=" + base + "_owner", dsn + " user=" + name, name // the last one counts
}

func script(t testing.TB, dsn, text string) error {
	t.Helper()
	c, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	defer c.Close(context.Background())
	_, err = c.Exec(context.Background(), text, pgx.QueryExecModeSimpleProtocol)
	return err
}

// TestRights: processes work as a role that only reads and writes rows, once the owner has
// migrated, and are told what is missing before.
func TestRights(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	owner, rows, name := roles(t)
	_, err := postgres.Open(ctx, rows, nil)
	require.ErrorIs(t, err, postgres.ErrNotMigrated)
	require.ErrorContains(t, err, "postgres.Migrate")
	require.ErrorIs(t, postgres.Migrate(ctx, rows, nil), postgres.ErrNotMigrated)

	require.NoError(t, postgres.Migrate(ctx, owner, &postgres.Options{Partitions: 2}))
	require.NoError(t, postgres.Migrate(ctx, owner, nil), "again")
	_, err = postgres.Open(ctx, rows, nil)
	var e *postgres.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "42501", e.Code, "nothing granted")
	require.NoError(t, script(t, owner, granted(t, name)))
	require.NoError(t, open(t, rows, nil).Close())
	require.NoError(t, postgres.Migrate(ctx, rows, nil), "there is nothing to do")

	// The role cannot change the schema, so a newer version's is the owner's to make.
	require.ErrorContains(t, script(t, rows, "ALTER TABLE charla.accounts ADD COLUMN more integer"), "42501")
	more := and(t, fmt.Sprintf("%04d_more.sql", postgres.Schema()+1), "CREATE TABLE charla.more (id integer)")
	require.ErrorIs(t, postgres.MigrateTo(ctx, connect(t, rows), more), postgres.ErrNotMigrated)
	require.NoError(t, postgres.MigrateTo(ctx, connect(t, owner), more))
	require.NoError(t, script(t, rows, "INSERT INTO charla.more VALUES (1)"), "a table of a later version")
}

// TestRightsSuffice: what a store does, it may do as such a role.
func TestRightsSuffice(t *testing.T) {
	t.Parallel()
	h := storagetest.Harness{Open: func(t *testing.T) storage.Store {
		owner, rows, name := roles(t)
		require.NoError(t, postgres.Migrate(t.Context(), owner, nil))
		require.NoError(t, script(t, owner, granted(t, name)))
		return open(t, rows, nil)
	}}
	require.NoError(t, errors.Join(storagetest.Errors(t, h,
		"accounts/purge", "claims/order", "contacts/", "feed/cursor", "isolation/", "marks/", "outbox/settle", "outbox/prune",
		"preview/rows", "report/figures", "stale/armed", "words/match")...))
}

// TestRightsMoved: as such a role a database that was moved begins its feeds anew, and a
// broker works.
func TestRightsMoved(t *testing.T) {
	t.Parallel()
	owner, rows, name := roles(t)
	require.NoError(t, postgres.Migrate(t.Context(), owner, nil))
	require.NoError(t, script(t, owner, granted(t, name)+"UPDATE charla.meta SET place = 'another'"))
	require.NoError(t, open(t, rows, nil).Close())
	pool, err := pgxpool.New(t.Context(), owner)
	require.NoError(t, err)
	defer pool.Close()
	require.Equal(t, []string{"0"}, texts(t, pool, "SELECT count(*)::text FROM charla.meta WHERE place = 'another'"))

	broker := postgres.NewBroker(connect(t, rows))
	ctx, cancel := context.WithCancel(t.Context())
	heard := listen(ctx, t, broker)
	cancel()
	require.NoError(t, <-heard.ended)
	broker.Wait()
}
