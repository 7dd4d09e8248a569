package chatcfg_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla/chatcfg"
)

// R4.9: no hours at all is a configuration, too.
func TestHoursZero(t *testing.T) {
	t.Parallel()
	for _, h := range []chatcfg.Hours{{}, {Weekly: []chatcfg.Interval{}, Exceptions: []chatcfg.Exception{}}, {Timezone: "America/Santiago"}} {
		assert.True(t, h.IsOnlyZone())
		assert.Equal(t, h.Timezone == "", h.IsZero())
		c, err := h.Compile()
		assert.NoError(t, err)
		assert.Nil(t, c)
	}
	for _, h := range []chatcfg.Hours{
		{Timezone: "UTC"}, {Weekly: make([]chatcfg.Interval, 1)}, {Exceptions: make([]chatcfg.Exception, 1)},
	} {
		assert.False(t, h.IsZero())
	}
	assert.Equal(t, "America/Santiago", chatcfg.Hours{Timezone: "America/Santiago"}.Location().String())
	assert.Equal(t, time.UTC, chatcfg.Hours{}.Location())
	assert.Equal(t, time.UTC, chatcfg.Hours{Timezone: "Local"}.Location())
}

// R4.9, R1.4: every problem, with its path.
func TestHoursCompileRefuses(t *testing.T) {
	t.Parallel()
	one := []chatcfg.Interval{{Day: "monday", Open: "09:00", Close: "18:00"}}
	weekly := func(open, close string) chatcfg.Hours {
		return chatcfg.Hours{Timezone: "UTC", Weekly: []chatcfg.Interval{{Day: "monday", Open: open, Close: close}}}
	}
	exceptions := func(e ...chatcfg.Exception) chatcfg.Hours {
		return chatcfg.Hours{Timezone: "UTC", Weekly: one, Exceptions: e}
	}
	problem := func(path string, code chatcfg.Code, args ...any) chatcfg.Problem {
		return chatcfg.Problem{Path: path, Code: code, Args: args}
	}
	cases := map[string]struct {
		hours chatcfg.Hours
		want  []chatcfg.Problem
	}{
		"only a zone, unknown":     {chatcfg.Hours{Timezone: "Nowhere"}, []chatcfg.Problem{problem("timezone", "unknown_timezone", "Nowhere")}},
		"no date":                  {exceptions(chatcfg.Exception{Closed: true}), []chatcfg.Problem{problem("exceptions[0].date", "bad_date", "")}},
		"two dates":                {exceptions(chatcfg.Exception{Date: "2026-05-01", Yearly: "05-01", Closed: true}), []chatcfg.Problem{problem("exceptions[0]", "several_dates")}},
		"a date and half a range":  {exceptions(chatcfg.Exception{Date: "2026-05-01", To: "2026-05-02", Closed: true}), []chatcfg.Problem{problem("exceptions[0]", "several_dates")}},
		"yearly":                   {exceptions(chatcfg.Exception{Yearly: "02-30", Closed: true}, chatcfg.Exception{Yearly: "18-09", Closed: true}, chatcfg.Exception{Yearly: "9-18", Closed: true}), []chatcfg.Problem{problem("exceptions[0].yearly", "bad_yearly", "02-30"), problem("exceptions[1].yearly", "bad_yearly", "18-09"), problem("exceptions[2].yearly", "bad_yearly", "9-18")}},
		"half a range":             {exceptions(chatcfg.Exception{From: "2026-05-01", Closed: true}, chatcfg.Exception{To: "2026-02-29", Closed: true}), []chatcfg.Problem{problem("exceptions[0].to", "bad_date", ""), problem("exceptions[1].from", "bad_date", ""), problem("exceptions[1].to", "bad_date", "2026-02-29")}},
		"from after to":            {exceptions(chatcfg.Exception{From: "2027-01-02", To: "2026-12-24", Closed: true}), []chatcfg.Problem{problem("exceptions[0].to", "reversed_dates", "2027-01-02", "2026-12-24")}},
		"a range closed and open":  {exceptions(chatcfg.Exception{From: "2026-12-24", To: "2027-01-02", Closed: true}, chatcfg.Exception{From: "2027-01-02", To: "2027-01-05", Open: "09:00", Close: "10:00"}), []chatcfg.Problem{problem("exceptions[1]", "closed_with_times", "2027-01-02")}},
		"every year, both":         {exceptions(chatcfg.Exception{Yearly: "09-18", Open: "09:00", Close: "10:00"}, chatcfg.Exception{Yearly: "09-18", Closed: true}), []chatcfg.Problem{problem("exceptions[0]", "closed_with_times", "09-18")}},
		"only closed":              {chatcfg.Hours{Timezone: "UTC", Exceptions: []chatcfg.Exception{{Date: "2026-01-01", Closed: true}}}, []chatcfg.Problem{problem("weekly", "no_intervals")}},
		"open at 24:00":            {weekly("24:00", "02:00"), []chatcfg.Problem{problem("weekly[0].open", "bad_time", "24:00")}},
		"24:00 to 24:00":           {weekly("24:00", "24:00"), []chatcfg.Problem{problem("weekly[0].open", "bad_time", "24:00")}},
		"close after 24:00":        {weekly("10:00", "24:01"), []chatcfg.Problem{problem("weekly[0].close", "bad_time", "24:01")}},
		"both bad":                 {weekly("9:00", "18.00"), []chatcfg.Problem{problem("weekly[0].open", "bad_time", "9:00"), problem("weekly[0].close", "bad_time", "18.00")}},
		"equal":                    {weekly("10:00", "10:00"), []chatcfg.Problem{problem("weekly[0].close", "equal_times", "10:00")}},
		"equal beside another":     {chatcfg.Hours{Timezone: "UTC", Weekly: []chatcfg.Interval{{Day: "monday", Open: "10:00", Close: "10:00"}, {Day: "monday", Open: "09:00", Close: "11:00"}}}, []chatcfg.Problem{problem("weekly[0].close", "equal_times", "10:00")}},
		"equal midnights":          {weekly("00:00", "00:00"), []chatcfg.Problem{problem("weekly[0].close", "equal_times", "00:00")}},
		"day":                      {chatcfg.Hours{Timezone: "UTC", Weekly: []chatcfg.Interval{{Day: "Monday", Open: "09:00", Close: "08:00"}, {Day: "lunes"}}}, []chatcfg.Problem{problem("weekly[0].day", "unknown_day", "Monday"), problem("weekly[1].day", "unknown_day", "lunes"), problem("weekly[1].open", "bad_time", ""), problem("weekly[1].close", "bad_time", "")}},
		"no such date":             {exceptions(chatcfg.Exception{Date: "2026-02-29", Closed: true}), []chatcfg.Problem{problem("exceptions[0].date", "bad_date", "2026-02-29")}},
		"date and time":            {exceptions(chatcfg.Exception{Date: "1/5/2026", Open: "08:00", Close: "8"}), []chatcfg.Problem{problem("exceptions[0].date", "bad_date", "1/5/2026"), problem("exceptions[0].close", "bad_time", "8")}},
		"neither closed nor open":  {exceptions(chatcfg.Exception{Date: "2026-05-01"}), []chatcfg.Problem{problem("exceptions[0].open", "bad_time", ""), problem("exceptions[0].close", "bad_time", "")}},
		"closed with times":        {exceptions(chatcfg.Exception{Date: "2026-05-01", Closed: true, Open: "09:00", Close: "10:00"}), []chatcfg.Problem{problem("exceptions[0]", "closed_with_times", "2026-05-01")}},
		"closed with another line": {exceptions(chatcfg.Exception{Date: "2026-05-01", Open: "09:00", Close: "10:00"}, chatcfg.Exception{Date: "2026-05-01", Closed: true}), []chatcfg.Problem{problem("exceptions[0]", "closed_with_times", "2026-05-01")}},
		"too many":                 {chatcfg.Hours{Timezone: "Nowhere", Weekly: slices.Repeat(one, 101), Exceptions: make([]chatcfg.Exception, 1001)}, []chatcfg.Problem{problem("timezone", "unknown_timezone", "Nowhere"), problem("weekly", "too_many", 100), problem("exceptions", "too_many", 1000)}},
	}
	for _, zone := range []string{"", "Local", "localtime", "posixrules", "Factory", "right/UTC", "posix/UTC", "../UTC", "America/Santiago2", "-03:00", "Chile"} {
		cases["zone "+zone] = struct {
			hours chatcfg.Hours
			want  []chatcfg.Problem
		}{chatcfg.Hours{Timezone: zone, Weekly: one}, []chatcfg.Problem{problem("timezone", "unknown_timezone", zone)}}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.hours.Compile()
			assert.Nil(t, got)
			var problems chatcfg.Problems
			require.ErrorAs(t, err, &problems)
			assert.Equal(t, chatcfg.Problems(c.want), problems)
		})
	}
}

// R4.9: what is unusual and right.
func TestHoursCompileTakes(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]chatcfg.Hours{
		"UTC":             {Timezone: "UTC", Weekly: []chatcfg.Interval{{Day: "sunday", Open: "00:00", Close: "24:00"}}},
		"until midnight":  {Timezone: "Asia/Kathmandu", Weekly: []chatcfg.Interval{{Day: "sunday", Open: "23:59", Close: "00:00"}}},
		"overlapping":     {Timezone: "UTC", Weekly: []chatcfg.Interval{{Day: "sunday", Open: "08:00", Close: "12:00"}, {Day: "sunday", Open: "11:00", Close: "14:00"}}},
		"closed twice":    {Timezone: "UTC", Weekly: everyDay(), Exceptions: []chatcfg.Exception{{Date: "2026-05-01", Closed: true}, {Date: "2026-05-01", Closed: true}}},
		"apart by kind":   {Timezone: "UTC", Weekly: everyDay(), Exceptions: []chatcfg.Exception{{Yearly: "12-25", Closed: true}, {From: "2026-12-24", To: "2026-12-26", Open: "09:00", Close: "10:00"}, {Date: "2026-12-25", Closed: true}}},
		"ranges apart":    {Timezone: "UTC", Weekly: everyDay(), Exceptions: []chatcfg.Exception{{From: "2026-12-24", To: "2026-12-24", Closed: true}, {From: "2026-12-25", To: "2026-12-26", Open: "09:00", Close: "10:00"}}},
		"leap day":        {Timezone: "UTC", Exceptions: []chatcfg.Exception{{Yearly: "02-29", Open: "22:00", Close: "06:00"}}},
		"a long range":    {Timezone: "UTC", Exceptions: []chatcfg.Exception{{From: "0001-01-01", To: "9999-12-31", Open: "22:00", Close: "06:00"}}},
		"only exceptions": {Timezone: "UTC", Exceptions: []chatcfg.Exception{{Date: "2028-02-29", Open: "22:00", Close: "06:00"}}},
		"the most":        {Timezone: "UTC", Weekly: slices.Repeat(everyDay()[:1], 100), Exceptions: slices.Repeat([]chatcfg.Exception{{Date: "2028-02-29", Open: "22:00", Close: "06:00"}}, 1000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := h.Compile()
			require.NoError(t, err)
			assert.NotNil(t, c)
		})
	}
}
