package widget_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nginxConfig is a proxy as the deployment guide describes it, in one directory.
const nginxConfig = `daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {}
http {
	access_log off;
	client_max_body_size 64m;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	server {
		listen unix:nginx.sock;
		location / {
			proxy_http_version 1.1;
			proxy_request_buffering %s;
			proxy_pass http://%s;
		}
	}
}
`

// nginx starts a proxy before a server, and returns a client that goes through it.
func nginx(t *testing.T, server *httptest.Server, buffering string) *http.Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "nginx") // a socket's path is short
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, nginxConfig, buffering, server.Listener.Addr()), 0o600))
	proxy := exec.CommandContext(t.Context(), "/usr/sbin/nginx", "-p", dir, "-c", file, "-e", "error.log")
	var said bytes.Buffer
	proxy.Dir, proxy.Stderr = dir, &said
	require.NoError(t, proxy.Start())
	t.Cleanup(func() { _ = proxy.Process.Kill(); _ = proxy.Wait() })
	dial := func() (net.Conn, error) { return net.Dial("unix", filepath.Join(dir, "nginx.sock")) }
	require.Eventually(t, func() bool {
		conn, err := dial()
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, time.Minute, 10*time.Millisecond, "nginx: %s", &said)
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return dial() }}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestRefusedBehindProxy: a proxy that sends a whole body passes the refusal on, instead of
// a 502 of its own.
func TestRefusedBehindProxy(t *testing.T) {
	t.Parallel()
	for _, buffering := range []string{"on", "off"} {
		t.Run("buffering "+buffering, func(t *testing.T) {
			t.Parallel()
			s, v, deleted := slowSite(t, func(o *widget.Options) {
				o.Limits.BodyTime, o.Streams.Session = time.Minute, 1
				o.Limits.Message = widget.Rate{PerSecond: 1e-6, Burst: 1}
			})
			client := nginx(t, s.server, buffering)
			body := make([]byte, 6<<20) // more than one file
			ok := request{method: "POST", path: "files?key=k&name=a.txt", token: v.token, body: "hola"}
			for _, tt := range []struct {
				request
				status int
				code   string
			}{
				{ok, 201, ""},
				{request{method: "POST", path: "files?key=l&name=a.txt", token: v.token}, 429, "rate"},
				{request{method: "POST", path: "files?key=l&name=a.txt", token: s.enter("juan").token}, 413, "too_large"},
				{request{method: "POST", path: "messages", token: s.enter("rosa").token}, 413, "too_large"},
				{request{method: "POST", path: "files"}, 401, "session"},
				{request{method: "POST", path: "sessions", origin: "https://evil.example"}, 403, "origin"},
				{request{method: "POST", path: "sessions", key: "pk_nobody"}, 403, "origin"},
				{request{method: "POST", path: "sessions", key: deleted}, 403, "origin"},
				{request{method: "POST", path: "sessions", header: http.Header{"Content-Type": {"text/plain"}}}, 415, "media_type"},
				{request{method: "POST", path: "nothing"}, 404, "not_found"},
				{request{method: "POST", path: "config"}, 405, "method"},
				{request{method: "PUT", path: "messages", token: v.token}, 405, "method"},
				{request{method: "POST", path: "/loader.js"}, 405, "method"},
				{request{method: "POST", path: "/nothing"}, 404, "not_found"},
			} {
				if tt.body == nil {
					tt.body = body
				}
				res, err := client.Do(s.new(tt.request))
				require.NoError(t, err, tt.path)
				raw, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				got := answer{res.StatusCode, res.Header, raw}
				assert.Equal(t, tt.status, got.status, "%s %s: %s", tt.method, tt.path, raw)
				assert.Equal(t, tt.code, got.code(), "%s %s", tt.method, tt.path)
			}
		})
	}
}
