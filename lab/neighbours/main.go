package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

type options struct {
	phase, window                        time.Duration
	rate, forms, logins, tickets, upload int
}

func main() {
	o := options{}
	flag.DurationVar(&o.phase, "phase", 20*time.Second, "how long each phase lasts")
	flag.DurationVar(&o.window, "window", 20*time.Second, "the window of the mailer's limit")
	flag.IntVar(&o.rate, "rate", 500, "requests a second of a hostile network")
	flag.IntVar(&o.forms, "forms", 10_000, "contact forms of the hostile tenant")
	flag.IntVar(&o.logins, "logins", 5_000, "logins of the hostile tenant")
	flag.IntVar(&o.tickets, "tickets", 1_000, "tickets of the hostile tenant, whose webhook never answers")
	flag.IntVar(&o.upload, "uploads", 200, "uploads of the hostile tenant at a time, each of a byte now and then")
	server := flag.String("serve", "", "be the server, by these options")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *server != "" {
		var t told
		if err = json.Unmarshal([]byte(*server), &t); err == nil {
			err = serve(ctx, t)
		}
	} else {
		err = run(ctx, o)
	}
	if err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "neighbours")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c := &client{http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}, sink: &sink{came: map[string]time.Time{}}}
	t := told{Dir: dir, Window: o.window}
	if t.SMTP, err = c.sink.listen(); err != nil {
		return err
	}
	if t.Quick, t.Tarpit, err = receivers(); err != nil {
		return err
	}
	words, err := json.Marshal(t)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	child := exec.CommandContext(ctx, self, "-serve", string(words)) //nolint:gosec // itself
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	defer func() { stop(); _ = child.Wait() }()
	if err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, &c.ready); err != nil {
		return err
	}
	return c.proof(ctx, o)
}

// phase is an attack, or none, that lasts until its context ends.
type phase struct {
	name   string
	attack func(ctx context.Context, n *counted) error
}

// phases returns the attacks, and the calm between them.
func (c *client) phases(o options) []phase {
	network := func(address func(i int) string) func(context.Context, *counted) error {
		return func(ctx context.Context, n *counted) error {
			var s struct{ Token string }
			q := asked{key: c.Honest, from: address(0), method: http.MethodPost, path: "sessions", body: map[string]any{"name": "x"}}
			_, err := c.ask(ctx, q, &s)
			c.flood(ctx, o.rate, n, func(i int) asked { return c.everything(i, address(i), s.Token) })
			return err
		}
	}
	tenant := func(what string, count int) func(context.Context, *counted) error {
		return func(ctx context.Context, n *counted) error {
			n.sent.Add(int64(count))
			_, err := c.have(ctx, http.MethodPost, fmt.Sprintf("%s?n=%d", what, count))
			return err
		}
	}
	attacks := []phase{
		{"an IPv4 address", network(func(int) string { return "192.0.2.1" })},
		{"a /64", network(func(i int) string { return fmt.Sprintf("2001:db8:1:100::%x", i+1) })},
		{"a /56", network(func(i int) string { return fmt.Sprintf("2001:db8:2:1%02x::%x", i%256, i+1) })},
		{"a webhook that never answers", tenant("tickets", o.tickets)},
		{"contact forms", tenant("forms", o.forms)},
		{"logins", tenant("logins", o.logins)},
		{"uploads of a byte", func(ctx context.Context, n *counted) error { c.dribble(ctx, o.upload, n); return nil }},
	}
	all := func(ctx context.Context, n *counted) error {
		var group sync.WaitGroup
		errs := make([]error, len(attacks))
		for i, p := range attacks {
			if p.name != "contact forms" { // they have all been sent
				group.Go(func() { errs[i] = p.attack(ctx, n) })
			}
		}
		group.Wait()
		return errors.Join(errs...)
	}
	list := []phase{{name: "calm"}}
	for _, p := range attacks {
		list = append(list, p, phase{name: "calm"})
	}
	return append(list, phase{"all at once", all}, phase{name: "calm"})
}

// visitor is one of the honest tenant's.
type visitor struct{ from, token string }

// order is a mail that has to come, and since when.
type expected struct {
	name  string
	begun time.Time
}

func (c *client) proof(ctx context.Context, o options) error {
	var visitors []visitor
	for range 30 {
		v, _, err := c.enter(ctx)
		if err != nil {
			return err
		}
		visitors = append(visitors, v)
	}
	phases := c.phases(o)
	fmt.Printf("%-30s %8s %10s %10s %10s %8s %10s %10s %10s\n", "", "requests", "p50", "p99", "longest", "refused", "mails", "attackers", "refused")
	mails := make([][]expected, len(phases))
	rows := make([]string, len(phases))
	failed, attackersRefused := 0, int64(0)
	for i, p := range phases {
		during, end := context.WithTimeout(ctx, o.phase)
		var n counted
		errs := make(chan error, 1)
		go func() {
			defer close(errs)
			if p.attack != nil {
				errs <- p.attack(during, &n)
			}
		}()
		times, bad, expects := c.visit(during, visitors)
		end()
		if err := <-errs; err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			return err
		}
		mails[i] = expects
		failed += bad
		attackersRefused += n.refused.Load()
		slices.Sort(times)
		rows[i] = fmt.Sprintf("%-30s %8d %10s %10s %10s %8d %%10s %10d %10d", p.name, len(times), times[len(times)/2].Round(10*time.Microsecond),
			times[len(times)*99/100].Round(10*time.Microsecond), times[len(times)-1].Round(10*time.Microsecond), bad, n.sent.Load(), n.refused.Load())
	}
	err := c.settle(ctx, o)
	for i, row := range rows {
		longest := time.Duration(0)
		for _, m := range mails[i] {
			at, came := c.sink.when(m.name)
			if !came {
				err = errors.Join(err, fmt.Errorf("%s: the mail of %s never came", phases[i].name, m.name))
				continue
			}
			longest = max(longest, at.Sub(m.begun))
		}
		fmt.Printf(row+"\n", longest.Round(10*time.Millisecond))
	}
	c.sink.mu.Lock()
	defer c.sink.mu.Unlock()
	fmt.Printf("mails of the tenant's that came twice: %d; requests of its visitors that failed: %d\n", c.sink.twice, failed)
	if failed > 0 || c.sink.twice > 0 || attackersRefused == 0 {
		err = errors.Join(err, fmt.Errorf("%d requests failed, %d mails came twice, %d attacks were refused", failed, c.sink.twice, attackersRefused))
	}
	return err
}

// settle waits until all deliveries of the honest tenant are done, and fails if one is dead
// or unknown.
func (c *client) settle(ctx context.Context, o options) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end := time.Now().Add(20*o.window + time.Minute); ; {
		pending, err := c.deliveries(ctx, "pending")
		if err != nil || pending == 0 {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d deliveries of the tenant's wait", pending)
		}
		<-tick.C
	}
	for _, state := range []string{"sent", "dead", "unknown"} {
		n, err := c.deliveries(ctx, state)
		if err != nil {
			return err
		}
		fmt.Printf("deliveries of the tenant's that are %s: %d\n", state, n)
		if (n > 0) != (state == "sent") {
			return fmt.Errorf("%d deliveries of the tenant's are %s", n, state)
		}
	}
	return nil
}

// enter begins a session from an address of its own and writes, which makes a ticket and a mail.
func (c *client) enter(ctx context.Context) (visitor, expected, error) {
	n := c.names.Add(1)
	v := visitor{from: fmt.Sprintf("2001:db8:%x::1", 0x1000+n%0xe000)}
	var s struct{ Token string }
	status, err := c.ask(ctx, asked{key: c.Honest, from: v.from, method: http.MethodPost, path: "sessions", body: map[string]any{"name": "Carla"}}, &s)
	if err != nil || status >= 300 {
		return v, expected{}, fmt.Errorf("a visitor cannot enter: %d: %w", status, errors.Join(err, errRefused))
	}
	v.token = s.Token
	m := expected{fmt.Sprint("pedido-", n), time.Now()}
	status, err = c.ask(ctx, asked{key: c.Honest, from: v.from, method: http.MethodPost, path: "messages", token: v.token, body: map[string]any{"key": m.name, "text": m.name}}, nil)
	if err != nil || status >= 300 {
		return v, m, fmt.Errorf("a visitor cannot write: %d: %w", status, errors.Join(err, errRefused))
	}
	return v, m, nil
}

var errRefused = errors.New("refused")

// visit has visitors come and write until ctx ends: 40 requests a second, whatever the last
// ones take. It returns how long each took, how many failed, and the mails that are to come.
func (c *client) visit(ctx context.Context, visitors []visitor) (times []time.Duration, failed int, mails []expected) {
	var all sync.WaitGroup
	var mu sync.Mutex
	var bad atomic.Int64
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	finish := context.WithoutCancel(ctx)
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			all.Wait()
			return times, int(bad.Load()), mails
		case <-tick.C:
		}
		all.Go(func() {
			if i == 0 || i == 40 { // a new ticket now and then: its mail is timed
				_, m, err := c.enter(finish)
				if err != nil {
					log.Print(err)
					bad.Add(1)
				}
				mu.Lock()
				defer mu.Unlock()
				mails = append(mails, m)
				return
			}
			n := c.names.Add(1)
			v := visitors[i/4%len(visitors)]
			q := asked{key: c.Honest, from: v.from, method: http.MethodPost, token: v.token}
			switch i % 4 {
			case 0:
				q.method, q.path, q.token = http.MethodGet, "config", ""
			case 1:
				q.path, q.body = "messages", map[string]any{"key": fmt.Sprint("m", n), "text": "hola"}
			case 2:
				q.path, q.token, q.body = "sessions", "", map[string]any{"name": "Eva"}
				q.from = fmt.Sprintf("2001:db8:%x::1", 0x1000+n%0xe000)
			case 3:
				q.path, q.body = fmt.Sprintf("files?key=f%d&name=a.txt", n), []byte("hola")
			}
			begun := time.Now()
			status, err := c.ask(finish, q, nil)
			took := time.Since(begun)
			if err != nil || status >= 400 {
				log.Printf("%s %s: %d %v", q.method, q.path, status, err)
				bad.Add(1)
			}
			mu.Lock()
			defer mu.Unlock()
			times = append(times, took)
		})
	}
}
