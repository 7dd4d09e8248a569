package charla_test

import (
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R11.8: reports by groups, of which hours and weekdays are those of the account's time
// zone.
func TestReportGroups(t *testing.T) {
	t.Parallel()
	b := setup(t, func(cfg *chatcfg.Config) { cfg.Hours.Timezone = "Asia/Kathmandu" }) // UTC+5:45
	b.clock.Set(time.Date(2026, 11, 29, 18, 14, 59, 0, time.UTC))                      // 23:59 on Sunday there
	_, err := b.enter("juan").Write(b.ctx, "hola", nil)
	require.NoError(t, err)
	b.clock.Add(2 * time.Second)
	second, err := b.enter("eva").Write(b.ctx, "hola", nil)
	require.NoError(t, err)
	b.clock.Add(time.Minute)
	_, err = b.agent(ana).Reply(b.ctx, second.Ref, "dime", nil)
	require.NoError(t, err)

	q := charla.ReportQuery{From: b.clock.Now().Add(-time.Hour), To: b.clock.Now().Add(time.Hour)}
	groups := func(by tickets.Grouping) (list []tickets.ReportGroup) {
		t.Helper()
		q.By = by
		r, err := b.account.Inbox().Report(b.ctx, q)
		require.NoError(t, err)
		assert.Equal(t, []int64{2, 1}, []int64{r.Open, r.All.Count}, "the whole")
		return r.Groups
	}
	minute := tickets.Span(time.Minute)
	answer := tickets.Times{Count: 1, Mean: minute, P50: minute, P90: minute}
	first, last := tickets.Report{Open: 1}, tickets.Report{Open: 1, First: answer, All: answer}
	assert.Empty(t, groups(""))
	for by, keys := range map[tickets.Grouping][2]string{tickets.ByAgent: {"", "ana"}, tickets.ByHour: {"00", "23"}, tickets.ByWeekday: {"monday", "sunday"}} {
		got := groups(by)
		want := []tickets.ReportGroup{{Key: keys[0], Report: first}, {Key: keys[1], Report: last}}
		if by != tickets.ByAgent {
			want[0].Report, want[1].Report = last, first
		}
		for i := range got { // whether they had a limit is the configuration's
			for _, times := range []*tickets.Times{&got[i].First, &got[i].All} {
				times.Limited, times.InTime = 0, 0
			}
		}
		assert.Equal(t, want, got, by)
	}

	var problems chatcfg.Problems
	q.By = "month"
	_, err = b.account.Inbox().Report(b.ctx, q)
	require.ErrorAs(t, err, &problems)
	assert.Equal(t, "by", problems[0].Path)
}

// TestReportOfNoAccount: R2.7, R1.6: there is no report of an account that does not exist, by
// whatever group; that of a deleted one is history.
func TestReportOfNoAccount(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.write(b.enter("juan"), "hola")
	require.NoError(t, b.account.Delete(b.ctx, "Tienda"))
	none := b.desk.Account(chatcfg.AccountID{UUID: uuid.New()}).Inbox()
	for _, by := range []tickets.Grouping{"", tickets.ByAgent, tickets.ByTeam, tickets.ByCategory, tickets.ByHour, tickets.ByWeekday} {
		q := charla.ReportQuery{From: start, To: start.Add(time.Hour), By: by}
		_, err := none.Report(b.ctx, q)
		require.ErrorIs(t, err, charla.ErrNotFound, by)
		r, err := b.account.Inbox().Report(b.ctx, q)
		require.NoError(t, err, by)
		assert.EqualValues(t, 1, r.Open, by)
	}
}
