package sqlite_test

import (
	"fmt"
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
