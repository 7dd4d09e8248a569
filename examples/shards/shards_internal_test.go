package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each account's visitors get to the database that has it, and nobody else's; a key of
// none is not found; and so it is after a start.
func TestShards(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start := func(n int) *shards {
		var stores []storage.Store
		for i := range n {
			store, err := sqlite.Open(filepath.Join(dir, fmt.Sprint(i, ".db")), nil)
			require.NoError(t, err)
			stores = append(stores, store)
		}
		s, err := open(stores, nil, &widget.Options{BaseURL: "https://tienda.cl/chat/"})
		require.NoError(t, err)
		return s
	}
	create := func(s *shards) charla.AccountInfo {
		cfg := chatcfg.Default(chatcfg.Spanish)
		a, _, err := s.newest().CreateAccount(t.Context(), "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
		require.NoError(t, err)
		info, err := a.Info(t.Context())
		require.NoError(t, err)
		return info
	}
	ask := func(s *shards, method, path string, token charla.Token, body string) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), method, "/chat/"+path, strings.NewReader(body))
		r.Header.Set("Origin", "https://tienda.cl")
		r.Header.Set("Content-Type", "application/json")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+string(token))
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		answer, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		return w.Code, string(answer)
	}

	s := start(1)
	first := create(s)
	require.NoError(t, s.close())
	s = start(2)
	second := create(s)

	for i, a := range []charla.AccountInfo{first, second} {
		account, err := s.account(t.Context(), a.ID)
		require.NoError(t, err)
		_, err = s.all[i].desk.Account(a.ID).Info(t.Context())
		require.NoError(t, err)
		_, err = s.all[1-i].desk.Account(a.ID).Info(t.Context())
		require.ErrorIs(t, err, charla.ErrNotFound)

		_, token, err := account.Enter(t.Context(), charla.Entry{Name: "Juan", Email: "juan@example.com"})
		require.NoError(t, err)
		code, said := ask(s, http.MethodPost, "v1/"+a.Key+"/messages", token, `{"key": "k", "text": "hola"}`)
		require.Equal(t, http.StatusCreated, code, said)
		page, err := account.Inbox().Tickets(t.Context(), charla.TicketQuery{Text: "hola"})
		require.NoError(t, err)
		assert.Len(t, page.Items, 1)

		other := []charla.AccountInfo{second, first}[i]
		code, _ = ask(s, http.MethodGet, "v1/"+other.Key+"/session", token, "")
		assert.Equal(t, http.StatusUnauthorized, code)
		code, _ = ask(s, http.MethodGet, "page/"+a.Key, "", "")
		assert.Equal(t, http.StatusOK, code)
	}
	for _, path := range []string{"v1/ck_none/config", "page/ck_none", "contact/ck_none", "v1/"} {
		code, _ := ask(s, http.MethodGet, path, "", "")
		assert.Equal(t, http.StatusNotFound, code, path)
	}
	code, _ := ask(s, http.MethodGet, "loader.js", "", "")
	assert.Equal(t, http.StatusOK, code)
	_, err := s.account(t.Context(), chatcfg.AccountID{})
	require.ErrorIs(t, err, charla.ErrNotFound)

	// A database that cannot be asked is not one without the account.
	require.NoError(t, s.all[1].store.Close())
	s.byKey.Clear()
	code, _ = ask(s, http.MethodGet, "v1/"+second.Key+"/config", "", "")
	assert.Equal(t, http.StatusServiceUnavailable, code)
	code, _ = ask(s, http.MethodGet, "v1/"+first.Key+"/config", "", "")
	assert.Equal(t, http.StatusOK, code)
	require.NoError(t, s.all[0].store.Close())
}

// The program says where an account is, serves it, and ends when it is told to.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	said, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, listener, []string{filepath.Join(dir, "one.db"), filepath.Join(dir, "two.db")}, out)
	}()
	line, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	_, url, _ := strings.Cut(strings.TrimSpace(line), "two.db: ")
	res, err := http.Get(url)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusOK, res.StatusCode)
	stop()
	require.NoError(t, <-ended)

	listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	for _, args := range [][]string{nil, {"-h"}} {
		require.ErrorContains(t, run(t.Context(), listener, args, io.Discard), "usage")
	}
}
