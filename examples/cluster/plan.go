package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/charlahq/charla"
)

// plan is one run.
type plan struct {
	load     time.Duration
	visitors int
	verbose  bool
	out      io.Writer
	faults   []fault
	// front, if set, wraps the proxy: a negative control for the test.
	front func(http.Handler) http.Handler
}

// maxWait is how long anything may take that should take a moment.
const maxWait = time.Minute

// run does the whole run. An error means that it could not be done; which promises were
// kept is in the report.
func (p plan) run(ctx context.Context) (r *report, err error) {
	dir, err := os.MkdirTemp("", "charla-cluster-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := &cluster{logs: io.Discard}
	if p.verbose {
		c.logs = os.Stderr
	}
	fmt.Fprintf(p.out, "PostgreSQL with a standby, %d processes, %d visitors. The processes' clock goes %d times as fast.\n\n",
		size, p.visitors, speed)
	defer func() { err = errors.Join(err, c.stop()) }()
	if err := c.start(ctx, dir, p.front); err != nil {
		return nil, err
	}

	began := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(p.out, "%5.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	say("people write")
	crowd := newPeople(c, p.visitors)
	there, stop := context.WithCancel(ctx)
	defer crowd.wait()
	defer stop()
	crowd.begin(there)
	var struck []time.Time
	for i, f := range p.faults {
		if err := until(ctx, began.Add(p.load*time.Duration(i+1)/time.Duration(len(p.faults)+1))); err != nil {
			return nil, err
		}
		say("%s", f.name)
		err := f.strike(c)
		struck = append(struck, time.Now()) // what is sent from here on meets it
		if err == nil {
			err = f.mend(ctx, c)
		}
		if err == nil {
			say("%s", f.mended)
			err = eventually(ctx, "no request is answered", func() (bool, error) { return crowd.servedSince(struck[i]), nil })
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if err := until(ctx, began.Add(p.load)); err != nil {
		return nil, err
	}
	say("no new messages; the last deadlines are carried out")
	if err := p.settle(ctx, c, crowd); err != nil {
		return nil, err
	}
	say("the processes leave, and everything is read back")
	if err := c.stopProcesses(); err != nil {
		return nil, fmt.Errorf("a process did not leave in order: %w", err)
	}
	r = &report{}
	r.time(crowd, p.faults, struck)
	return r, c.withDesk(ctx, func(desk *charla.Desk) error {
		return r.audit(ctx, desk, desk.Account(c.settings.Account), crowd, c.settings.Mails)
	})
}

// settle waits until all requests are answered, nothing is due any more, and the
// readers have caught up.
func (p plan) settle(ctx context.Context, c *cluster, crowd *people) error {
	if err := crowd.endWriting(ctx); err != nil {
		return err
	}
	err := c.withDesk(ctx, func(desk *charla.Desk) error {
		return eventually(ctx, "what is due does not get done", func() (bool, error) {
			next, err := desk.NextDue(ctx)
			return next.IsZero(), err
		})
	})
	if err != nil {
		return err
	}
	for heard := int64(-1); heard != crowd.heard.Load(); { // nobody is told that this is the end
		heard = crowd.heard.Load()
		if err := until(ctx, time.Now().Add(2*time.Second)); err != nil {
			return err
		}
	}
	return crowd.endReading()
}

// until waits for a time. It fails if ctx ends first.
func until(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(t)):
		return nil
	}
}

// eventually waits until a condition holds. It fails with otherwise if that takes
// longer than maxWait.
func eventually(ctx context.Context, otherwise string, so func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	for {
		if ok, err := so(); ok || err != nil {
			return err
		}
		if err := until(ctx, time.Now().Add(20*time.Millisecond)); err != nil {
			return fmt.Errorf("%s: %w", otherwise, err)
		}
	}
}
