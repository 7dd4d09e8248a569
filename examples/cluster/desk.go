package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
)

// settings are what a process is told by its host: from a file, or the environment.
type settings struct {
	Name string
	// Database names every server of the database, "host=a,b
	// target_session_attrs=read-write": the one that takes over is found by itself.
	Database string
	// Base is where browsers find the chat: the proxy.
	Base    string
	Account chatcfg.AccountID
	// Mails is the file that e-mails are appended to.
	Mails string
	// Epoch is when the fast clock began.
	Epoch time.Time
}

// How a process ends.
const (
	drainTime    = 300 * time.Millisecond // for the proxy to notice
	shutdownTime = 5 * time.Second        // for the requests under way
)

// serve is one process. It writes its address to ready and serves until ctx ends, which
// is no error.
func serve(ctx context.Context, s settings, ready, logs io.Writer) error {
	logger := slog.New(slog.NewTextHandler(logs, nil)).With("desk", s.Name)
	pool, err := postgres.NewPool(ctx, s.Database, nil)
	if err != nil {
		return err
	}
	defer pool.Close()
	store, err := postgres.New(ctx, pool, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	broker := postgres.NewBroker(pool)
	defer broker.Wait()
	seen := &counts{}
	desk, err := charla.New(store, &charla.Options{
		Clock: fastClock{s.Epoch}, Logger: logger, Mailer: mailFile(s.Mails),
		Broker: broker, Observer: seen.observer(),
		Runner: charla.RunnerOptions{Poll: speed * time.Second / 4, Lease: speed * 2 * time.Second},
	})
	if err != nil {
		return err
	}
	chat, err := widget.New(desk, &widget.Options{
		BaseURL: s.Base + "/chat/", Logger: logger,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
	if err != nil {
		return err
	}

	var leaving atomic.Bool
	mux := http.NewServeMux()
	mux.Handle("/chat/", chat)
	mux.Handle("/agent/", agentPages(desk.Account(s.Account)))
	// A process is healthy if it takes requests. This does not ask the database: without
	// that no other process would do better.
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		if leaving.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		ReadTimeout: time.Minute, // for the agents' pages: the chat sets its own times
	}
	server.RegisterOnShutdown(chat.Close) // streams are told to go on elsewhere
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}

	// What is under way when the process is told to end is done to its end.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	group.Go(func() { _ = desk.Run(work) }) // deadlines, e-mails, hints
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if _, err := fmt.Fprintln(ready, listener.Addr()); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}

	// It leaves in this order: nobody new comes, requests and streams end, then
	// the work; then hints, store and connections, which were deferred.
	leaving.Store(true)
	time.Sleep(drainTime)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		err = errors.Join(err, server.Close())
		logger.Warn("some requests were cut", "error", err)
	}
	stop()
	group.Wait()
	logger.Info("left", "counts", seen)
	return nil
}

// counts is what a process did, for its log; a service takes the module otel.
type counts struct {
	commits, deadlines, deliveries, streams, failures atomic.Int64
}

// observer returns an observer that counts.
func (c *counts) observer() *charla.Observer {
	return &charla.Observer{
		Committed: func(_ context.Context, o charla.ObservedCommit) {
			if o.Err == nil {
				c.commits.Add(1)
			}
		},
		Fired:     func(context.Context, charla.ObservedDeadline) { c.deadlines.Add(1) },
		Delivered: func(context.Context, charla.ObservedDelivery) { c.deliveries.Add(1) },
		Stream:    func(_ context.Context, _ tickets.Side, change int) { c.streams.Add(int64(max(change, 0))) },
		Failed:    func(context.Context, charla.RunPart, error) { c.failures.Add(1) },
	}
}

// String returns the counts in words.
func (c *counts) String() string {
	return fmt.Sprintf("%d commits, %d deadlines, %d deliveries, %d streams, %d failures in the background",
		c.commits.Load(), c.deadlines.Load(), c.deliveries.Load(), c.streams.Load(), c.failures.Load())
}
