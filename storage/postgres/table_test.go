package postgres_test

import (
	"testing"

	"github.com/charlahq/charla/storage/postgres"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pool that the store shares takes and gives the host's own arrays as before.
func TestHostsArrays(t *testing.T) {
	t.Parallel()
	pool := connect(t, database(t))
	s, err := postgres.New(t.Context(), pool, nil)
	require.NoError(t, err)
	b := &bundle{TB: t, Store: s, ctx: t.Context()}
	b.account = b.newAccount("Tienda")
	b.chat(b.account).says("hola")
	none := ""
	texts, numbers := []*string{&none, nil}, []int64{-1, 0}
	ids, flags, bodies := [][16]byte{{1}, {}}, []bool{true, false}, [][]byte{{0, 1}, {}}
	for _, c := range pool.AcquireAllIdle(t.Context()) {
		var gotTexts []*string
		var gotNumbers []int64
		var gotIDs [][16]byte
		var gotFlags []bool
		var gotBodies [][]byte
		require.NoError(t, c.QueryRow(t.Context(), "SELECT $1::text[], $2::bigint[], $3::uuid[], $4::boolean[], $5::bytea[]",
			texts, numbers, ids, flags, bodies).Scan(&gotTexts, &gotNumbers, &gotIDs, &gotFlags, &gotBodies))
		assert.Equal(t, texts, gotTexts)
		assert.Equal(t, numbers, gotNumbers)
		assert.Equal(t, ids, gotIDs)
		assert.Equal(t, flags, gotFlags)
		assert.Equal(t, bodies, gotBodies)
		var table pgtype.Array[pgtype.Array[string]]
		require.Error(t, c.QueryRow(t.Context(), "SELECT $1::text[]", 7).Scan(&table), "still refused")
		c.Release()
	}
	require.NoError(t, s.Close())
}
