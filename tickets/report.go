package tickets

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Report is R2.7's figures of an account over a period, from inclusive, to
// exclusive.
type Report struct {
	// Tickets created in the period, by their status now, and how many of them
	// are important or delayed now.
	Open      int64 `json:"open"`
	Ignored   int64 `json:"ignored"`
	Closed    int64 `json:"closed"`
	Important int64 `json:"important"`
	Delayed   int64 `json:"delayed"`
	// Ratings are how customers rated the tickets created in the period.
	Ratings Ratings `json:"ratings"`
	// First are the first answers of tickets, All every answer, given in the
	// period.
	First Times `json:"first"`
	All   Times `json:"all"`
	// Groups are the same figures of each part, by its key, if the report is asked for by
	// groups (R11.8); theirs have no groups.
	Groups []ReportGroup `json:"groups,omitempty"`
}

// ReportGroup are the figures of one part of a report.
type ReportGroup struct {
	// Key is what the part has in common, as [Grouping] says.
	Key string `json:"key"`
	Report
}

// Grouping says by what a report is divided (R11.8). The zero value: it is not.
type Grouping string

const (
	// ByAgent are tickets by who has them now, answers by who gave them. The key is the
	// agent's ID; empty: nobody.
	ByAgent Grouping = "agent"
	// ByTeam are tickets by the team that has them now, answers by that of their tickets.
	// The key is empty for none.
	ByTeam Grouping = "team"
	// ByCategory are tickets by their category now, answers by that of their tickets. The
	// key is empty for none.
	ByCategory Grouping = "category"
	// ByHour is by the hour, in the account's time zone, in which a ticket was created or
	// an answer given: "00" to "23".
	ByHour Grouping = "hour"
	// ByWeekday is by the day instead of the hour, from "monday" on.
	ByWeekday Grouping = "weekday"
)

// Times are figures of response times, all zero if there are none. They are
// measured on the SLA's clock: on business hours an answer while closed took no
// time.
type Times struct {
	Count int64 `json:"count"`
	// Mean is cut to the microsecond; the percentiles are by nearest rank: the
	// smallest time that at least that share of all do not exceed.
	Mean Span `json:"mean"`
	P50  Span `json:"p50"`
	P90  Span `json:"p90"`
	// Limited are those that had an SLA, InTime those of them that did not
	// exceed it.
	Limited int64 `json:"limited"`
	InTime  int64 `json:"inTime"`
}

// Ratings are how customers answered to how it was (R14.3).
type Ratings struct {
	// Asked are the tickets whose customers were asked, or answered.
	Asked int64 `json:"asked"`
	// Scores are how many rated 1, 2, 3, 4 and 5.
	Scores [5]int64 `json:"scores"`
}

// Given returns how many tickets were rated.
func (r Ratings) Given() (n int64) {
	for _, count := range r.Scores {
		n += count
	}
	return n
}

// Mean returns the mean score; zero without ratings.
func (r Ratings) Mean() float64 {
	var sum int64
	for i, count := range r.Scores {
		sum += int64(i+1) * count
	}
	return float64(sum) / float64(max(r.Given(), 1))
}

// Share returns the share of those asked who answered, from 0 to 1.
func (r Ratings) Share() float64 { return float64(r.Given()) / float64(max(r.Asked, 1)) }

// WriteCSV writes the report as CSV (RFC 4180) with a line for each group, or one line if it
// has none. Texts are quoted, so that no spreadsheet cuts them, whatever its separator; one that
// it would take for a formula gets an apostrophe in front.
// The columns, times in seconds:
//
//	key                                              a group's; empty without groups
//	open, ignored, closed, important, delayed        tickets created in the period
//	asked, rated 1, rated 2, rated 3, rated 4, rated 5
//	first answers, first mean (s), first p50 (s), first p90 (s), first limited, first in time
//	all answers, all mean (s), all p50 (s), all p90 (s), all limited, all in time
//
// heads call the columns otherwise, in their order, as for readers of another language; nil: as
// they are called here.
//
// It fails as w does.
func (r *Report) WriteCSV(w io.Writer, heads []string) error {
	head := []string{
		"key", "open", "ignored", "closed", "important", "delayed", "asked", "rated 1", "rated 2", "rated 3", "rated 4", "rated 5",
		"first answers", "first mean (s)", "first p50 (s)", "first p90 (s)", "first limited", "first in time",
		"all answers", "all mean (s)", "all p50 (s)", "all p90 (s)", "all limited", "all in time",
	}
	copy(head, heads)
	for i := range head {
		head[i] = noFormula(head[i])
	}
	lines := [][]string{head}
	for _, group := range r.Groups {
		lines = append(lines, group.line(group.Key))
	}
	if len(r.Groups) == 0 {
		lines = append(lines, r.line(""))
	}
	out := bufio.NewWriter(w)
	for i, line := range lines {
		for j, cell := range line {
			if i == 0 || j == 0 {
				cell = quoted(cell)
			}
			if j > 0 {
				cell = "," + cell
			}
			_, _ = out.WriteString(cell) // Flush says whether it could
		}
		_, _ = out.WriteString("\r\n")
	}
	return out.Flush()
}

// quoted returns a text as a quoted field of CSV.
func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// line returns the report as a line of CSV without its groups.
func (r *Report) line(key string) []string {
	line := []string{noFormula(key)}
	numbers := append([]int64{r.Open, r.Ignored, r.Closed, r.Important, r.Delayed, r.Ratings.Asked}, r.Ratings.Scores[:]...)
	for _, n := range numbers {
		line = append(line, strconv.FormatInt(n, 10))
	}
	for _, t := range []Times{r.First, r.All} {
		line = append(line, strconv.FormatInt(t.Count, 10))
		for _, d := range []Span{t.Mean, t.P50, t.P90} {
			line = append(line, strconv.FormatFloat(d.Std().Seconds(), 'f', -1, 64))
		}
		line = append(line, strconv.FormatInt(t.Limited, 10), strconv.FormatInt(t.InTime, 10))
	}
	return line
}

// noFormula returns a text with an apostrophe in front if a spreadsheet would take it for a
// formula: its first character that shows says so.
func noFormula(text string) string {
	begin := strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc) })
	if first, _ := utf8.DecodeRuneInString(begin); strings.ContainsRune("=+-@＝＋－＠﹦﹢﹣﹫−", first) || strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "\r") {
		return "'" + text
	}
	return text
}
