package charlanats_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	charlanats "github.com/charlahq/charla/broker/nats"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A server that refuses the password for a while is no end: afterwards hints flow again.
func TestRefusedLogin(t *testing.T) {
	t.Parallel()
	s := serveUser(t, "right", subject)
	var refused atomic.Int64
	conn := connect(t, s, nats.UserInfo("desk", "right"), nats.ReconnectErrHandler(func(*nats.Conn, error) {}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrAuthorization) {
				refused.Add(1)
			}
		}))
	heard := make(chan string, 10)
	listen(t, conn, func(hint []byte) { heard <- string(hint) })
	b := broker(t, conn)
	b.Publish([]byte("before"))
	assert.Equal(t, "before", next(t, heard))
	s.kill()
	s.start(fmt.Sprintf(users, "wrong", subject))
	require.Eventually(t, func() bool { return refused.Load() >= 5 }, patience, time.Millisecond, "the control: the login is refused")
	s.kill()
	s.start(fmt.Sprintf(users, "right", subject))
	require.Eventually(t, conn.IsConnected, patience, time.Millisecond)
	listening(t, conn)
	b.Publish([]byte("after"))
	assert.Equal(t, "after", next(t, heard))
}

// A subscription that is refused is said, so that somebody hears of it.
func TestRefusedSubscription(t *testing.T) {
	t.Parallel()
	s := serveUser(t, "right", "other.subject")
	b := broker(t, connect(t, s, nats.UserInfo("desk", "right"), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := b.Listen(ctx, func([]byte) {})
	require.ErrorIs(t, err, nats.ErrPermissionViolation)
	assert.ErrorContains(t, err, subject)
}

// A connection that would give up, or be silent, is not taken.
func TestConnections(t *testing.T) {
	t.Parallel()
	s := serve(t)
	enough := []nats.Option{nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.PermissionErrOnSubscribe(true)}
	for i := range len(enough) + 1 {
		conn, err := nats.Connect(s.url(), append(append([]nats.Option{}, enough[:i]...), enough[min(i+1, len(enough)):]...)...)
		require.NoError(t, err)
		t.Cleanup(conn.Close)
		_, err = charlanats.New(conn, subject)
		if i == len(enough) {
			require.NoError(t, err, "the control: nothing is missing")
			continue
		}
		require.ErrorContains(t, err, "nats."+[]string{"MaxReconnects", "IgnoreAuthErrorAbort", "PermissionErrOnSubscribe"}[i])
		assert.True(t, strings.HasPrefix(err.Error(), "charlanats: "))
	}
}
