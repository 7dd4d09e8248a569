package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
)

// size is how many processes there are.
const size = 3

// rules are the account's: with the fast clock a ticket that nobody answers is delayed
// after 0.7 s, and one whose customer is silent is closed after a second.
const rules = `{
	"quality":    {"sla": {"value": 40, "unit": "seconds"}},
	"automation": {
		"autoClose":      {"enabled": true, "after": {"value": 1, "unit": "minutes"}},
		"automaticClose": {"enabled": true, "messages": ["We close this for now."]}
	},
	"general":    {"notify": {"tickets": "all", "to": ["desk@example.com"]}},
	"chat":       {"locale": "en"}
}`

// cluster is everything that runs.
type cluster struct {
	primary, standby *pgtest.Server
	settings         settings
	key              string // the account's, which is in the page
	processes        [size]*process
	proxy            *proxy
	front            *http.Server
	logs             io.Writer
	stopWatch        context.CancelFunc
}

// start starts everything, with its files in dir. front, if not nil, wraps the proxy.
// After an error stop must be called.
func (c *cluster) start(ctx context.Context, dir string, front func(http.Handler) http.Handler) (err error) {
	if c.primary, err = pgtest.Start(ctx, &pgtest.Options{Sync: true, Replicated: true}); err != nil {
		return err
	}
	if c.standby, err = c.primary.Standby(ctx); err != nil {
		return err
	}
	database, err := c.primary.Create(ctx)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.settings = settings{
		// Both servers; connections go to the one that writes.
		Database: database + " host=" + c.primary.Folder() + "," + c.standby.Folder() +
			" port=5432,5432 target_session_attrs=read-write connect_timeout=2 pool_max_conns=8",
		Base:  "http://" + listener.Addr().String(),
		Mails: filepath.Join(dir, "mails"), Epoch: time.Now(),
	}
	if err := os.WriteFile(c.settings.Mails, nil, 0o600); err != nil {
		return err
	}
	err = c.withDesk(ctx, func(desk *charla.Desk) error {
		cfg, err := chatcfg.Decode([]byte(rules))
		if err != nil {
			return err
		}
		account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
		if err != nil {
			return err
		}
		info, err := account.Info(ctx)
		c.settings.Account, c.key = info.ID, info.Key
		return err
	})
	if err != nil {
		return err
	}
	c.proxy = newProxy(size)
	c.front = &http.Server{Handler: c.proxy, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	if front != nil {
		c.front.Handler = front(c.proxy)
	}
	go func() { _ = c.front.Serve(listener) }()
	for i := range c.processes {
		if err := c.startProcess(ctx, i); err != nil {
			return err
		}
	}
	ctx, c.stopWatch = context.WithCancel(ctx)
	go c.proxy.watch(ctx)
	return nil
}

// startProcess starts process i and tells the proxy where it is.
func (c *cluster) startProcess(ctx context.Context, i int) (err error) {
	s := c.settings
	s.Name = fmt.Sprint(i + 1)
	if c.processes[i], err = startProcess(ctx, s, c.logs); err == nil {
		c.proxy.set(i, c.processes[i].address)
	}
	return err
}

// withDesk calls use with a desk in this process on the cluster's database, which does
// not run.
func (c *cluster) withDesk(ctx context.Context, use func(*charla.Desk) error) error {
	store, err := postgres.Open(ctx, c.settings.Database, nil)
	if err != nil {
		return err
	}
	desk, err := charla.New(store, &charla.Options{Clock: fastClock{c.settings.Epoch}})
	if err == nil {
		err = use(desk)
	}
	return errors.Join(err, store.Close())
}

// stopProcesses ends the processes in order, each after what it has under way.
func (c *cluster) stopProcesses() (err error) {
	for i, p := range c.processes {
		if p != nil {
			err = errors.Join(err, p.stop())
			c.processes[i] = nil
		}
	}
	return err
}

// stop ends everything that runs.
func (c *cluster) stop() error {
	err := c.stopProcesses()
	if c.stopWatch != nil {
		c.stopWatch()
	}
	if c.front != nil {
		err = errors.Join(err, c.front.Close())
	}
	for _, s := range []*pgtest.Server{c.standby, c.primary} {
		if s != nil {
			err = errors.Join(err, s.Stop())
		}
	}
	return err
}

// fault is something that happens to a cluster.
type fault struct {
	name string
	// strike causes it. mend does what an operator would do then, and mended says what.
	strike func(*cluster) error
	mend   func(context.Context, *cluster) error
	mended string
}

// The process that is killed.
const victim = 1

var faults = []fault{
	{
		name: "one of three processes is killed", mended: "it runs again",
		strike: func(c *cluster) error {
			c.processes[victim].kill()
			_ = c.processes[victim].cmd.Wait() // killed, as it says
			return nil
		},
		mend: func(ctx context.Context, c *cluster) error { return c.startProcess(ctx, victim) },
	},
	{
		name: "PostgreSQL is killed", mended: "it runs again",
		strike: func(c *cluster) error { return c.primary.Kill() },
		mend:   func(ctx context.Context, c *cluster) error { return c.primary.Restart(ctx) },
	},
	{
		name: "the primary is lost for good", mended: "the standby has taken over",
		strike: func(c *cluster) error { return c.primary.Kill() },
		mend:   func(ctx context.Context, c *cluster) error { return c.standby.Promote(ctx) },
	},
}
