package chatcfg

import (
	"math"
	"slices"
	"sort"
	"time"
)

// run is a stretch of dates that are as usual, or all alike.
type run struct {
	from  int64
	usual bool
	day   day // if not as usual
	// before is how much was open before from; of a usual run how much more than
	// usual.
	before int64
}

// newCalendar returns a calendar of spans in minutes: those of each weekday, from Thursday,
// and the exceptions. A span that ends before it starts is overnight.
func newCalendar(loc *time.Location, weekly [7][]span, exceptions []dates) *Calendar {
	c := &Calendar{loc: loc, runs: []run{{from: math.MinInt64, usual: true}}}
	for i := range c.week {
		c.week[i] = makeDay(weekly[i], weekly[(i+6)%7])
		c.before[i+1] = c.before[i] + c.week[i].total
	}

	// An empty, non-nil list is closed.
	yearly, single := map[int64][]span{}, map[int64][]span{}
	var ranges []*dates
	var cuts []int64
	for i := range exceptions {
		ex := &exceptions[i]
		switch ex.kind {
		case everyYear:
			yearly[ex.from] = append(append([]span{}, yearly[ex.from]...), ex.spans...)
			continue
		case oneDate:
			single[ex.from] = append(append([]span{}, single[ex.from]...), ex.spans...)
		case dateRange:
			ranges = append(ranges, ex)
		}
		// The first date and the one after the last have another day before them.
		cuts = append(cuts, ex.from, ex.from+1, ex.to+1, ex.to+2)
	}
	if len(yearly) > 0 {
		c.years = newYears(weekly, yearly)
	}

	// begins are the spans that begin on a date, and whether an exception of that date
	// or range says so.
	begins := func(date int64) (spans []span, special bool) {
		if spans, special = single[date]; special {
			return spans, true
		}
		for _, r := range ranges {
			if r.from <= date && date <= r.to {
				spans, special = append(spans, r.spans...), true
			}
		}
		if special {
			return spans, true
		}
		if len(yearly) > 0 {
			_, month, d := time.Unix(date*secondsPerDay, 0).UTC().Date()
			if spans, ok := yearly[monthDay(month, d)]; ok {
				return spans, false
			}
		}
		return weekly[floorMod(date, 7)], false
	}
	slices.Sort(cuts)
	for _, date := range slices.Compact(cuts) {
		_, before := c.at(date)
		own, special := begins(date)
		eve, eveSpecial := begins(date - 1)
		if special || eveSpecial {
			c.runs = append(c.runs, run{from: date, day: makeDay(own, eve), before: before})
			continue
		}
		_, usual := c.usual(date)
		c.runs = append(c.runs, run{from: date, usual: true, before: before - usual})
	}
	return c
}

// at returns a date's day, and how many seconds are open before the date, as [Calendar.count]
// counts.
func (c *Calendar) at(date int64) (*day, int64) {
	i := 0
	if len(c.runs) > 1 && date >= c.runs[1].from {
		i = sort.Search(len(c.runs), func(i int) bool { return c.runs[i].from > date }) - 1
	}
	r := &c.runs[i]
	if r.usual {
		d, before := c.usual(date)
		return d, before + r.before
	}
	return &r.day, r.before + (date-r.from)*r.day.total
}

// usual returns what at does, without the exceptions of single dates and ranges.
func (c *Calendar) usual(date int64) (*day, int64) {
	week, weekday := floorDiv(date, 7), floorMod(date, 7)
	d, before := &c.week[weekday], week*c.before[7]+c.before[weekday]
	if c.years == nil {
		return d, before
	}
	special, extra := c.years.at(date)
	if special != nil {
		d = special
	}
	return d, before + extra
}

// The calendar repeats after 400 years, which are whole weeks. A cycle begins with a
// leap year, such as 2000.
const (
	cycleYears = 400
	cycleDays  = 146_097
	// epoch is the day 1970-01-01, counted from 0000-01-01.
	epoch = 719_528
)

// daysBefore returns how many days of a cycle are before a year of it.
func daysBefore(year int64) int64 {
	return 365*year + (year+3)/4 - (year+99)/100 + (year+399)/400
}

// years are the dates on which something begins or ends by a date of every year. A year
// is of one of 14 kinds: by its first weekday and by whether it has 29 February.
type years struct {
	kinds [14][]yearDay
	// extra is how much more than by the week is open in the years of a cycle before
	// each.
	extra [cycleYears + 1]int64
}

// yearDay is a date that is unlike its weekday.
type yearDay struct {
	// date counts from the year's first.
	date int64
	day  day
	// extra is how much more than by the week is open in the year before it.
	extra int64
}

// newYears returns the years of a cycle: for each kind of year the days that differ
// from the usual week because of the yearly exceptions, which are by [monthDay], and
// the open seconds that they add.
func newYears(weekly [7][]span, yearly map[int64][]span) *years {
	var y years
	var extra [14]int64
	for year := range int64(cycleYears) {
		kind := kindOf(year)
		if y.kinds[kind] == nil {
			y.kinds[kind], extra[kind] = yearDays(year, weekly, yearly)
		}
		y.extra[year+1] = y.extra[year] + extra[kind]
	}
	return &y
}

// kindOf returns the kind of a year of a cycle, from 0 to 13: the weekday on which it
// begins, and whether it has 366 days.
func kindOf(year int64) int64 {
	kind := floorMod(daysBefore(year)-epoch, 7) * 2
	if daysBefore(year+1)-daysBefore(year) == 366 {
		kind++
	}
	return kind
}

// yearDays returns the days of a year that differ from the usual week, and how many seconds
// more than by that week are open in the year. One more element, after every date, ends the
// days.
func yearDays(year int64, weekly [7][]span, yearly map[int64][]span) (days []yearDay, extra int64) {
	begins := func(date int64) ([]span, bool) {
		_, month, d := time.Unix(date*secondsPerDay, 0).UTC().Date()
		spans, ok := yearly[monthDay(month, d)]
		if !ok {
			spans = weekly[floorMod(date, 7)]
		}
		return spans, ok
	}
	first := daysBefore(year) - epoch
	for date := first; date < daysBefore(year+1)-epoch; date++ {
		own, special := begins(date)
		eve, eveSpecial := begins(date - 1)
		if special || eveSpecial {
			d := makeDay(own, eve)
			days = append(days, yearDay{date: date - first, day: d, extra: extra})
			usual := makeDay(weekly[floorMod(date, 7)], weekly[floorMod(date-1, 7)])
			extra += d.total - usual.total
		}
	}
	return append(days, yearDay{date: math.MaxInt64, extra: extra}), extra
}

// at returns a date's day, nil if it is as in the usual week, and how many seconds more than
// by that week are open before it.
func (y *years) at(date int64) (*day, int64) {
	cycle, in := floorDiv(date+epoch, cycleDays), floorMod(date+epoch, cycleDays)
	year := in / 366
	for daysBefore(year+1) <= in {
		year++
	}
	in -= daysBefore(year)
	days := y.kinds[kindOf(year)]
	i := sort.Search(len(days), func(i int) bool { return days[i].date >= in })
	extra := cycle*y.extra[cycleYears] + y.extra[year] + days[i].extra
	if days[i].date == in {
		return &days[i].day, extra
	}
	return nil, extra
}
