package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla"
)

func main() {
	o := options{}
	flag.IntVar(&o.idle, "idle", 1000, "idle streams")
	flag.IntVar(&o.stuck, "stuck", 100, "streams whose readers do not read")
	flag.IntVar(&o.slow, "slow", 50, "senders who send a byte now and then")
	flag.IntVar(&o.messages, "messages", 200, "messages of 4,000 characters to each reader who does not read")
	flag.IntVar(&o.published, "published", 300, "messages to idle readers, whose way is timed")
	flag.BoolVar(&o.hijack, "hijack", false, "take the connections over from net/http")
	dir := flag.String("serve", "", "be the server, in this folder")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *dir != "" {
		err = serve(ctx, *dir, o.hijack)
	} else {
		err = run(ctx, o)
	}
	if err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

type options struct {
	idle, stuck, slow, messages, published int
	hijack                                 bool
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "streams")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.CommandContext(ctx, self, "-serve", dir, fmt.Sprintf("-hijack=%v", o.hijack)) //nolint:gosec // itself
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	defer func() { stop(); _ = child.Wait() }()
	c := &client{http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, &c.ready); err != nil {
		return err
	}
	return c.proof(ctx, o)
}

func (c *client) proof(ctx context.Context, o options) error {
	visitors, err := parallel(o.idle, func(int) (visitor, error) { return c.enter(ctx, map[string]any{"anonymous": true}) })
	if err != nil {
		return err
	}
	before, err := c.memory(ctx)
	if err != nil {
		return err
	}
	streams, err := parallel(o.idle, func(i int) (*stream, error) {
		s, err := c.open(ctx, visitors[i].token, 1, 0)
		if err == nil {
			err = s.until("ready", time.Minute)
		}
		return s, err
	})
	if err != nil {
		return err
	}
	after, err := c.memory(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("idle streams            %d, %.1f KB of resident memory each\n", o.idle, float64(after-before)/float64(o.idle)/1024)
	if err := c.publish(ctx, o, "alone", visitors, streams); err != nil {
		return err
	}
	stuck, err := c.stick(ctx, o)
	if err != nil {
		return err
	}
	if err := c.publish(ctx, o, "while others do not read", visitors, streams); err != nil {
		return err
	}
	if err := c.until(ctx, o.idle); err != nil {
		return err
	}
	return errors.Join(c.resume(ctx, o, stuck), c.slowly(ctx, o))
}

// until waits until the server has no more than so many streams.
func (c *client) until(ctx context.Context, streams int) error {
	for range 600 {
		var text string
		if err := c.call(ctx, http.MethodGet, "http://"+c.Control+"/open", "", nil, &text); err != nil {
			return err
		}
		if open, err := strconv.Atoi(text); err != nil || open <= streams {
			return err
		}
		<-time.NewTimer(100 * time.Millisecond).C
	}
	return errors.New("readers who do not read are not cut")
}

// publish times messages on their way to idle readers, and reads what each is sent.
func (c *client) publish(ctx context.Context, o options, when string, visitors []visitor, streams []*stream) error {
	times := make([]time.Duration, 0, o.published)
	for i := range o.published {
		n := rand.IntN(len(streams))
		begun := time.Now()
		if err := c.reply(ctx, visitors[n].conversation, fmt.Sprint("aviso ", when, i)); err != nil {
			return err
		}
		if err := streams[n].until("message", time.Minute); err != nil {
			return err
		}
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	fmt.Printf("agent to reader         p50 %s, p99 %s, %s\n", times[len(times)/2].Round(10*time.Microsecond),
		times[len(times)*99/100].Round(10*time.Microsecond), when)
	return nil
}

// reader does not read.
type reader struct {
	visitor
	stream *stream
}

// stick opens streams of one customer's sessions, does not read them, and has an agent
// write more than they can buffer.
func (c *client) stick(ctx context.Context, o options) ([]reader, error) {
	secret, err := charla.ParseSecret(c.Secret)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	token, err := charla.SignIdentity(secret, c.Account, charla.Proof{Subject: "u1", Name: "Lucía"}, now, time.Hour)
	if err != nil {
		return nil, err
	}
	first, err := c.enter(ctx, map[string]any{"identity": token})
	if err != nil {
		return nil, err
	}
	readers, err := parallel(o.stuck, func(int) (reader, error) {
		var s struct{ Token string }
		err := c.call(ctx, http.MethodPost, "sessions", "", map[string]any{"identity": token}, &s)
		r := reader{visitor: visitor{s.Token, first.conversation}}
		if err == nil {
			r.stream, err = c.open(ctx, s.Token, 0, 4<<10)
		}
		if err == nil {
			err = r.stream.until("ready", time.Minute)
		}
		return r, err
	})
	if err != nil {
		return nil, err
	}
	text := make([]byte, 4000)
	for i := range text {
		text[i] = 'a' + byte(i%26)
	}
	for range o.messages {
		if err := c.reply(ctx, first.conversation, string(text)); err != nil {
			return nil, err
		}
	}
	return readers, nil
}

// resume reads what the server sent before it cut the readers, goes on from there,
// and counts what is missing or doubled.
func (c *client) resume(ctx context.Context, o options, readers []reader) error {
	var cut, lost atomic.Int64
	_, err := parallel(len(readers), func(i int) (struct{}, error) {
		r := readers[i]
		seen := int64(1)
		for tries := 0; seen < int64(o.messages)+1; tries++ {
			if tries > 50 {
				return struct{}{}, fmt.Errorf("a reader is cut again and again at %d", seen)
			}
			if err := r.read(&seen, int64(o.messages)+1, &lost); err == nil {
				break
			}
			cut.Add(1)
			_ = r.stream.conn.Close()
			next, err := c.open(ctx, r.token, seen, 0)
			if err != nil {
				return struct{}{}, err
			}
			r.stream = next
		}
		_ = r.stream.conn.Close()
		return struct{}{}, nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("readers who do not read %d, cut %d times, messages lost or doubled %d of %d\n",
		len(readers), cut.Load(), lost.Load(), len(readers)*o.messages)
	if lost.Load() > 0 || cut.Load() < int64(len(readers)) {
		return errors.New("every one of them is cut, and nothing is lost")
	}
	return nil
}

// read reads messages up to the last one, and counts those that are missing or come
// twice.
func (r *reader) read(seen *int64, last int64, lost *atomic.Int64) error {
	for *seen < last {
		kind, data, err := r.stream.event(2 * time.Minute)
		if err != nil {
			return err
		}
		if kind == "end" {
			return errCut
		}
		if kind != "message" {
			continue
		}
		var m struct{ Seq int64 }
		if err := json.Unmarshal([]byte(data), &m); err != nil {
			return err
		}
		if m.Seq == 1 && *seen == 1 {
			continue // the first message, before it stopped reading
		}
		if m.Seq != *seen+1 {
			lost.Add(1)
		}
		*seen = m.Seq
	}
	return nil
}

// slowly sends headers a byte at a time.
func (c *client) slowly(ctx context.Context, o options) error {
	var refused atomic.Int64
	_, err := parallel(o.slow, func(int) (struct{}, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.Address)
		if err != nil {
			return struct{}{}, err
		}
		defer conn.Close()
		var ended sync.WaitGroup
		ended.Go(func() {
			// Until the server hangs up, whatever it says before.
			if _, err := io.Copy(io.Discard, conn); !errors.Is(err, os.ErrDeadlineExceeded) {
				refused.Add(1)
			}
		})
		_ = conn.SetReadDeadline(time.Now().Add(10 * headerTimeout))
		tick := time.NewTicker(headerTimeout / 10)
		defer tick.Stop()
		for i := range 30 {
			<-tick.C
			if _, err := conn.Write([]byte{"GET / HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaa"[i]}); err != nil {
				break
			}
		}
		ended.Wait()
		return struct{}{}, nil
	})
	fmt.Printf("slow senders            %d, refused %d\n", o.slow, refused.Load())
	if err == nil && refused.Load() != int64(o.slow) {
		err = errors.New("every one of them is refused")
	}
	return err
}

// parallel does n things, 32 at a time, and returns their results and the errors,
// joined.
func parallel[T any](n int, do func(int) (T, error)) ([]T, error) {
	all, failed := make([]T, n), make([]error, n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(n, 32) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if all[i], failed[i] = do(i); failed[i] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	return all, errors.Join(failed...)
}
