package chatcfg

import (
	"cmp"
	"fmt"
	"time"
)

// dates are the dates of an exception, and the intervals that begin on each.
type dates struct {
	kind datesKind
	// from and to are both included; days from 1970-01-01, of a yearly one a
	// [monthDay].
	from, to int64
	spans    []span
}

// datesKind is what an exception's dates are given by. A smaller one replaces a larger.
type datesKind int

const (
	unreadable datesKind = iota
	oneDate
	dateRange
	everyYear
)

// monthDay returns a number for a date of every year; numbers sort as the dates do.
func monthDay(m time.Month, day int) int64 { return int64(m)*100 + int64(day) }

// dates returns the dates of each exception, and adds a problem for each that cannot be
// read; that one's kind is unreadable. It leaves out the spans.
func (h Hours) dates(add func(path string, code Code, args ...any)) []dates {
	list := make([]dates, len(h.Exceptions))
	for i, ex := range h.Exceptions {
		path := fmt.Sprintf("exceptions[%d]", i)
		day := func(key, s string) (int64, bool) {
			date, err := time.Parse(time.DateOnly, s)
			if err != nil {
				add(path+"."+key, CodeBadDate, s)
			}
			return floorDiv(date.Unix(), secondsPerDay), err == nil
		}
		isRange := ex.From != "" || ex.To != ""
		switch {
		case ex.Date != "" && ex.Yearly != "", isRange && ex.Date+ex.Yearly != "":
			add(path, CodeSeveralDates)
		case isRange:
			from, okFrom := day("from", ex.From)
			to, okTo := day("to", ex.To)
			if okFrom && okTo && to < from {
				add(path+".to", CodeReversedDates, ex.From, ex.To)
			} else if okFrom && okTo {
				list[i] = dates{kind: dateRange, from: from, to: to}
			}
		case ex.Yearly != "":
			// 2000 is a leap year.
			date, err := time.Parse(time.DateOnly, "2000-"+ex.Yearly)
			if err != nil {
				add(path+".yearly", CodeBadYearly, ex.Yearly)
				continue
			}
			on := monthDay(date.Month(), date.Day())
			list[i] = dates{kind: everyYear, from: on, to: on}
		default:
			if date, ok := day("date", ex.Date); ok {
				list[i] = dates{kind: oneDate, from: date, to: date}
			}
		}
	}
	return list
}

// closedBy returns the first of the dates that an exception of the same kind, or d's own,
// declares closed; false: there is none.
func (d *dates) closedBy(exceptions []Exception, all []dates) (date string, closed bool) {
	for i, ex := range exceptions {
		other := &all[i]
		if !ex.Closed {
			continue
		}
		if other == d { // whether it can be read or not
			return cmp.Or(ex.Date, ex.Yearly, ex.From, ex.To), true
		}
		if d.kind == unreadable || other.kind != d.kind || other.to < d.from || d.to < other.from {
			continue
		}
		first := max(d.from, other.from)
		if d.kind == everyYear {
			return fmt.Sprintf("%02d-%02d", first/100, first%100), true
		}
		return time.Unix(first*secondsPerDay, 0).UTC().Format(time.DateOnly), true
	}
	return "", false
}
