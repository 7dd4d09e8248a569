package chatcfg

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"time"
)

const (
	minutesPerDay = 24 * 60
	secondsPerDay = 24 * 60 * 60
)

// The calendar counts from the start of the year 1 to the start of 9999: beyond,
// an instant has no RFC 3339 form.
var (
	firstInstant = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastInstant  = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// Calendar answers when business hours are open and counts business time
// (R4.9). [Hours.Compile] makes it. It is immutable and safe for concurrent use;
// a nil *Calendar means that there are no hours and must not be asked. The
// instants it returns are in the location of the argument.
//
// A wall time is a civil date and time of day in the zone, counted in seconds
// as if it were UTC. The hours are a set of wall times, the same in every
// week but for the exceptions; an instant is open when its wall time is in the
// set. Between two changes of the zone's offset wall time and real time run
// alike, so every method goes from change to change and, in between, only does
// arithmetic on wall time.
type Calendar struct {
	loc *time.Location
	// week are the usual days, from Thursday, the weekday of day 0; before[i]
	// is the open time of those that precede i, and before[7] of a week.
	week   [7]day
	before [8]int64
	// years are the yearly exceptions; nil: there are none.
	years *years
	// runs are the dates in order, cut where single dates and ranges, and the days
	// after them, begin and end. The first begins before all dates.
	runs []run
}

// span is an interval of a day, half-open. In seconds in a [day]; in minutes,
// and overnight when to is before from, in newCalendar.
type span struct{ from, to int }

// day is what is open on a date: disjoint, in order, not touching.
type day struct {
	spans []span
	total int64
}

// makeDay returns a day with the spans that begin on it (own) and the rest of the overnight
// ones that began the day before (eve). It sorts and merges them.
func makeDay(own, eve []span) day {
	var spans []span
	for _, s := range own {
		if s.to < s.from {
			s.to = minutesPerDay
		}
		spans = append(spans, s)
	}
	for _, s := range eve {
		if s.to < s.from && s.to > 0 {
			spans = append(spans, span{0, s.to})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var d day
	for _, s := range spans {
		s.from, s.to = s.from*60, s.to*60
		if n := len(d.spans); n > 0 && s.from <= d.spans[n-1].to {
			d.spans[n-1].to = max(d.spans[n-1].to, s.to)
		} else {
			d.spans = append(d.spans, s)
		}
	}
	for _, s := range d.spans {
		d.total += int64(s.to - s.from)
	}
	return d
}

// Location returns the time zone of the hours.
func (c *Calendar) Location() *time.Location { return c.loc }

// IsOpen reports whether t is inside the business hours.
func (c *Calendar) IsOpen(t time.Time) bool {
	_, offset := t.In(c.loc).Zone()
	return c.openWall(t.Unix() + int64(offset))
}

// NextOpen returns the first open instant at or after t. It returns false if there is none:
// only past exceptions were open.
func (c *Calendar) NextOpen(t time.Time) (time.Time, bool) {
	if c.IsOpen(t) {
		return t, true
	}
	end, ok := c.forward(t.Unix(), 1)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(end-1, 0).In(t.Location()), true
}

// Add returns the earliest instant at which d of business time has passed since t: a time
// that ends when the business closes ends then, not at the next opening. It returns t if d
// is not positive. It returns false if so much business time does not pass before the year
// 9999, for example because only exceptions are left.
func (c *Calendar) Add(t time.Time, d time.Duration) (time.Time, bool) {
	if d <= 0 {
		return t, true
	}
	// Count from the whole second before t, in whole seconds rounded up; what
	// is too much is in the last second, which is open.
	whole, part := c.split(t)
	seconds, part := ceilSeconds(d, part)
	end, ok := c.forward(whole, seconds)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(end, 0).Add(part).In(t.Location()), true
}

// Start returns the latest instant s from which d of business time has passed by t. It is
// the inverse of [Calendar.Add]: for every s from the year 1 on, Add(s, d) is at or before t
// if and only if s is at or before Start(t, d). It returns t if d is not positive, and false
// if there is no such s.
func (c *Calendar) Start(t time.Time, d time.Duration) (time.Time, bool) {
	if d <= 0 {
		return t, true
	}
	whole, part := c.split(t)
	seconds, part := ceilSeconds(d, -part)
	start, ok := c.backward(whole, seconds)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(start, 0).Add(-part).In(t.Location()), true
}

// Between returns the business time from an instant to a later one: zero if to is not after
// from, and at most the longest [time.Duration], 292 years.
func (c *Calendar) Between(from, to time.Time) time.Duration {
	if !from.Before(to) {
		return 0
	}
	start, before := c.split(from)
	end, after := c.split(to)
	var seconds int64
	for start < end {
		offset, change := c.period(start)
		stop := min(end, change)
		seconds += c.count(stop+offset) - c.count(start+offset)
		start = stop
	}
	if seconds > int64(math.MaxInt64/time.Second)-1 {
		return math.MaxInt64
	}
	return time.Duration(seconds)*time.Second + after - before
}

// split returns the whole second at or before t, in seconds since 1970, and how much of the
// rest counts: all if t is open, else zero.
func (c *Calendar) split(t time.Time) (whole int64, part time.Duration) {
	if c.IsOpen(t) {
		part = time.Duration(t.Nanosecond())
	}
	return t.Unix(), part
}

// ceilSeconds returns d + part rounded up to whole seconds, and what must be added to that,
// from minus one second to zero, to have d + part again.
func ceilSeconds(d, part time.Duration) (seconds int64, rest time.Duration) {
	seconds = int64(d / time.Second)
	part += d % time.Second
	for part > 0 {
		seconds++
		part -= time.Second
	}
	return seconds, part
}

// forward returns the earliest second by which that many business seconds have passed since
// from, or false if they do not pass before the year 9999.
func (c *Calendar) forward(from, seconds int64) (end int64, ok bool) {
	for from < lastInstant {
		offset, change := c.period(from)
		stop := min(change, lastInstant)
		start := c.count(from + offset)
		if passed := c.count(stop+offset) - start; passed < seconds {
			seconds -= passed
			from = stop
			continue
		}
		return c.reach(from+offset, stop+offset, start+seconds) - offset, true
	}
	return 0, false
}

// backward returns the latest second since which that many business seconds have passed by
// to, or false if there is none from the year 1 on.
func (c *Calendar) backward(to, seconds int64) (start int64, ok bool) {
	if seconds == 0 {
		return to, true
	}
	for to > firstInstant {
		offset, change := c.periodBefore(to)
		from := max(change, firstInstant)
		end := c.count(to + offset)
		if passed := end - c.count(from+offset); passed < seconds {
			seconds -= passed
			to = from
			continue
		}
		// The last wall second of which no less than that follows is the one
		// before the first of which less follows.
		return c.reach(from+offset, to+offset, end-seconds+1) - 1 - offset, true
	}
	return 0, false
}

// period returns the zone's offset in seconds at a second and the next second at which
// it may change; math.MaxInt64: never.
func (c *Calendar) period(at int64) (offset, change int64) {
	t := time.Unix(at, 0).In(c.loc)
	_, off := t.Zone()
	_, end := t.ZoneBounds()
	switch {
	case end.IsZero():
		return int64(off), math.MaxInt64
	case end.Unix() <= at:
		// For the rules that go on for ever ZoneBounds takes a year to have 365
		// days; on the 366th no change is left.
		return int64(off), (floorDiv(at, secondsPerDay) + 1) * secondsPerDay
	}
	return int64(off), end.Unix()
}

// periodBefore returns the zone's offset in seconds just before a second and the
// earliest second since which the zone has had it; math.MinInt64: always.
func (c *Calendar) periodBefore(at int64) (offset, change int64) {
	t := time.Unix(at-1, 0).In(c.loc)
	_, off := t.Zone()
	start, _ := t.ZoneBounds()
	if start.IsZero() {
		return int64(off), math.MinInt64
	}
	return int64(off), start.Unix()
}

// openWall reports whether a wall time is open.
func (c *Calendar) openWall(wall int64) bool {
	date := floorDiv(wall, secondsPerDay)
	second := int(wall - date*secondsPerDay)
	d, _ := c.at(date)
	for _, s := range d.spans {
		if second < s.to {
			return second >= s.from
		}
	}
	return false
}

// count returns how many open wall seconds are before a wall time. Only differences between
// counts mean something: a count may be negative.
func (c *Calendar) count(wall int64) int64 {
	date := floorDiv(wall, secondsPerDay)
	second := int(wall - date*secondsPerDay)
	d, n := c.at(date)
	for _, s := range d.spans {
		if second <= s.from {
			break
		}
		n += int64(min(second, s.to) - s.from)
	}
	return n
}

// reach returns the earliest wall time whose count is n. The count of lo must be less than n,
// and that of hi not less.
func (c *Calendar) reach(lo, hi, n int64) int64 {
	first, last := floorDiv(lo, secondsPerDay), floorDiv(hi, secondsPerDay)
	// The day sought is most often near: look at ever longer steps from first.
	step := int64(1)
	for {
		if _, before := c.at(first + step); before >= n {
			break // at the latest on the day after last
		}
		first += step
		step *= 2
	}
	last = min(last, first+step-1)
	date := first + int64(sort.Search(int(last-first), func(i int) bool {
		_, before := c.at(first + 1 + int64(i))
		return before >= n
	}))
	d, before := c.at(date)
	n -= before
	for _, s := range d.spans {
		if length := int64(s.to - s.from); n > length {
			n -= length
			continue
		}
		return date*secondsPerDay + int64(s.from) + n
	}
	return hi
}

// floorDiv returns a divided by n, rounded down; n must be positive.
func floorDiv(a, n int64) int64 {
	q := a / n
	if a%n < 0 {
		q--
	}
	return q
}

// floorMod returns the remainder of floorDiv, from 0 to n-1.
func floorMod(a, n int64) int64 { return a - floorDiv(a, n)*n }
