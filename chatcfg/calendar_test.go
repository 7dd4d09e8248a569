package chatcfg_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla/chatcfg"
)

func calendar(t testing.TB, h chatcfg.Hours) *chatcfg.Calendar {
	t.Helper()
	c, err := h.Compile()
	require.NoError(t, err)
	require.NotNil(t, c)
	return c
}

// office is open Monday to Friday from nine to six.
func office(zone string) chatcfg.Hours {
	h := chatcfg.Hours{Timezone: zone}
	for _, day := range []chatcfg.Day{"monday", "tuesday", "wednesday", "thursday", "friday"} {
		h.Weekly = append(h.Weekly, chatcfg.Interval{Day: day, Open: "09:00", Close: "18:00"})
	}
	return h
}

// at reads an instant with its offset.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	u, err := time.Parse("2006-01-02T15:04:05.999999999Z07:00", s)
	require.NoError(t, err)
	return u
}

// R4.9: whether it is open, by example.
func TestCalendarIsOpen(t *testing.T) {
	t.Parallel()
	const santiago = "America/Santiago"
	every := func(zone, open, close string) chatcfg.Hours {
		h := chatcfg.Hours{Timezone: zone}
		for _, day := range []chatcfg.Day{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
			h.Weekly = append(h.Weekly, chatcfg.Interval{Day: day, Open: open, Close: close})
		}
		return h
	}
	friday := chatcfg.Hours{Timezone: santiago, Weekly: []chatcfg.Interval{{Day: "friday", Open: "20:00", Close: "02:00"}}}
	saturdayClosed := friday
	saturdayClosed.Exceptions = []chatcfg.Exception{{Date: "2026-03-07", Closed: true}}
	fridayClosed := friday
	fridayClosed.Exceptions = []chatcfg.Exception{{Date: "2026-03-06", Closed: true}}
	fridayShort := friday
	fridayShort.Exceptions = []chatcfg.Exception{
		{Date: "2026-03-06", Open: "10:00", Close: "12:00"}, {Date: "2026-03-06", Open: "23:00", Close: "01:00"},
	}
	apia := chatcfg.Hours{Timezone: "Pacific/Apia", Weekly: []chatcfg.Interval{{Day: "friday", Open: "20:00", Close: "02:00"}}}
	for _, c := range []struct {
		name  string
		hours chatcfg.Hours
		at    string
		open  bool
	}{
		{"half-open: before", office(santiago), "2026-03-02T08:59:59.999999999-03:00", false},
		{"half-open: at the open", office(santiago), "2026-03-02T09:00:00-03:00", true},
		{"half-open: before the close", office(santiago), "2026-03-02T17:59:59.999999999-03:00", true},
		{"half-open: at the close", office(santiago), "2026-03-02T18:00:00-03:00", false},
		{"in the account's zone, not the instant's", office(santiago), "2026-03-02T22:30:00+11:00", false},
		{"in the account's zone, not UTC", office(santiago), "2026-03-02T20:59:00Z", true},
		{"weekend", office(santiago), "2026-03-07T12:00:00-03:00", false},

		{"24:00", every(santiago, "00:00", "24:00"), "2026-03-02T23:59:59.999-03:00", true},
		{"overnight, before midnight", friday, "2026-03-06T23:59:00-03:00", true},
		{"overnight, after midnight", friday, "2026-03-07T01:59:00-03:00", true},
		{"overnight, the end", friday, "2026-03-07T02:00:00-03:00", false},
		{"overnight, not the morning of its own day", friday, "2026-03-06T01:00:00-03:00", false},
		{"overnight whole though the next day is closed", saturdayClosed, "2026-03-07T01:59:00-03:00", true},
		{"overnight of a closed day, evening", fridayClosed, "2026-03-06T21:00:00-03:00", false},
		{"overnight of a closed day, after midnight", fridayClosed, "2026-03-07T01:00:00-03:00", false},
		{"exception replaces", fridayShort, "2026-03-06T20:30:00-03:00", false},
		{"exceptions add up, one", fridayShort, "2026-03-06T11:00:00-03:00", true},
		{"exceptions add up, other", fridayShort, "2026-03-07T00:59:00-03:00", true},
		{"exception's end, not the week's", fridayShort, "2026-03-07T01:00:00-03:00", false},
		{"another Friday is as usual", fridayShort, "2026-03-14T01:59:00-03:00", true},

		// 2026-09-06 00:00 to 00:59 does not exist in Chile.
		{"Chile: last second before the gap", every(santiago, "00:30", "08:00"), "2026-09-05T23:59:59-04:00", false},
		{"Chile: starts in the gap, so at its end", every(santiago, "00:30", "08:00"), "2026-09-06T01:00:00-03:00", true},
		{"Chile: wholly in the gap, never", every(santiago, "00:00", "01:00"), "2026-09-06T01:00:00-03:00", false},
		{"Chile: the day begins at one", every(santiago, "00:00", "24:00"), "2026-09-06T01:00:00-03:00", true},
		// 2026-04-04 23:00 to 23:59 comes twice in Chile.
		{"Chile: first pass", every(santiago, "23:00", "23:30"), "2026-04-04T23:29:59-03:00", true},
		{"Chile: closed between the passes", every(santiago, "23:00", "23:30"), "2026-04-04T23:30:00-03:00", false},
		{"Chile: second pass", every(santiago, "23:00", "23:30"), "2026-04-04T23:00:00-04:00", true},
		{"Chile: closed after the second pass", every(santiago, "23:00", "23:30"), "2026-04-04T23:30:00-04:00", false},
		{"Chile: overnight through both passes", every(santiago, "22:00", "02:00"), "2026-04-04T23:10:00-04:00", true},

		{"Lord Howe: half an hour twice, first", every("Australia/Lord_Howe", "01:30", "02:00"), "2026-04-05T01:59:00+11:00", true},
		{"Lord Howe: half an hour twice, second", every("Australia/Lord_Howe", "01:30", "02:00"), "2026-04-05T01:30:00+10:30", true},
		{"Lord Howe: over", every("Australia/Lord_Howe", "01:30", "02:00"), "2026-04-05T02:00:00+10:30", false},
		{"Troll: two hours left out", every("Antarctica/Troll", "02:00", "03:30"), "2026-03-29T03:30:00+02:00", false},
		{"Troll: open over the gap's end", every("Antarctica/Troll", "02:00", "03:30"), "2026-03-29T03:00:00+02:00", true},
		{"Apia: the Friday that was not, its night", apia, "2011-12-31T01:00:00+14:00", true},
		{"Apia: the Thursday before", apia, "2011-12-29T21:00:00-10:00", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.open, calendar(t, c.hours).IsOpen(at(t, c.at)))
		})
	}
}

// R4.9: the first open instant.
func TestCalendarNextOpen(t *testing.T) {
	t.Parallel()
	h := office("America/Santiago")
	h.Exceptions = []chatcfg.Exception{{Date: "2026-09-18", Closed: true}, {Date: "2026-12-31", Open: "09:00", Close: "12:00"}}
	c := calendar(t, h)
	midnight := calendar(t, chatcfg.Hours{Timezone: "America/Santiago", Weekly: []chatcfg.Interval{{Day: "sunday", Open: "00:00", Close: "02:00"}}})
	once := calendar(t, chatcfg.Hours{Timezone: "America/Santiago", Exceptions: []chatcfg.Exception{{Date: "2026-05-01", Open: "10:00", Close: "11:00"}}})
	for _, x := range []struct {
		name     string
		c        *chatcfg.Calendar
		at, want string
	}{
		{"open now", c, "2026-03-02T10:00:00.5-03:00", "2026-03-02T10:00:00.5-03:00"},
		{"this morning", c, "2026-03-02T03:00:00.7-03:00", "2026-03-02T09:00:00-03:00"},
		{"at the close", c, "2026-03-02T18:00:00-03:00", "2026-03-03T09:00:00-03:00"},
		{"over the weekend", c, "2026-03-06T18:00:00-03:00", "2026-03-09T09:00:00-03:00"},
		{"over a holiday and a weekend", c, "2026-09-17T18:00:00-03:00", "2026-09-21T09:00:00-03:00"},
		{"Chile: opens at the end of the gap", midnight, "2026-09-05T12:00:00-04:00", "2026-09-06T01:00:00-03:00"},
		{"one exception left", once, "2020-01-01T00:00:00Z", "2026-05-01T10:00:00-04:00"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			got, ok := x.c.NextOpen(at(t, x.at))
			require.True(t, ok)
			assert.True(t, got.Equal(at(t, x.want)), "%v", got)
		})
	}
	got, ok := once.NextOpen(at(t, "2026-05-01T11:00:00-04:00"))
	assert.False(t, ok)
	assert.Zero(t, got)
}

// R4.9, R2.5, R4.2: business time is counted to the nanosecond.
func TestCalendarAdd(t *testing.T) {
	t.Parallel()
	c := calendar(t, office("America/Santiago"))
	for _, x := range []struct {
		at   string
		d    time.Duration
		want string
	}{
		{"2026-03-02T10:00:00-03:00", 0, "2026-03-02T10:00:00-03:00"},
		{"2026-03-07T10:00:00-03:00", 0, "2026-03-07T10:00:00-03:00"},
		{"2026-03-07T10:00:00-03:00", -time.Hour, "2026-03-07T10:00:00-03:00"},
		{"2026-03-02T10:00:00.25-03:00", time.Hour, "2026-03-02T11:00:00.25-03:00"},
		{"2026-03-02T10:00:00.75-03:00", 500 * time.Millisecond, "2026-03-02T10:00:01.25-03:00"},
		{"2026-03-02T17:00:00-03:00", time.Hour, "2026-03-02T18:00:00-03:00"},
		{"2026-03-02T17:00:00-03:00", time.Hour + 1, "2026-03-03T09:00:00.000000001-03:00"},
		{"2026-03-02T17:59:59.9-03:00", 200 * time.Millisecond, "2026-03-03T09:00:00.1-03:00"},
		{"2026-03-06T19:00:00.9-03:00", 9 * time.Hour, "2026-03-09T18:00:00-03:00"},
		// Wall times, so the days of a change are nine hours as well.
		{"2026-04-03T09:00:00-03:00", 18 * time.Hour, "2026-04-06T18:00:00-04:00"},
	} {
		got, ok := c.Add(at(t, x.at), x.d)
		require.True(t, ok)
		assert.True(t, got.Equal(at(t, x.want)), "%s + %v = %v", x.at, x.d, got)
	}

	// A repeated hour counts twice.
	night := calendar(t, chatcfg.Hours{Timezone: "America/Santiago", Weekly: []chatcfg.Interval{{Day: "saturday", Open: "22:00", Close: "02:00"}}})
	assert.Equal(t, 5*time.Hour, night.Between(at(t, "2026-04-04T12:00:00-03:00"), at(t, "2026-04-05T12:00:00-04:00")))
	assert.Equal(t, 3*time.Hour, night.Between(at(t, "2026-09-05T12:00:00-04:00"), at(t, "2026-09-06T12:00:00-03:00")))
	assert.Zero(t, night.Between(at(t, "2026-04-05T12:00:00-04:00"), at(t, "2026-04-04T12:00:00-03:00")))
}

// R4.9: what never happens is said, and soon.
func TestCalendarNever(t *testing.T) {
	t.Parallel()
	once := calendar(t, chatcfg.Hours{Timezone: "America/Santiago", Exceptions: []chatcfg.Exception{
		{Date: "2026-05-01", Open: "10:00", Close: "11:00"}, {Date: "2026-05-02", Open: "22:00", Close: "01:00"},
	}})
	before := at(t, "2026-01-01T00:00:00Z")
	end, ok := once.Add(before, 4*time.Hour)
	assert.True(t, ok)
	assert.True(t, end.Equal(at(t, "2026-05-03T01:00:00-04:00")), "%v", end)
	_, ok = once.Add(before, 4*time.Hour+1)
	assert.False(t, ok)
	_, ok = once.Start(end, 4*time.Hour)
	assert.True(t, ok)
	_, ok = once.Start(end, 4*time.Hour+1)
	assert.False(t, ok)
	_, ok = once.Start(before, 1)
	assert.False(t, ok)
	half := at(t, "2026-05-01T10:30:00-04:00").Add(500 * time.Millisecond)
	start, ok := once.Start(half, 300*time.Millisecond)
	assert.True(t, ok)
	assert.Equal(t, half.Add(-300*time.Millisecond), start)

	// An instant beyond the year 9999 could not be written down.
	minute := calendar(t, chatcfg.Hours{Timezone: "America/Santiago", Weekly: []chatcfg.Interval{{Day: "monday", Open: "10:00", Close: "10:01"}}})
	_, ok = minute.Add(before, chatcfg.MaxDuration)
	assert.False(t, ok)
	_, ok = minute.Start(before, chatcfg.MaxDuration)
	assert.False(t, ok)
	_, ok = minute.Add(before, math.MaxInt64)
	assert.False(t, ok)
	assert.Equal(t, time.Duration(math.MaxInt64), calendar(t, chatcfg.Hours{Timezone: "UTC", Weekly: everyDay()}).
		Between(time.Time{}, at(t, "9000-01-01T00:00:00Z")))
}

func everyDay() []chatcfg.Interval {
	var all []chatcfg.Interval
	for _, day := range []chatcfg.Day{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
		all = append(all, chatcfg.Interval{Day: day, Open: "00:00", Close: "24:00"})
	}
	return all
}

// 365 days of business time at an hour a week are 168 years.
func TestCalendarLongest(t *testing.T) {
	t.Parallel()
	c := calendar(t, chatcfg.Hours{Timezone: "America/Santiago", Weekly: []chatcfg.Interval{{Day: "monday", Open: "09:00", Close: "10:00"}}})
	start := at(t, "2026-03-02T09:30:00-03:00")
	end, ok := c.Add(start, chatcfg.MaxDuration)
	require.True(t, ok)
	assert.Equal(t, 2194, end.Year())
	assert.Equal(t, chatcfg.MaxDuration, c.Between(start, end))
	back, ok := c.Start(end, chatcfg.MaxDuration)
	require.True(t, ok)
	assert.True(t, back.Equal(start))
}

func TestCalendarAllocatesNothing(t *testing.T) {
	h := office("America/Santiago")
	h.Exceptions = []chatcfg.Exception{{Date: "2026-09-18", Closed: true}}
	c, now := calendar(t, h), at(t, "2026-03-06T19:00:00-03:00")
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		c.IsOpen(now)
		c.NextOpen(now)
		c.Add(now, 72*time.Hour)
		c.Start(now, 72*time.Hour)
	}))
}

func TestCalendarConcurrentUse(t *testing.T) {
	t.Parallel()
	c, now := calendar(t, office("America/Santiago")), at(t, "2026-03-06T19:00:00-03:00")
	want, _ := c.NextOpen(now)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				got, ok := c.NextOpen(now)
				assert.True(t, ok && got.Equal(want))
			}
		})
	}
	group.Wait()
	assert.Equal(t, "America/Santiago", c.Location().String())
}

func BenchmarkCalendar(b *testing.B) {
	h := office("America/Santiago")
	for i := range 200 {
		day := time.Date(2026, 1, 1+7*i, 0, 0, 0, 0, time.UTC)
		h.Exceptions = append(h.Exceptions, chatcfg.Exception{Date: day.Format(time.DateOnly), Closed: true})
	}
	c := calendar(b, h)
	open, closed := at(b, "2026-03-06T11:00:00-03:00"), at(b, "2026-03-06T19:00:00-03:00")
	hour := calendar(b, chatcfg.Hours{Timezone: "America/Santiago", Weekly: []chatcfg.Interval{{Day: "monday", Open: "09:00", Close: "10:00"}}})
	for name, f := range map[string]func(){
		"IsOpen":         func() { c.IsOpen(open) },
		"NextOpenOpen":   func() { c.NextOpen(open) },
		"NextOpenClosed": func() { c.NextOpen(closed) },
		"AddDay":         func() { c.Add(closed, 24*time.Hour) },
		"StartDay":       func() { c.Start(closed, 24*time.Hour) },
		"Add168Years":    func() { hour.Add(open, chatcfg.MaxDuration) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
	b.Run("Compile", func(b *testing.B) {
		for b.Loop() {
			_, _ = h.Compile()
		}
	})
}
