// Package size measures what tickets and messages take on the disk, indexes and search
// included. docs/deployment.md has the figures:
//
//	go test ./lab/size -v -args -tickets 2000
package size_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var count = flag.Int("tickets", 100, "how many tickets")

// short and long are how many messages a ticket has, half of them an agent's.
const short, long = 2, 12

var ana = charla.Person{ID: "ana", Name: "Ana Pérez"}

// words are for texts of about 80 bytes, of which no two are alike.
var words = []string{
	"hola", "pedido", "todavía", "no", "llega", "quería", "saber", "cuándo", "pueden", "entregarlo", "gracias",
	"mañana", "dirección", "número", "compré", "zapatos", "tienda", "cambio", "talla", "boleta", "retiro", "envío",
}

func text(n int) string {
	s := ""
	for i := 0; len(s) < 75; i++ {
		s += words[(n*7+i*i*3+n/len(words))%len(words)] + " "
	}
	return s + fmt.Sprint(n)
}

// fill makes tickets of so many messages each, with keys, an SLA, one notification a
// ticket, and all rules looked at.
func fill(t *testing.T, store storage.Store, messages int) {
	ctx := t.Context()
	desk, err := charla.New(store, &charla.Options{Mailer: &charla.Outgoing{}})
	require.NoError(t, err)
	cfg, err := chatcfg.Decode([]byte(`{
		"quality": {"sla": {"value": 5, "unit": "minutes"}},
		"automation": {"autoClose": {"enabled": true, "after": {"value": 1, "unit": "days"}}},
		"general": {"notify": {"tickets": "all", "to": ["turno@tienda.cl"]}}
	}`))
	require.NoError(t, err)
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	var group sync.WaitGroup
	for worker := range 16 {
		group.Go(func() {
			for i := worker; i < *count; i += 16 {
				if !assert.NoError(t, chat(ctx, account, i*100, messages)) {
					return
				}
			}
		})
	}
	group.Wait()
	_, err = desk.RunDue(ctx)
	require.NoError(t, err)
}

func chat(ctx context.Context, account *charla.Account, n, messages int) error {
	v, _, err := account.Enter(ctx, charla.Entry{Name: fmt.Sprint("Carla Soto ", n), Email: fmt.Sprintf("carla%d@example.com", n)})
	if err != nil {
		return err
	}
	for i := 0; i < messages; i += 2 {
		asked, err := v.Write(ctx, text(n+i), &charla.WriteOptions{Key: fmt.Sprintf("0195556c-7a00-7000-8000-%012d", n+i)})
		if err == nil {
			_, err = account.Agent(ana).Reply(ctx, asked.Ref, text(n+i+1), &charla.WriteOptions{Key: fmt.Sprintf("0195556c-7a00-7000-9000-%012d", n+i)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// report says what a ticket and a message take, by two sizes.
func report(t *testing.T, name string, of func(messages int) int64) {
	t.Helper()
	few, many := of(short), of(long)
	message := float64(many-few) / float64(*count*(long-short))
	ticket := float64(few)/float64(*count) - short*message
	t.Logf("%s: %d tickets: %.0f bytes a message, %.0f a ticket", name, *count, message, ticket)
	assert.Positive(t, message)
	assert.Less(t, message, 4096.0)
	assert.Less(t, ticket, 65536.0)
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	report(t, "SQLite", func(messages int) int64 {
		path := filepath.Join(t.TempDir(), "chat.db")
		store, err := sqlite.Open(path, &sqlite.Options{InsecureNoSync: true})
		require.NoError(t, err)
		empty := size(t, store, path)
		fill(t, store, messages)
		require.NoError(t, store.Close())
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Size() - empty
	})
}

// size is that of a backup: what is in the log counts.
func size(t *testing.T, store *sqlite.Store, path string) int64 {
	t.Helper()
	require.NoError(t, store.Backup(t.Context(), path+".empty"))
	info, err := os.Stat(path + ".empty")
	require.NoError(t, err)
	return info.Size()
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	server, stop, err := pgtest.Find(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, stop()) })
	report(t, "PostgreSQL", func(messages int) int64 {
		dsn, err := server.Create(t.Context())
		require.NoError(t, err)
		store, err := postgres.Open(t.Context(), dsn, nil)
		require.NoError(t, err)
		empty := relations(t, dsn)
		fill(t, store, messages)
		require.NoError(t, store.Close())
		return relations(t, dsn) - empty
	})
}

// relations is the size of charla's tables and indexes after a vacuum.
func relations(t *testing.T, dsn string) (n int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "VACUUM")
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
		WHERE relnamespace = 'charla'::regnamespace AND relkind IN ('r', 'p')`).Scan(&n))
	return n
}
