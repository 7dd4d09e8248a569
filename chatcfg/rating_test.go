package chatcfg_test

import (
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRating: R14.3: what visitors read of chat.rating, what is refused and what is doubtful.
func TestRating(t *testing.T) {
	t.Parallel()
	base := chatcfg.Default(chatcfg.Spanish)
	base.Chat.Name, base.Chat.Domain = "Tienda", "tienda.cl"
	apply := func(patch string) (chatcfg.Config, error) {
		return chatcfg.Apply(base, []byte(`{"chat": {"rating": `+patch+`}}`))
	}
	assert.Equal(t, chatcfg.Rating{Scale: chatcfg.Stars, Reasons: []string{"manual"}}, base.Chat.Rating)
	assert.NotContains(t, base.Chat.Public(chatcfg.Spanish), "rating", "while it is off")

	cfg, err := apply(`{"enabled": true, "question": {"pt": "E aí?"}, "thanks": " \n "}`)
	require.NoError(t, err)
	public := func(l chatcfg.Locale) any { return cfg.Chat.Public(l)["rating"] }
	assert.Equal(t, map[string]any{"scale": chatcfg.Stars, "question": "E aí?", "thanks": "Thank you for telling us.", "comment": false}, public(chatcfg.English))
	cfg, err = apply(`{"enabled": true, "scale": "thumbs", "comment": true}`)
	require.NoError(t, err)
	for l, question := range map[chatcfg.Locale]string{
		chatcfg.Spanish: "¿Cómo fue la atención?", chatcfg.English: "How did we do?", chatcfg.Portuguese: "Como foi o atendimento?", "": "¿Cómo fue la atención?",
	} {
		assert.Equal(t, question, public(l).(map[string]any)["question"], l)
	}

	for patch, code := range map[string]chatcfg.Code{
		`{"enabled": true, "reasons": []}`:  chatcfg.CodeRequired,
		`{"reasons": ["manual", "manual"]}`: chatcfg.CodeDuplicate,
		`{"reasons": ["", "manual"]}`:       chatcfg.CodeBlank,
		`{"reasons": ["Manual"]}`:           chatcfg.CodeInvalidChoice,
		`{"reasons": "manual"}`:             chatcfg.CodeNotList,
		`{"scale": "hearts"}`:               chatcfg.CodeInvalidChoice,
		`{"scale": ""}`:                     chatcfg.CodeRequired,
		`{"question": "a\u0000b"}`:          chatcfg.CodeControlCharacter,
		`{"question": {"es": " "}}`:         chatcfg.CodeBlank,
	} {
		_, err := apply(patch)
		var problems chatcfg.Problems
		require.ErrorAs(t, err, &problems, patch)
		assert.Equal(t, code, problems[0].Code, patch)
	}

	warned := func(patch string) bool {
		cfg, err := chatcfg.Apply(base, []byte(patch))
		require.NoError(t, err)
		for _, p := range cfg.Lint() {
			if p.Code == chatcfg.WarnNeverAsked {
				return true
			}
		}
		return false
	}
	assert.True(t, warned(`{"chat": {"rating": {"enabled": true, "reasons": ["automatic", "customer"]}}}`))
	assert.False(t, warned(`{"chat": {"rating": {"enabled": false, "reasons": ["automatic", "customer"]}}}`))
	assert.False(t, warned(`{"chat": {"rating": {"enabled": true, "reasons": ["customer"]}, "visitorEnds": true}}`))
	assert.False(t, warned(`{"chat": {"rating": {"enabled": true, "reasons": ["automatic"]}}, "automation": {"autoClose": {"enabled": true, "after": {"value": 5, "unit": "minutes"}}}}`))
	assert.False(t, warned(`{"chat": {"rating": {"enabled": true}}}`))
}

// TestRatingCheck: R14.3: what a customer may answer on each scale.
func TestRatingCheck(t *testing.T) {
	t.Parallel()
	for _, scale := range []chatcfg.Scale{chatcfg.Stars, chatcfg.Thumbs} {
		for score := -1; score <= 6; score++ {
			r := chatcfg.Rating{Enabled: true, Scale: scale}
			var want chatcfg.Problems
			switch {
			case scale == chatcfg.Thumbs && score != 1 && score != 5:
				want = chatcfg.Problems{{Path: "score", Code: chatcfg.CodeInvalidChoice, Args: []any{score, "1, 5"}}}
			case score < 1, score > 5:
				want = chatcfg.Problems{{Path: "score", Code: chatcfg.CodeOutOfRange, Args: []any{1, 5}}}
			}
			assert.Equal(t, want, r.Check(score, " \u200b"), "%s: %d", scale, score)
			assert.Equal(t, append(want, chatcfg.Problem{Path: "comment", Code: chatcfg.CodeCommentOff}), r.Check(score, "Bien"), "%s: %d", scale, score)
			r.Comment = true
			assert.Equal(t, want, r.Check(score, "Bien,\ngracias"), "%s: %d", scale, score)
		}
	}
}
