package chatcfg_test

import (
	"archive/zip"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla/chatcfg"
)

// zoneNames are the IANA zones that come with the toolchain.
func zoneNames(t *testing.T) []string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	require.NoError(t, err)
	defer archive.Close()
	var names []string
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, "/") && f.Name != "Factory" {
			names = append(names, f.Name)
		}
	}
	require.Greater(t, len(names), 500)
	return names
}

// transitions finds the changes of a zone's offset, by looking at every
// day and bisecting; key tells zones with other changes or offsets apart.
func transitions(loc *time.Location, from, to time.Time) (at []time.Time, key string) {
	offset := func(unix int64) int {
		_, o := time.Unix(unix, 0).In(loc).Zone()
		return o
	}
	const step = 24 * 60 * 60
	var b strings.Builder
	fmt.Fprint(&b, offset(from.Unix()))
	for u := from.Unix(); u < to.Unix(); u += step {
		if offset(u) == offset(u+step) {
			continue
		}
		lo, hi := u, u+step
		for hi-lo > 1 {
			if mid := (lo + hi) / 2; offset(mid) == offset(lo) {
				lo = mid
			} else {
				hi = mid
			}
		}
		at = append(at, time.Unix(hi, 0).UTC())
		fmt.Fprint(&b, " ", hi, offset(hi))
	}
	return at, b.String()
}

// oracleOpen says from the fields of the wall clock alone whether an instant is
// inside hours.
func oracleOpen(h chatcfg.Hours, loc *time.Location, t time.Time) bool {
	local := t.In(loc)
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	clock := local.Format("15:04")
	open := false
	oracleIntervals(h, today, func(from, to string) {
		if from < to {
			open = open || from <= clock && clock < to
		} else {
			open = open || from <= clock
		}
	})
	oracleIntervals(h, today.AddDate(0, 0, -1), func(from, to string) {
		open = open || to < from && clock < to
	})
	return open
}

// oracleIntervals gives the intervals that begin on a date: those of single dates, else
// of ranges, else of every year, else of the week.
func oracleIntervals(h chatcfg.Hours, date time.Time, yield func(from, to string)) {
	name := date.Format("2006-01-02")
	for _, holds := range []func(ex chatcfg.Exception) bool{
		func(ex chatcfg.Exception) bool { return ex.Date == name },
		func(ex chatcfg.Exception) bool { return ex.From != "" && ex.From <= name && name <= ex.To },
		func(ex chatcfg.Exception) bool { return ex.Yearly == date.Format("01-02") },
	} {
		replaced := false
		for _, ex := range h.Exceptions {
			if holds(ex) {
				replaced = true
				if !ex.Closed {
					yield(ex.Open, ex.Close)
				}
			}
		}
		if replaced {
			return
		}
	}
	day := strings.ToLower(date.Weekday().String())
	for _, in := range h.Weekly {
		if string(in.Day) == day {
			yield(in.Open, in.Close)
		}
	}
}

// randomHours has times near those on the wall at a change, and exceptions near
// its date.
func randomHours(r *rand.Rand, zone string, change time.Time) chatcfg.Hours {
	minute := func() int {
		if r.IntN(2) == 0 {
			return r.IntN(24 * 60)
		}
		at := change.Add(time.Duration(r.IntN(300)-150) * time.Minute)
		if r.IntN(2) == 0 {
			at = at.Add(-time.Minute * 150)
		}
		return at.Hour()*60 + at.Minute()
	}
	times := func() (from, to string) {
		for {
			a, b := minute(), minute()
			if r.IntN(8) == 0 {
				b = 24 * 60
			}
			if r.IntN(8) == 0 {
				a = 0
			}
			if a != b {
				return fmt.Sprintf("%02d:%02d", a/60, a%60), fmt.Sprintf("%02d:%02d", b/60, b%60)
			}
		}
	}
	days := []chatcfg.Day{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
	h := chatcfg.Hours{Timezone: zone}
	for range 1 + r.IntN(12) {
		from, to := times()
		h.Weekly = append(h.Weekly, chatcfg.Interval{Day: days[r.IntN(7)], Open: from, Close: to})
	}
	closed := map[string]bool{} // single dates and those of every year; ranges
	day := func() string { return change.AddDate(0, 0, r.IntN(5)-2).Format("2006-01-02") }
	shutRanges := r.IntN(2) == 0
	for range r.IntN(7) {
		var ex chatcfg.Exception
		key := day()
		switch r.IntN(3) {
		case 0:
			ex.Date = key
		case 1:
			key = key[5:]
			ex.Yearly = key
		case 2:
			ex.From, ex.To = key, day()
			if ex.To < ex.From {
				ex.From, ex.To = ex.To, ex.From
			}
			key = "range"
			closed[key] = shutRanges
		}
		if shut, seen := closed[key]; shut || !seen && r.IntN(3) == 0 {
			closed[key] = true
			ex.Closed = true
		} else {
			closed[key] = false
			ex.Open, ex.Close = times()
		}
		h.Exceptions = append(h.Exceptions, ex)
	}
	return h
}

// window is what the oracle says of every minute around an instant.
type window struct {
	from time.Time
	open []bool
	// before[i] is the open time of the minutes before i.
	before []time.Duration
}

func oracleWindow(h chatcfg.Hours, loc *time.Location, at time.Time, half, step time.Duration) window {
	n := int(2 * half / step)
	w := window{from: at.Add(-half), open: make([]bool, n), before: make([]time.Duration, n+1)}
	for i := range w.open {
		w.open[i] = oracleOpen(h, loc, w.from.Add(time.Duration(i)*step))
		w.before[i+1] = w.before[i]
		if w.open[i] {
			w.before[i+1] += step
		}
	}
	return w
}

// compare holds a calendar against the oracle around an instant and returns how
// many answers it compared. The zone's offsets must be whole steps there.
func compare(t *testing.T, r *rand.Rand, h chatcfg.Hours, at time.Time, half, step time.Duration) (checked int64) {
	t.Helper()
	c, err := h.Compile()
	require.NoError(t, err)
	w := oracleWindow(h, c.Location(), at, half, step)
	n := len(w.open)
	end := w.from.Add(time.Duration(n) * step)
	fail := func(what string, at time.Time, got, want any) {
		t.Helper()
		t.Fatalf("%s at %v: got %v, want %v of %+v", what, at, got, want, h)
	}

	// between is the open time of the window before an instant.
	before := func(at time.Time) time.Duration {
		d := at.Sub(w.from)
		i := min(int(d/step), n-1)
		if w.open[i] {
			return w.before[i] + d - time.Duration(i)*step
		}
		return w.before[i]
	}
	next := end
	for i := n - 1; i >= 0; i-- {
		at := w.from.Add(time.Duration(i) * step)
		if w.open[i] {
			next = at
		}
		last := at.Add(step - 1)
		if got := c.IsOpen(at); got != w.open[i] {
			fail("IsOpen", at, got, w.open[i])
		}
		if got := c.IsOpen(last); got != w.open[i] {
			fail("IsOpen", last, got, w.open[i])
		}
		got, ok := c.NextOpen(at)
		if next.Before(end) && (!ok || !got.Equal(next)) || next.Equal(end) && ok && got.Before(end) {
			fail("NextOpen", at, got, next)
		}
		checked += 3
	}
	for range 100 {
		length := end.Sub(w.from)
		a := w.from.Add(time.Duration(r.Int64N(int64(length))))
		b := w.from.Add(time.Duration(r.Int64N(int64(length))))
		if r.IntN(2) == 0 {
			a, b = a.Truncate(step), b.Truncate(step)
		}
		if b.Before(a) {
			a, b = b, a
		}
		between := before(b) - before(a)
		if got := c.Between(a, b); got != between {
			fail("Between to "+b.String(), a, got, between)
		}
		d := time.Duration(r.Int64N(int64(between)+int64(step))) + 1
		if r.IntN(3) == 0 {
			d = max(between, 1)
		}
		// Add and Start against the same instants, and their neighbours.
		later, ok := c.Add(a, d)
		if inside := before(end)-before(a) >= d; inside {
			if !ok || before(later)-before(a) != d || before(later.Add(-1))-before(a) >= d {
				fail("Add "+d.String(), a, later, ok)
			}
		} else if ok && later.Before(end) {
			fail("Add "+d.String(), a, later, "after the window")
		}
		start, ok := c.Start(b, d)
		if inside := before(b) >= d; inside {
			if !ok || before(b)-before(start) != d || before(b)-before(start.Add(1)) >= d {
				fail("Start "+d.String(), b, start, ok)
			}
		} else if ok && start.After(w.from) {
			fail("Start "+d.String(), b, start, "before the window")
		}
		checked += 3
	}
	return checked
}

// R4.9: right across every DST change of every zone, minute by minute. By
// default zones that change alike are tried once, at a few changes of each; with
// CHARLA_FULL=1 every zone at every change.
func TestCalendarOracleEveryZone(t *testing.T) {
	t.Parallel()
	full := os.Getenv("CHARLA_FULL") == "1"
	const seed, sample = 20260406, 2
	from, to := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)

	type job struct {
		zone string
		at   time.Time
	}
	var jobs []job
	seen := map[string]bool{}
	pick := rand.New(rand.NewPCG(seed, 0))
	zones, changes := zoneNames(t), 0
	for _, zone := range zones {
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		at, key := transitions(loc, from, to)
		changes += len(at)
		if !full && seen[key] {
			continue
		}
		seen[key] = true
		// The 366th day of a year is a trap of its own.
		at = append(at, time.Date(2032, 12, 31, 12, 0, 0, 0, time.UTC))
		if !full && len(at) > sample {
			pick.Shuffle(len(at), func(i, j int) { at[i], at[j] = at[j], at[i] })
			at = at[:sample]
		}
		for _, a := range at {
			jobs = append(jobs, job{zone, a})
		}
	}

	var checked, done atomic.Int64
	t.Run("zones", func(t *testing.T) {
		for shard := range 4 {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				for i := shard; i < len(jobs); i += 4 {
					r := rand.New(rand.NewPCG(seed, uint64(i)))
					h := randomHours(r, jobs[i].zone, jobs[i].at)
					checked.Add(compare(t, r, h, jobs[i].at, 36*time.Hour, time.Minute))
					done.Add(1)
				}
			})
		}
	})
	t.Logf("seed %d: %d zones with %d changes from 2020 to 2035, %d different; %d windows of 72 h tried, %d answers compared",
		seed, len(zones), changes, len(seen), done.Load(), checked.Load())
	assert.EqualValues(t, len(jobs), done.Load())
}

// R4.9: second by second where offsets were not whole minutes, or a whole day
// was left out or came twice.
func TestCalendarOddChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, at string }{
		{"Africa/Monrovia", "1972-01-07T00:44:30Z"},   // -0:44:30 to 0
		{"Europe/Amsterdam", "1937-06-30T23:40:28Z"},  // +1:19:32 to +1:20
		{"America/Santiago", "1910-01-10T04:42:45Z"},  // from local mean time
		{"Pacific/Apia", "2011-12-30T10:00:00Z"},      // no 30 December
		{"Pacific/Kwajalein", "1993-08-21T12:00:00Z"}, // no 21 August
		{"America/Juneau", "1867-10-18T23:37:41Z"},    // a date twice
		{"Antarctica/Troll", "2026-03-29T01:00:00Z"},  // two hours
		{"Australia/Lord_Howe", "2026-04-04T15:00:00Z"},
	} {
		t.Run(c.zone, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, c.at)
			require.NoError(t, err)
			loc, err := time.LoadLocation(c.zone)
			require.NoError(t, err)
			_, before := at.Add(-26 * time.Hour).In(loc).Zone()
			_, after := at.Add(26 * time.Hour).In(loc).Zone()
			require.NotEqual(t, before, after, "no change near there")
			for seed := range uint64(2) {
				r := rand.New(rand.NewPCG(seed, 9))
				compare(t, r, randomHours(r, c.zone, at.In(loc)), at, 14*time.Hour, time.Second)
			}
		})
	}
}

// R4.9: far in the future, where zones go on by rule, and over long times, Add
// and Start undo each other and agree with Between.
func TestCalendarAddAndStart(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	zones := []string{"America/Santiago", "Europe/Dublin", "Africa/Casablanca", "Antarctica/Troll", "Asia/Gaza", "America/Nuuk", "UTC", "Africa/Cairo", "Asia/Kathmandu"}
	for i := range 400 {
		near := time.Date(2020+r.IntN(80), 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(int64(366 * 24 * time.Hour))))
		if i%5 == 0 { // the end of a leap year
			near = time.Date(2020+4*r.IntN(20), 12, 31, 12, 0, 0, 0, time.UTC)
		}
		h := randomHours(r, zones[i%len(zones)], near)
		if i%7 == 0 {
			h.Weekly = slices.Clip(h.Weekly[:1])
		}
		c, err := h.Compile()
		require.NoError(t, err)
		d := time.Duration(r.Int64N(int64(30 * 24 * time.Hour)))
		if i%10 == 0 {
			d = time.Duration(r.Int64N(int64(chatcfg.MaxDuration)))
		}
		end, ok := c.Add(near, d)
		require.True(t, ok)
		require.Equal(t, d, c.Between(near, end), "%v %v %+v", near, d, h)
		limit, ok := c.Start(end, d)
		require.True(t, ok)
		require.Equal(t, d, c.Between(limit, end))
		for range 40 {
			s := limit.Add(time.Duration(r.Int64N(int64(96*time.Hour)) - int64(48*time.Hour)))
			switch r.IntN(6) {
			case 0:
				s = limit
			case 1:
				s = limit.Add(1)
			case 2:
				s = limit.Add(-1)
			}
			at, ok := c.Add(s, d)
			require.True(t, ok)
			require.Equal(t, !s.After(limit), !at.After(end), "Add(%v, %v) = %v, Start(%v) = %v of %+v", s, d, at, end, limit, h)
		}
	}
}
