package chatcfg_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSince: R4.8: what saves mean for rules is stored with a key for each of
// their instants, which is how versions that knew one rule only had stored it.
func TestSince(t *testing.T) {
	t.Parallel()
	const stored = `{"autoCloseChanged":"2026-03-02T13:00:00Z","autoCloseOn":"2026-03-02T12:00:00Z","running":7,"runningAt":"2026-03-02T14:00:00Z"}`
	at := func(hour int) time.Time { return time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC) }
	want := chatcfg.Since{
		Rules:   []chatcfg.RuleSince{{Rule: "autoClose", On: at(12), Changed: at(13)}},
		Running: 7, RunningAt: at(14),
	}
	var since chatcfg.Since
	require.NoError(t, json.Unmarshal([]byte(stored), &since))
	assert.Equal(t, want, since)
	body, err := json.Marshal(since)
	require.NoError(t, err)
	assert.JSONEq(t, stored, string(body))

	more := since.With(chatcfg.RuleSince{Rule: "another", Changed: at(15)})
	assert.Equal(t, want, since, "the one before is left as it was")
	assert.Equal(t, at(15), more.Rule("another").Changed)
	assert.Equal(t, chatcfg.RuleSince{Rule: "none"}, more.Rule("none"))
	body, err = json.Marshal(more)
	require.NoError(t, err)
	var back chatcfg.Since
	require.NoError(t, json.Unmarshal(body, &back))
	assert.Equal(t, more, back)

	past := more.Until(at(13).Add(time.Minute))
	assert.Equal(t, at(15), more.Rule("another").Changed, "the one before is left as it was")
	assert.Equal(t, chatcfg.Since{Rules: []chatcfg.RuleSince{
		{Rule: "another", Changed: at(13).Add(time.Minute)}, {Rule: "autoClose", On: at(12), Changed: at(13)},
	}, Running: 7, RunningAt: at(13).Add(time.Minute)}, past)
	assert.Equal(t, at(12), more.Until(at(12)).Rule("autoClose").Changed)

	require.NoError(t, json.Unmarshal([]byte(`{"later":{"unknown":true}}`), &since))
	assert.Zero(t, since, "keys of newer versions are passed over")
	require.Error(t, json.Unmarshal([]byte(`{"autoCloseOn":7}`), &since))
}
