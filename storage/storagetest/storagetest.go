package storagetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
)

// Harness is how the suite gets at the store under test.
type Harness struct {
	// Open returns a fresh, empty store. It may fail t, and use t.TempDir and
	// t.Cleanup. The suite closes every store that it opened.
	Open func(t *testing.T) storage.Store
	// Reopen closes a store that Open or Reopen returned and opens its data
	// anew, as a new process would. Nil: the store is not durable.
	Reopen func(t *testing.T, s storage.Store) storage.Store
	// Hold makes the next Commit on the store stop after as much of its work
	// as possible, but before anyone can see any of it: held is closed when it
	// has stopped, and release lets it go on. Reads must work meanwhile; other
	// changes may have to wait. Nil: the suite races commits instead.
	Hold func(t *testing.T, s storage.Store) (held <-chan struct{}, release func())
}

// Run runs the whole suite as subtests of t; each check that does not hold fails its
// own subtest.
func Run(t *testing.T, h Harness) {
	for _, one := range checks(h) {
		t.Run(one.name, func(t *testing.T) {
			if err := one.err(t, h); err != nil {
				t.Error(err)
			}
		})
	}
}

// Errors runs the checks whose names begin with any of the prefixes, all of them
// if there are none, and returns what is wrong, one error for each check that
// did not hold, without failing t: so that a test can show that a defect is
// found. t is for the harness.
func Errors(t *testing.T, h Harness, prefixes ...string) []error {
	var errs []error
	for _, one := range checks(h) {
		chosen := len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(one.name, p) })
		if !chosen {
			continue
		}
		if err := one.err(t, h); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", one.name, err))
		}
	}
	return errs
}

// test is one check of the suite, on a store of its own.
type test struct {
	name string
	run  func(c *check)
}

// checkTimeout bounds each check, generously: machines are slow and shared. A store
// that needs longer hangs.
const checkTimeout = 5 * time.Minute

// err runs the check on a new store, closes the store and returns why the check did not
// hold, or why closing failed; nil: all is well.
func (o test) err(t *testing.T, h Harness) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	c := &check{t: t, ctx: ctx, h: h, Store: h.Open(t)}
	defer func() {
		if closed := c.Close(); closed != nil && !errors.Is(closed, storage.ErrClosed) {
			err = errors.Join(err, fmt.Errorf("at Close: %w", closed))
		}
	}()
	return guard(func() { o.run(c) })
}

// stop is what a check that does not hold panics with.
type stop struct{ err error }

// guard runs a part of a check and returns why it stopped, by failf or any other panic;
// nil: it did not.
func guard(run func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case stop:
			err = r.err
		default:
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	run()
	return nil
}

// check is one check at work: the store under test with helpers. All of it may
// be used from several goroutines of one race.
type check struct {
	storage.Store
	t      *testing.T
	ctx    context.Context
	h      Harness
	minted atomic.Uint64
	ticks  atomic.Int64
}

// failf stops the check with an error: it panics, and guard catches that.
func (c *check) failf(format string, args ...any) {
	panic(stop{fmt.Errorf(format, args...)})
}

// that stops the check unless a condition holds.
func (c *check) that(holds bool, format string, args ...any) {
	if !holds {
		c.failf(format, args...)
	}
}

// must stops the check at an error.
func (c *check) must(err error, format string, args ...any) {
	if err != nil {
		c.failf("%s: %w", fmt.Sprintf(format, args...), err)
	}
}

// is stops the check unless the error is the wanted one.
func (c *check) is(err, want error, format string, args ...any) {
	if !errors.Is(err, want) {
		c.failf("%s: got error %v, want %v", fmt.Sprintf(format, args...), err, want)
	}
}

// same stops the check unless both are deeply equal.
func (c *check) same(got, want any, format string, args ...any) {
	if !reflect.DeepEqual(got, want) {
		c.failf("%s:\n got %+v\nwant %+v", fmt.Sprintf(format, args...), got, want)
	}
}

// race runs n goroutines at once and waits for all of them. If the check stopped in
// one, it stops here.
func (c *check) race(n int, run func(i int)) {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = guard(func() { run(i) })
		})
	}
	close(start)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			panic(stop{err})
		}
	}
}

// checks returns the checks of a harness: those of reopening and holding only if the
// harness can do that.
func checks(h Harness) []test {
	all := [][]test{
		accountChecks, commitChecks, loadChecks, raceChecks, claimChecks, staleChecks,
		outboxChecks, sessionChecks, visitorChecks, ticketChecks, previewChecks, wordChecks, streamChecks, feedChecks,
		reportChecks, isolationChecks, valueChecks, modelChecks, endChecks,
	}
	if h.Reopen != nil {
		all = append(all, durableChecks)
	}
	if h.Hold != nil {
		all = append(all, heldChecks)
	}
	var list []test
	for _, some := range all {
		list = append(list, some...)
	}
	return list
}
