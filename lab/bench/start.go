package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla/tickets"
)

// overdue is how many tickets are overdue when a desk starts.
const overdue = 10 * cohort

// started is what a process tells of its work on a database.
type started struct {
	// Accepted is how long after the start of opening the first message was
	// stored, Worst the longest that a later one took.
	Accepted, Worst time.Duration
	// Drained is how long it took until nothing was due.
	Drained time.Duration
	// Memory is the most that the process had, in bytes.
	Memory int64
}

// start measures processes of their own: their memory by the number of open
// tickets, and a start with many overdue.
func start(ctx context.Context, b *bench) ([]line, error) {
	var memory []int64
	for _, n := range []int{100_000, 1_000_000} {
		s, _, err := b.child(ctx, n, 0)
		if err != nil {
			return nil, err
		}
		memory = append(memory, s.Memory)
	}
	s, worst, err := b.child(ctx, 1_000_000, overdue)
	if err != nil {
		return nil, err
	}
	growth := float64(memory[1]) / float64(memory[0])
	megabytes := func(n int64) string { return fmt.Sprintf("%d MB", n>>20) }
	return []line{{
		name: "memory of a desk at work: 1,000,000 open tickets against 100,000", ours: megabytes(memory[1]), against: megabytes(memory[0]),
		ratio: fmt.Sprintf("%.2f", growth), target: "≤ 1.1", verdict: verdictOf(growth <= 1.1),
	}, {
		name: "start with 1,000,000 open tickets, 100,000 overdue: first message accepted", ours: milliseconds(s.Accepted), against: "–", ratio: "–",
		target: "≤ 1 s", verdict: verdictOf(s.Accepted <= time.Second),
	}, {
		name:    "the overdue ones drained in order, a hundred at a time",
		ours:    fmt.Sprintf("%s/s, at most %d out of place", amount(overdue/s.Drained.Seconds()), worst),
		against: "messages meanwhile: at most " + milliseconds(s.Worst), ratio: "–", target: "≤ 100 out of place", verdict: verdictOf(worst <= 100),
	}}, nil
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// child has a process work on a copy of a database of n tickets, so many of them
// overdue, and returns what it measured, and how far from its place in the order of
// deadlines the worst was done.
func (b *bench) child(ctx context.Context, n, due int) (s started, worst int, err error) {
	loaded, err := b.loaded(ctx, n)
	if err != nil {
		return s, 0, err
	}
	path := b.path("start.db")
	removeDatabase(path)
	defer removeDatabase(path)
	if err := copyDatabase(loaded, path); err != nil {
		return s, 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return s, 0, err
	}
	out, err := exec.CommandContext(ctx, self, "-child", fmt.Sprintf("start %d %s", due, path)).Output() //nolint:gosec // itself
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = fmt.Errorf("%w: %s", err, failed.Stderr)
		}
		return s, 0, err
	}
	if err = json.Unmarshal(out, &s); err == nil && due > 0 {
		worst, err = outOfPlace(ctx, path, due)
	}
	return s, worst, err
}

// outOfPlace compares the order in which tickets were closed, by the account's feed,
// with the order of their deadlines, and returns the largest distance.
func outOfPlace(ctx context.Context, path string, n int) (worst int, err error) {
	w, err := open(path, &hand{}, nil)
	if err != nil {
		return 0, err
	}
	defer w.store.Close()
	account, err := only(ctx, w)
	if err != nil {
		return 0, err
	}
	var due []int64
	for cursor := ""; ; {
		page, err := w.store.Queries().Changes(ctx, account.ID, cursor, 0)
		if err != nil {
			return 0, err
		}
		for _, c := range page.Items {
			if c.Version < 2 {
				continue // as it was loaded
			}
			list, err := w.store.Queries().History(ctx, tickets.Ref{Account: account.ID, Conversation: c.Conversation}, 2, 1)
			if err != nil {
				return 0, err
			}
			if len(list) == 1 && list[0].Kind == tickets.CommandExpire {
				due = append(due, list[0].Due.UnixMicro())
			}
		}
		if cursor = page.Next; len(page.Items) == 0 {
			break
		}
	}
	if err := want(nil, len(due), n); err != nil {
		return 0, err
	}
	sorted := slices.Sorted(slices.Values(due))
	for i, at := range due {
		place, _ := slices.BinarySearch(sorted, at)
		worst = max(worst, i-place, place-i)
	}
	return worst, nil
}

// startChild is the main of such a process: it starts on a database, has messages
// written, pages read and everything due done, and prints what it measured.
func startChild(ctx context.Context, args string, out io.Writer) error {
	count, path, _ := strings.Cut(args, " ")
	due, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	clock := &hand{}
	clock.Set(dueAt(due/cohort - 1))
	begin := time.Now()
	w, err := open(path, clock, nil)
	if err != nil {
		return err
	}
	defer w.store.Close()
	drained := make(chan error, 1)
	go func() {
		_, err := w.desk.RunDue(ctx)
		drained <- err
	}()
	account, err := only(ctx, w)
	if err != nil {
		return err
	}
	sessions, err := enter(ctx, w, account, 1)
	if err != nil {
		return err
	}
	if err := ours(ctx, w.desk, sessions[0], 0, 0); err != nil {
		return err
	}
	s := started{Accepted: time.Since(begin)}
	for i := 1; s.Drained == 0 || i < 2000; i++ {
		sent := time.Now()
		if err := ours(ctx, w.desk, sessions[0], 0, i); err != nil {
			return err
		}
		s.Worst = max(s.Worst, time.Since(sent))
		select {
		case err := <-drained:
			if err != nil {
				return err
			}
			s.Drained = time.Since(begin)
		default:
		}
	}
	if due == 0 {
		if err := work(ctx, w, account.ID); err != nil {
			return err
		}
	}
	s.Memory, err = mostMemory()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(s)
}

// mostMemory returns the most resident memory that this process has had.
func mostMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(l, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.Fields(kb)[0], 10, 64)
			return n << 10, err
		}
	}
	return 0, errors.New("no VmHWM in /proc/self/status")
}
