package chatcfg

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a host without zone files (a distroless image) must work
)

// The limits of [Hours].
const (
	// MaxWeekly is the largest number of weekly intervals.
	MaxWeekly = 100
	// MaxExceptions is the largest number of exceptions.
	MaxExceptions = 1000
)

// The codes of the problems of [Hours.Compile], with their args.
const (
	CodeUnknownTimezone Code = "unknown_timezone"  // the name
	CodeNoIntervals     Code = "no_intervals"      // none
	CodeUnknownDay      Code = "unknown_day"       // the day
	CodeBadTime         Code = "bad_time"          // the time
	CodeEqualTimes      Code = "equal_times"       // the time
	CodeBadDate         Code = "bad_date"          // the date
	CodeBadYearly       Code = "bad_yearly"        // the date of every year
	CodeReversedDates   Code = "reversed_dates"    // from and to
	CodeSeveralDates    Code = "several_dates"     // none
	CodeClosedWithTimes Code = "closed_with_times" // the date
)

// IsZero reports whether everything is missing: time zone, intervals, exceptions.
func (h Hours) IsZero() bool {
	return h.Timezone == "" && len(h.Weekly) == 0 && len(h.Exceptions) == 0
}

// IsOnlyZone reports whether there are no business hours: no intervals and no
// exceptions, with or without a time zone.
func (h Hours) IsOnlyZone() bool { return len(h.Weekly) == 0 && len(h.Exceptions) == 0 }

// Location returns the account's time zone: UTC if it has none, or one that is unknown.
func (h Hours) Location() *time.Location {
	if loc, ok := loadZone(h.Timezone); ok {
		return loc
	}
	return time.UTC
}

// Compile checks the hours and makes the calendar that answers questions about them
// (R4.9). Hours without intervals and exceptions, with a time zone or not, give nil and
// no error. It fails with [Problems], all of them, with paths relative to the hours,
// such as "weekly[2].close".
func (h Hours) Compile() (*Calendar, error) {
	if h.IsZero() {
		return nil, nil
	}
	var problems Problems
	add := func(path string, code Code, args ...any) {
		problems = append(problems, Problem{Path: path, Code: code, Args: args})
	}

	loc, ok := loadZone(h.Timezone)
	if !ok {
		add("timezone", CodeUnknownTimezone, h.Timezone)
	}
	tooMany := false
	if len(h.Weekly) > MaxWeekly {
		add("weekly", CodeTooMany, MaxWeekly)
		tooMany = true
	}
	if len(h.Exceptions) > MaxExceptions {
		add("exceptions", CodeTooMany, MaxExceptions)
		tooMany = true
	}
	if tooMany {
		return nil, problems
	}

	intervals := 0
	// times reads the two times of an interval, which are minutes of the day.
	times := func(path, open, close string) span {
		from, okFrom := parseMinute(open)
		okFrom = okFrom && from != minutesPerDay
		if !okFrom {
			add(path+".open", CodeBadTime, open)
		}
		to, okTo := parseMinute(close)
		if !okTo {
			add(path+".close", CodeBadTime, close)
		}
		if okFrom && okTo && from == to {
			add(path+".close", CodeEqualTimes, close)
		}
		return span{from, to}
	}

	var weekly [7][]span
	for i, in := range h.Weekly {
		intervals++
		path := fmt.Sprintf("weekly[%d]", i)
		day, ok := weekdays[in.Day]
		if !ok {
			add(path+".day", CodeUnknownDay, string(in.Day))
		}
		weekly[day] = append(weekly[day], times(path, in.Open, in.Close))
	}

	dates := h.dates(add)
	for i, ex := range h.Exceptions {
		path := fmt.Sprintf("exceptions[%d]", i)
		if ex.Closed && ex.Open == "" && ex.Close == "" {
			continue
		}
		intervals++
		if date, shut := dates[i].closedBy(h.Exceptions, dates); shut {
			add(path, CodeClosedWithTimes, date)
			continue
		}
		dates[i].spans = []span{times(path, ex.Open, ex.Close)}
	}
	if intervals == 0 && len(h.Exceptions) > 0 {
		add("weekly", CodeNoIntervals)
	}
	if len(problems) > 0 || h.IsOnlyZone() {
		return nil, problems.orNil()
	}
	return newCalendar(loc, weekly, dates), nil
}

// weekdays numbers the days from Thursday, the weekday of day 0 (1970-01-01).
var weekdays = map[Day]int{
	Thursday: 0, Friday: 1, Saturday: 2, Sunday: 3, Monday: 4, Tuesday: 5, Wednesday: 6,
}

// loadZone returns an IANA zone, or false if it is unknown. Names that are not IANA's count
// as unknown: the machine's own zone, and the variants that some machines have on disk.
func loadZone(name string) (*time.Location, bool) {
	switch name {
	case "", "Local", "localtime", "posixrules", "Factory":
		return nil, false
	}
	if strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/") {
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	return loc, err == nil
}

// parseMinute returns "HH:MM", from "00:00" to "24:00", as a minute of the day, or false for
// any other text.
func parseMinute(s string) (minute int, ok bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	for _, i := range [...]int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	hh := int(s[0]-'0')*10 + int(s[1]-'0')
	mm := int(s[3]-'0')*10 + int(s[4]-'0')
	minute = hh*60 + mm
	return minute, mm < 60 && minute <= minutesPerDay
}
