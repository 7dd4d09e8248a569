package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/stretchr/testify/require"
)

const sentence = "hola quisiera saber si tienen despacho a valparaiso y cuanto demora el pedido que hice ayer por la tarde"

// BenchmarkCommit is a customer's message with all that it brings.
func BenchmarkCommit(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := setup(b, nil)
			chats := warm(s, 2000)
			b.ReportAllocs()
			b.ResetTimer()
			spread(b, callers, func(caller, i int) error {
				// Each caller has conversations of its own.
				c := chats[caller+i%(len(chats)/callers)*callers]
				return s.Conversations().Commit(s.ctx, c.next(sentence))
			})
		})
	}
}

// BenchmarkBare is what BenchmarkCommit has to be held against: the same
// statements with the same values, one after the other on one connection of the
// bare driver, as many commits a transaction.
func BenchmarkBare(b *testing.B) {
	for _, group := range []int{1, 64} {
		b.Run(fmt.Sprintf("group=%d", group), func(b *testing.B) {
			// Two databases alike: one to record on, one to replay on.
			var s [2]*bundle
			var chats [2][]*chat
			g := &gate{}
			for i := range s {
				s[i] = &bundle{TB: b, ctx: context.Background(), path: filepath.Join(b.TempDir(), "chat.db")}
				gate := &gate{path: s[i].path}
				if i == 0 {
					g = gate
				}
				s[i].Store = gate.open(b)
				s[i].account = s[i].newAccount("Tienda")
				chats[i] = warm(s[i], 2000)
			}
			require.NoError(b, s[1].Store.Close())
			type step struct {
				query string
				args  []any
			}
			var commits [][]step
			var commit []step
			g.record = func(query string, args []driver.NamedValue) {
				switch query {
				case "BEGIN IMMEDIATE":
					commit = nil
				case "COMMIT":
					commits = append(commits, commit)
				default:
					one := step{query: query}
					for _, a := range args {
						one.args = append(one.args, a.Value)
					}
					commit = append(commit, one)
				}
			}
			for i := range b.N {
				chats[0][i%2000].says(sentence)
			}
			require.Len(b, commits, b.N)

			db, err := sql.Open("sqlite", s[1].path)
			require.NoError(b, err)
			defer db.Close()
			c, err := db.Conn(s[1].ctx)
			require.NoError(b, err)
			defer c.Close()
			for _, pragma := range []string{"synchronous=FULL", "foreign_keys=1", "wal_autocheckpoint=16384", "cache_size=-16384"} {
				_, err := c.ExecContext(s[1].ctx, "PRAGMA "+pragma)
				require.NoError(b, err)
			}
			stmts := map[string]*sql.Stmt{}
			run := func(query string, args ...any) error {
				st := stmts[query]
				if st == nil {
					var err error
					if st, err = c.PrepareContext(s[1].ctx, query); err != nil {
						return err
					}
					stmts[query] = st
				}
				if !strings.HasPrefix(query, "SELECT") {
					_, err := st.ExecContext(s[1].ctx, args...)
					return err
				}
				rows, err := st.QueryContext(s[1].ctx, args...)
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
				}
				return rows.Err()
			}
			b.ResetTimer()
			for len(commits) > 0 {
				require.NoError(b, run("BEGIN IMMEDIATE"))
				for _, commit := range commits[:min(group, len(commits))] {
					for _, one := range commit {
						require.NoError(b, run(one.query, one.args...))
					}
				}
				require.NoError(b, run("COMMIT"))
				commits = commits[min(group, len(commits)):]
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
		})
	}
}

// BenchmarkLoad is a load for a decision.
func BenchmarkLoad(b *testing.B) {
	for _, callers := range []int{1, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := setup(b, nil)
			chats := warm(s, 2000)
			b.ReportAllocs()
			b.ResetTimer()
			spread(b, callers, func(caller, i int) error {
				c := chats[(caller*7+i)%len(chats)]
				_, err := s.Conversations().Load(s.ctx, storage.LoadQuery{Account: s.account.ID, Conversation: c.conv.ID, Scope: "s", Key: "k"})
				return err
			})
		})
	}
}

// BenchmarkMessages reads the last 50 messages of a conversation.
func BenchmarkMessages(b *testing.B) {
	s := setup(b, nil)
	chats := warm(s, 200)
	for range 50 {
		for _, c := range chats {
			c.says(sentence)
		}
	}
	b.ResetTimer()
	spread(b, 4, func(caller, i int) error {
		c := chats[(caller*7+i)%len(chats)]
		list, err := s.Queries().Messages(s.ctx, storage.MessageQuery{Account: s.account.ID, Conversation: c.conv.ID, Last: true, Limit: 50})
		require.Len(b, list, 50)
		return err
	})
}

// warm makes conversations with one message each.
func warm(s *bundle, n int) []*chat {
	chats := make([]*chat, n)
	var wg sync.WaitGroup
	for i := range chats {
		chats[i] = s.chat(s.account)
	}
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < n; i += 64 {
				chats[i].says(sentence)
			}
		})
	}
	wg.Wait()
	return chats
}

// spread does b.N things by some callers and says how many a second that is.
func spread(b *testing.B, callers int, do func(caller, i int) error) {
	var wg sync.WaitGroup
	var done, failed atomic.Int64
	for caller := range callers {
		wg.Go(func() {
			for i := 0; done.Add(1) <= int64(b.N); i++ {
				if err := do(caller, i); err != nil {
					failed.Add(1)
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
}
