package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// client is who asks the server, from any address: as a proxy that it trusts.
type client struct {
	ready
	http *http.Client
	sink *sink
	// names counts what was called by a name of its own.
	names atomic.Int64
}

// asked is one request.
type asked struct {
	key, from, method, path, token, origin string
	body                                   any
}

// ask sends a request and returns the status of its answer.
func (c *client) ask(ctx context.Context, q asked, answer any) (int, error) {
	var body io.Reader
	switch b := q.body.(type) {
	case nil:
	case []byte:
		body = bytes.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, q.method, "http://"+c.Address+"/v1/"+q.key+"/"+q.path, body)
	if err != nil {
		return 0, err
	}
	if q.origin == "" {
		q.origin = "https://tienda.cl"
	}
	r.Header.Set("Origin", q.origin)
	r.Header.Set("X-Forwarded-For", q.from)
	r.Header.Set("Content-Type", "application/json")
	if q.token != "" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err == nil && answer != nil && res.StatusCode < 300 {
		err = json.Unmarshal(got, answer)
	}
	return res.StatusCode, err
}

// have has the server do something, and returns what it says.
func (c *client) have(ctx context.Context, method, what string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.Control+"/"+what, nil)
	if err != nil {
		return "", err
	}
	res, err := c.http.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s", what, got)
	}
	return string(got), err
}

// deliveries returns how many of the honest tenant's deliveries are in a state.
func (c *client) deliveries(ctx context.Context, state string) (int, error) {
	text, err := c.have(ctx, http.MethodGet, "deliveries?state="+state)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// counted is what attackers sent, and how much of that was refused.
type counted struct{ sent, refused atomic.Int64 }

// flood sends requests at a rate until ctx ends.
func (c *client) flood(ctx context.Context, rate int, n *counted, next func(i int) asked) {
	var all sync.WaitGroup
	places := make(chan struct{}, 64)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			all.Wait()
			return
		case <-tick.C:
		}
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			status, err := c.ask(ctx, next(i), nil)
			if err != nil {
				return
			}
			n.sent.Add(1)
			if status >= 400 {
				n.refused.Add(1)
			}
		})
	}
}

// everything is the i-th request of an attacker who tries everything, and has a session.
func (c *client) everything(i int, from, token string) asked {
	q := asked{key: c.Honest, from: from, method: http.MethodPost}
	switch i % 6 {
	case 0:
		q.method, q.path = http.MethodGet, "config"
	case 1:
		q.path, q.body = "sessions", map[string]any{"name": "x"}
	case 2:
		q.path, q.token, q.body = "messages", "ct_nobody", map[string]any{"key": "k", "text": "x"}
	case 3:
		q.path, q.origin, q.body = "sessions", "https://evil.example", map[string]any{"name": "x"}
	case 4:
		q.path, q.token, q.body = "messages", token, map[string]any{"key": fmt.Sprint("x", c.names.Add(1)), "text": "x"}
	case 5:
		q.key, q.method, q.path = "charla_pk_nobody", http.MethodGet, "config"
	}
	return q
}

// dribble uploads files to the hostile tenant, each from another address and a byte at a
// time, until ctx ends.
func (c *client) dribble(ctx context.Context, connections int, n *counted) {
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			from := fmt.Sprintf("203.0.113.%d", i%250)
			var s struct{ Token string }
			if _, err := c.ask(ctx, asked{key: c.Hostile, from: from, method: http.MethodPost, path: "sessions", body: map[string]any{"name": "x"}}, &s); err != nil {
				return
			}
			for ctx.Err() == nil {
				n.sent.Add(1)
				if status := c.drop(ctx, from, s.Token); status >= 400 {
					n.refused.Add(1)
				}
			}
		})
	}
	all.Wait()
}

// drop uploads one file, a byte at a time, and returns the status of the answer; 0: there
// was none before ctx ended.
func (c *client) drop(ctx context.Context, from, token string) int {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return 0
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_, _ = fmt.Fprintf(conn, "POST /v1/%s/files?key=k%d&name=a.txt HTTP/1.1\r\nHost: tienda.cl\r\nOrigin: https://tienda.cl\r\n"+
		"X-Forwarded-For: %s\r\nAuthorization: Bearer %s\r\nContent-Length: 100000\r\n\r\n", c.Hostile, c.names.Add(1), from, token)
	status := make(chan int, 1)
	go func() {
		head := make([]byte, 12)
		_, _ = io.ReadFull(conn, head)
		code, _ := strconv.Atoi(strings.TrimPrefix(string(head), "HTTP/1.1 "))
		status <- code
	}()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case code := <-status:
			return code
		case <-tick.C:
			_, _ = conn.Write([]byte("a"))
		}
	}
}
