package widget_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A guided is a proxy as docs/deployment.md sets it up: what stands around the guide's
// lines, with LISTEN, DIR and GUIDE to fill in, and how it is started.
type guided struct {
	around  string
	command []string
}

var guides = map[string]guided{
	"nginx": {`daemon off;
master_process off;
pid DIR/nginx.pid;
error_log DIR/error.log;
events {}
http {
	access_log off;
	client_body_temp_path DIR/body;
	proxy_temp_path DIR/proxy;
	fastcgi_temp_path DIR/fastcgi;
	uwsgi_temp_path DIR/uwsgi;
	scgi_temp_path DIR/scgi;
	server {
		listen LISTEN;
GUIDE
	}
}
`, []string{"/usr/sbin/nginx", "-e", "DIR/error.log", "-c", "CONFIG"}},
	"haproxy": {`defaults
	mode http
	timeout connect 5s
	timeout client 75s
frontend web
	bind LISTEN
	use_backend chat if { path_beg /chat/ }
GUIDE
`, []string{"/usr/sbin/haproxy", "-db", "-f", "CONFIG"}},
	"apache": {`ServerRoot DIR
PidFile DIR/apache.pid
ErrorLog DIR/error.log
Mutex file:DIR
ServerName localhost
Listen LISTEN
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
User nobody
Group nogroup
GUIDE
`, []string{"/usr/sbin/apache2", "-X", "-f", "CONFIG"}},
	"caddy": {`{
	admin off
	auto_https off
}
http://LISTEN {
GUIDE
}
`, []string{"/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", "CONFIG"}},
}

// relay is a proxy before a server.
type relay struct {
	t       *testing.T
	address string
	command []string
	said    safeBuffer
	process *exec.Cmd
}

// startGuided starts a proxy by the guide's lines, which lead to the server.
func startGuided(t *testing.T, name string, server net.Addr) *relay {
	t.Helper()
	guide, err := os.ReadFile("../docs/deployment.md")
	require.NoError(t, err)
	lines := regexp.MustCompile("(?s)```" + name + "\n(.*?)```").FindSubmatch(guide)
	require.NotNil(t, lines, "the guide has no lines for %s", name)
	require.Contains(t, string(lines[1]), "127.0.0.1:8080")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{t: t, address: free.Addr().String()}
	require.NoError(t, free.Close())
	dir := t.TempDir()
	fill := strings.NewReplacer("LISTEN", r.address, "DIR", dir, "CONFIG", filepath.Join(dir, "config"),
		"GUIDE", strings.ReplaceAll(string(lines[1]), "127.0.0.1:8080", server.String()))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config"), []byte(fill.Replace(guides[name].around)), 0o600))
	for _, word := range guides[name].command {
		r.command = append(r.command, fill.Replace(word))
	}
	r.start()
	t.Cleanup(r.kill)
	return r
}

func (r *relay) start() {
	r.t.Helper()
	r.process = exec.Command(r.command[0], r.command[1:]...)
	r.process.Stdout, r.process.Stderr = &r.said, &r.said
	r.process.Env = append(os.Environ(), "HOME="+r.t.TempDir())
	r.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(r.t, r.process.Start())
	require.Eventually(r.t, func() bool {
		conn, err := net.Dial("tcp", r.address)
		return err == nil && conn.Close() == nil
	}, time.Minute, 10*time.Millisecond, "%s: %s", r.command[0], &r.said)
}

func (r *relay) kill() {
	_ = r.process.Process.Kill()
	_ = r.process.Wait()
}

// client returns a client at an address of its own that goes through the proxy.
func (r *relay) client(from string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", r.address)
	}}
	r.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// behind is a site behind a proxy by the guide.
func behind(t *testing.T, name string, limits func(*widget.Limits)) (*site, *relay) {
	t.Helper()
	files, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = files.Close() })
	s := setupDesk(t, &charla.Options{
		Files: &charla.FileOptions{Store: files}, Runner: charla.RunnerOptions{Poll: 20 * time.Millisecond},
	}, nil, func(o *widget.Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		if limits != nil {
			limits(&o.Limits)
		}
	})
	return s, startGuided(t, name, s.server.Listener.Addr())
}

// TestGuides: R8.3, R8.4: behind each proxy of the guide the largest file gets through and
// one that is larger gets our refusal, a stream's events come at once, and each visitor
// has limits of their own, whatever addresses they claim.
func TestGuides(t *testing.T) {
	t.Parallel()
	for name := range guides {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, proxy := behind(t, name, func(l *widget.Limits) { l.Entry = widget.Rate{PerSecond: 1e-6, Burst: 2} })
			do := func(from string, q request) answer {
				res, err := proxy.client(from).Do(s.new(q))
				require.NoError(t, err, "%s", &proxy.said)
				defer res.Body.Close()
				var body bytes.Buffer
				_, err = body.ReadFrom(res.Body)
				require.NoError(t, err)
				return answer{res.StatusCode, res.Header, body.Bytes()}
			}
			v := s.enter("carla")
			file := bytes.Repeat([]byte("a"), 5<<20)
			got := do("127.0.0.2", request{method: "POST", path: "files?key=a&name=a.txt", token: v.token, body: file})
			assert.Equal(t, http.StatusCreated, got.status, "%s", got.body)
			got = do("127.0.0.2", request{method: "POST", path: "files?key=b&name=a.txt", token: v.token, body: append(file, 'a')})
			assert.Equal(t, "too_large", got.code(), "%d %s", got.status, got.body)
			assert.Equal(t, s.origin, got.header.Get("Access-Control-Allow-Origin"))

			e := s.stream(request{path: "stream?after=1", token: v.token}, proxy.client("127.0.0.2"))
			for i := range 3 { // each comes before the next is there
				sent := do("127.0.0.3", request{method: "POST", path: "messages", token: v.token, body: map[string]string{"key": fmt.Sprint(i), "text": "hola"}})
				require.Equal(t, http.StatusCreated, sent.status)
				for {
					one, err := e.next()
					require.NoError(t, err)
					if one.name == "message" {
						assert.Equal(t, fmt.Sprint(2+i), one.id)
						break
					}
				}
			}

			enter := func(from, claims string) int {
				return do(from, request{method: "POST", path: "sessions", body: `{"name":"x"}`, header: http.Header{"X-Forwarded-For": {claims}}}).status
			}
			assert.Equal(t, http.StatusCreated, enter("127.0.0.2", "198.51.100.1"))
			assert.Equal(t, http.StatusCreated, enter("127.0.0.2", "198.51.100.2, 127.0.0.9"))
			assert.Equal(t, http.StatusTooManyRequests, enter("127.0.0.2", "198.51.100.3"), "two for one address")
			assert.Equal(t, http.StatusCreated, enter("127.0.0.3", "127.0.0.2"), "another's")
		})
	}
}

// TestGuidedProxyKilled: R8.1, R8.3: a proxy of the guide that is killed under load and comes
// back loses no message and doubles none, and a stream goes on where it was.
func TestGuidedProxyKilled(t *testing.T) {
	t.Parallel()
	for name := range guides {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, proxy := behind(t, name, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			const messages = 30
			var group sync.WaitGroup
			written := make(chan struct{}, 4*messages)
			for i := range 2 {
				v := s.enter(fmt.Sprint("visitor", i))
				client := proxy.client(fmt.Sprintf("127.0.0.%d", 2+i))
				do := func(q request) *http.Response { // until the server answers
					for ctx.Err() == nil {
						res, err := client.Do(s.new(q).WithContext(ctx))
						if err == nil && res.StatusCode < 300 {
							return res
						}
						if err == nil {
							_ = res.Body.Close()
						}
					}
					return nil
				}
				group.Go(func() {
					for n := range messages {
						text := fmt.Sprint("mensaje ", n)
						if res := do(request{method: "POST", path: "messages", token: v.token, body: map[string]string{"key": text, "text": text}}); res != nil {
							_ = res.Body.Close()
						}
						written <- struct{}{}
					}
				})
				group.Go(func() {
					var seen []string
					last := "0"
					for ctx.Err() == nil && len(seen) < messages {
						res := do(request{path: "stream?after=" + last, token: v.token})
						if res == nil {
							break
						}
						e := &events{t, res, bufio.NewReader(res.Body)}
						for len(seen) < messages {
							one, err := e.next()
							if err != nil {
								break // cut: on from the last
							}
							if one.name == "message" {
								last = one.id
								seen = append(seen, one.id)
							}
						}
						_ = res.Body.Close()
					}
					for n := range seen {
						assert.Equal(t, fmt.Sprint(n+1), seen[n])
					}
					assert.Len(t, seen, messages)
					all, err := v.Messages(t.Context(), charla.MessageQuery{PageQuery: charla.PageQuery{Limit: 200}})
					assert.NoError(t, err)
					if assert.Len(t, all.Items, messages, "0 lost, 0 twice") {
						for n, m := range all.Items {
							assert.Equal(t, fmt.Sprint("mensaje ", n), m.Text)
						}
					}
				})
			}
			for range 2 {
				for range 2 * messages / 3 {
					<-written
				}
				proxy.kill()
				proxy.start()
			}
			group.Wait()
			require.NoError(t, ctx.Err(), "%s", &proxy.said)
		})
	}
}
