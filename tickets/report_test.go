package tickets_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R11.8: a report is CSV that a spreadsheet opens, and no key is a formula to it.
func TestReportCSV(t *testing.T) {
	t.Parallel()
	hour := tickets.Times{Count: 2, Mean: tickets.Span(90*time.Minute + 500*time.Millisecond), P50: tickets.Span(time.Hour), P90: tickets.Span(2 * time.Hour), Limited: 1, InTime: 1}
	one := tickets.Report{
		Open: 1, Ignored: 2, Closed: 3, Important: 4, Delayed: 5, First: hour, All: hour,
		Ratings: tickets.Ratings{Asked: 9, Scores: [5]int64{1, 0, 2, 0, 3}},
	}
	keys := map[string]string{
		"": "", "ana": "ana", `a "b", c` + "\n": `a "b", c` + "\n", "Venta/Cotización": "Venta/Cotización", "'": "'", "a=1": "a=1",
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", " =1": "' =1", "\t1": "'\t1", "\n=1": "'\n=1", "\u00a0=1": "'\u00a0=1", "＝1": "'＝1",
		"\u200b=1": "'\u200b=1", "\u202e+1": "'\u202e+1", "\ufeff@1": "'\ufeff@1", "−1": "'−1", "﹦1": "'﹦1", "Ventas;=1+1": "Ventas;=1+1", "Ventas\t=1+1": "Ventas\t=1+1",
	}
	var r tickets.Report
	var want []string
	for key, cell := range keys {
		r.Groups = append(r.Groups, tickets.ReportGroup{Key: key, Report: one})
		want = append(want, cell)
	}
	lines := read(t, &r)
	require.Len(t, lines, 1+len(keys))
	for i, line := range lines[1:] {
		assert.Equal(t, want[i], line[0])
		assert.Equal(t, []string{
			"1", "2", "3", "4", "5", "9", "1", "0", "2", "0", "3",
			"2", "5400.5", "3600", "7200", "1", "1", "2", "5400.5", "3600", "7200", "1", "1",
		}, line[1:])
		assert.Len(t, line, len(lines[0]), "a heading each")
	}

	headings := slices.Clone(lines[0])
	slices.Sort(headings)
	assert.Len(t, slices.Compact(headings), len(lines[0]), "each heading once")
	for _, heading := range lines[0] {
		if strings.Contains(heading, "mean") || strings.Contains(heading, "p50") || strings.Contains(heading, "p90") {
			assert.True(t, strings.HasSuffix(heading, " (s)"), "%s has a unit", heading)
		}
	}

	lines = read(t, &one)
	require.Len(t, lines, 2, "without groups: all of it")
	assert.Equal(t, []string{"", "1"}, lines[1][:2])

	var named bytes.Buffer
	require.NoError(t, one.WriteCSV(&named, []string{`el "1"`, "=2"}))
	assert.True(t, strings.HasPrefix(named.String(), `"el ""1""","'=2","ignored",`), named.String())

	failure := errors.New("full")
	require.ErrorIs(t, one.WriteCSV(failing{failure}, nil), failure)
}

func read(t *testing.T, r *tickets.Report) [][]string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteCSV(&b, nil))
	lines, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	return lines
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// R11.8: whatever a spreadsheet takes for the separator, a key stays one text, and none is a
// formula to it.
func TestReportCSVSeparators(t *testing.T) {
	t.Parallel()
	for _, separator := range ";\t|:" {
		for _, text := range []string{"=1+1", "+1", `"=1+1`, `";"=1+1`} {
			r := tickets.Report{Groups: []tickets.ReportGroup{{Key: "Ventas" + string(separator) + text}}}
			var b bytes.Buffer
			require.NoError(t, r.WriteCSV(&b, nil))
			for line := range strings.Lines(b.String()) {
				inside := false
				for i, c := range line {
					if c == '"' {
						inside = !inside
					} else if c == separator {
						assert.True(t, inside, "%q at %d", line, i)
					}
				}
				assert.True(t, strings.HasPrefix(line, `"`), line)
			}
		}
	}
}
