package sim

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// hours is the oracle of the business hours: it looks at every minute by itself,
// by wall time, and knows nothing of how the library does it. Its zones change
// on whole minutes.
type hours struct {
	loc  *time.Location
	conf chatcfg.Hours
	open map[int64]bool // by the minute of the epoch
}

// newHours returns nil for an account without hours.
func newHours(h chatcfg.Hours) *hours {
	if h.Timezone == "" {
		return nil
	}
	loc, err := time.LoadLocation(h.Timezone)
	if err != nil {
		panic(err)
	}
	return &hours{loc: loc, conf: h, open: make(map[int64]bool)}
}

// isOpen reports whether an instant is inside business hours.
func (h *hours) isOpen(t time.Time) bool {
	minute := floorMinute(t)
	open, known := h.open[minute]
	if !known {
		open = h.look(time.Unix(minute*60, 0).In(h.loc))
		h.open[minute] = open
	}
	return open
}

// floorMinute returns the minute of an instant, counted from 1970.
func floorMinute(t time.Time) int64 { return t.Unix() / 60 }

// look computes isOpen for a wall time.
func (h *hours) look(wall time.Time) bool {
	clock := wall.Format("15:04")
	for _, of := range h.on(wall) {
		if of.open < of.close && of.open <= clock && clock < of.close {
			return true
		}
		if of.close < of.open && of.open <= clock {
			return true
		}
	}
	// What began on the evening before.
	eve := time.Date(wall.Year(), wall.Month(), wall.Day(), 12, 0, 0, 0, time.UTC).AddDate(0, 0, -1)
	for _, of := range h.on(eve) {
		if of.close < of.open && clock < of.close {
			return true
		}
	}
	return false
}

type interval struct{ open, close string }

// on returns the intervals of a date.
func (h *hours) on(day time.Time) []interval {
	date, exceptional := day.Format("2006-01-02"), false
	var out []interval
	for _, e := range h.conf.Exceptions {
		if e.Date == date {
			exceptional = true
			if !e.Closed {
				out = append(out, interval{e.Open, e.Close})
			}
		}
	}
	if exceptional {
		return out
	}
	names := [...]chatcfg.Day{
		chatcfg.Sunday, chatcfg.Monday, chatcfg.Tuesday, chatcfg.Wednesday,
		chatcfg.Thursday, chatcfg.Friday, chatcfg.Saturday,
	}
	for _, w := range h.conf.Weekly {
		if w.Day == names[day.Weekday()] {
			out = append(out, interval{w.Open, w.Close})
		}
	}
	return out
}

// add returns the instant by which d of business time has passed since from.
func (h *hours) add(from time.Time, d time.Duration) time.Time {
	at := from
	for range 60 * 24 * 400 {
		next := time.Unix((floorMinute(at)+1)*60, 0).UTC()
		if h.isOpen(at) {
			if left := next.Sub(at); d <= left {
				return at.Add(d)
			} else {
				d -= left
			}
		}
		at = next
	}
	panic("sim: hours that never open")
}

// between returns the business time from one instant to another.
func (h *hours) between(from, to time.Time) time.Duration {
	var sum time.Duration
	for at := from; at.Before(to); {
		next := time.Unix((floorMinute(at)+1)*60, 0).UTC()
		if next.After(to) {
			next = to
		}
		if h.isOpen(at) {
			sum += next.Sub(at)
		}
		at = next
	}
	return sum
}

// sameClosing reports whether two instants, both closed, are in one closed interval: no
// open minute lies between them.
func (h *hours) sameClosing(a, b time.Time) bool {
	for m := floorMinute(a); m <= floorMinute(b); m++ {
		if h.isOpen(time.Unix(m*60, 0)) {
			return false
		}
	}
	return true
}

// after returns when a duration has passed on a clock.
func after(from time.Time, d time.Duration, clock chatcfg.Clock, h *hours) time.Time {
	if clock != chatcfg.Business {
		return from.Add(d)
	}
	return h.add(from, d)
}
