package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// output is what a running program has printed so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// start runs the program and waits for what it prints.
func start(t *testing.T, file string) (out *output, shop string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out = &output{}
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"-addr", "127.0.0.1:0", "-db", file, "-demo=false"}, out) }()
	address := regexp.MustCompile(`Shop +(\S+)`)
	require.Eventually(t, func() bool { return address.MatchString(out.String()) }, time.Minute, 10*time.Millisecond)
	return out, address.FindStringSubmatch(out.String())[1], func() {
		cancel()
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(time.Minute):
			require.Fail(t, "it does not stop")
		}
	}
}

// TestRun: the program says where it is, serves, and ends when it is told to;
// the password is shown the first time only.
func TestRun(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "desk.db")
	out, shop, stop := start(t, file)
	assert.Regexp(t, `Password  [a-z2-7]{5}(-[a-z2-7]{5}){4}\n`, out.String())
	for _, path := range []string{"", "login", "chat/loader.js"} {
		answer, err := http.Get(shop + path)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, http.StatusOK, answer.StatusCode, path)
	}
	stop()
	info, err := os.Stat(file + ".people")
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	again, _, stop := start(t, file)
	defer stop()
	assert.NotContains(t, again.String(), "Password")
}

// TestRefuses: what it cannot do it says.
func TestRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "desk.db")
	for _, args := range [][]string{{"extra"}, {"-addr", "nowhere:x"}, {"-nothing"}, {"-base", "localhost"}, {"-base", "https://a.example/path"}, {"-proxies", "10.0.0.1"}, {"-proxies", "10.0.0.0/8, x"}} {
		err := run(t.Context(), append([]string{"-addr", "127.0.0.1:0", "-db", file}, args...), io.Discard)
		require.Error(t, err, strings.Join(args, " "))
	}
}
