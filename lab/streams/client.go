package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// client is the visitors' side.
type client struct {
	ready
	http *http.Client
}

func (c *client) call(ctx context.Context, method, to, token string, body, answer any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if !strings.Contains(to, "://") {
		to = "http://" + c.Address + "/v1/" + c.Key + "/" + to
	}
	r, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	r.Header.Set("Origin", "https://tienda.cl")
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, to, res.Status, got)
	}
	switch to := answer.(type) {
	case nil:
		return nil
	case *string:
		*to = string(got)
		return nil
	}
	return json.Unmarshal(got, answer)
}

// visitor has a session with one message in it.
type visitor struct{ token, conversation string }

func (c *client) enter(ctx context.Context, who map[string]any) (visitor, error) {
	var s struct{ Token string }
	if err := c.call(ctx, http.MethodPost, "sessions", "", who, &s); err != nil {
		return visitor{}, err
	}
	err := c.call(ctx, http.MethodPost, "messages", s.Token, map[string]any{"key": "k" + s.Token[:36], "text": "hola"}, nil)
	v := visitor{token: s.Token}
	if err == nil {
		err = c.call(ctx, http.MethodGet, "http://"+c.Control+"/conversation?token="+url.QueryEscape(s.Token), "", nil, &v.conversation)
	}
	return v, err
}

func (c *client) reply(ctx context.Context, conversation, text string) error {
	return c.call(ctx, http.MethodPost, "http://"+c.Control+"/reply", "", map[string]string{"Conversation": conversation, "Text": text}, nil)
}

func (c *client) memory(ctx context.Context) (int64, error) {
	var text string
	if err := c.call(ctx, http.MethodGet, "http://"+c.Control+"/memory", "", nil, &text); err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// stream is an open stream on a connection of its own.
type stream struct {
	conn net.Conn
	r    *bufio.Reader
}

var errCut = errors.New("the server cut the stream")

// open opens a stream after a sequence number; buffer bounds the kernel's buffer for
// it.
func (c *client) open(ctx context.Context, token string, after int64, buffer int) (*stream, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok && buffer > 0 {
		_ = tcp.SetReadBuffer(buffer)
	}
	_, err = fmt.Fprintf(conn, "GET /v1/%s/stream?after=%d HTTP/1.1\r\nHost: tienda.cl\r\nOrigin: https://tienda.cl\r\n"+
		"Authorization: Bearer %s\r\nAccept: text/event-stream\r\n\r\n", c.Key, after, token)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	s := &stream{conn, bufio.NewReaderSize(conn, 512)}
	status, err := s.r.ReadString('\n')
	if err != nil || !strings.Contains(status, " 200 ") {
		_ = conn.Close()
		return nil, fmt.Errorf("stream: %q: %w", status, errors.Join(err, errCut))
	}
	return s, nil
}

// event reads the next event; beats and what frames it are skipped.
func (s *stream) event(within time.Duration) (kind, data string, err error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return "", "", err
	}
	for {
		line, err := s.r.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		switch line = strings.TrimRight(line, "\r\n"); {
		case strings.HasPrefix(line, "event: "):
			kind = line[7:]
		case strings.HasPrefix(line, "data: "):
			data = line[6:]
		case line == "" && kind != "":
			return kind, data, nil
		}
	}
}

// until reads events up to one of a kind.
func (s *stream) until(kind string, within time.Duration) error {
	for {
		got, data, err := s.event(within)
		if err != nil {
			return err
		}
		if got == kind {
			return nil
		}
		if got == "end" {
			return fmt.Errorf("%w: %s", errCut, data)
		}
	}
}
