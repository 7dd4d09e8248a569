package charla_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/charlahq/charla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func isReplaced(err error) bool { return errors.Is(err, charla.ErrReplaced) }

// TestTokenIsNotPrinted: R7.1: a token does not show itself by any verb, alone or in an
// exported field, nor in a log, and neither does a visitor's handle; what converts or
// encodes it has the token itself.
func TestTokenIsNotPrinted(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	v := b.enter("juan")
	token := b.tokens[v]
	clear := string(token)
	require.Regexp(t, `^[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}$`, clear, "32 bytes of chance")
	type page struct {
		Token charla.Token `json:"token"`
	}
	hidden := func(shown, how string) {
		assert.NotContains(t, shown, clear, how)
		assert.NotContains(t, shown, fmt.Sprintf("%x", clear), how)
		assert.NotContains(t, shown, fmt.Sprintf("%X", clear), how)
		assert.NotContains(t, shown, fmt.Sprint([]byte(clear)), how)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%U", "%c", "%T", "%10.3s", "%!"} {
		for _, value := range []any{token, &token, page{token}, &page{token}, []charla.Token{token}, map[string]charla.Token{"a": token}, v} {
			hidden(fmt.Sprintf(verb, value), fmt.Sprintf("%s of a %T", verb, value))
		}
	}
	hidden(fmt.Sprint(token)+fmt.Sprintln(token)+token.String(), "Sprint")
	hidden(fmt.Errorf("token %v", token).Error(), "an error")
	assert.Equal(t, "(token)", fmt.Sprint(token))
	assert.Empty(t, fmt.Sprint(charla.Token("")), "none is none")

	var log bytes.Buffer
	for _, l := range []*slog.Logger{slog.New(slog.NewTextHandler(&log, nil)), slog.New(slog.NewJSONHandler(&log, nil))} {
		l.Info("x", "token", token, slog.Any("any", token), slog.Group("group", "token", token), "visitor", v)
	}
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "page", page{token})
	hidden(log.String(), "a log")
	assert.Contains(t, log.String(), "(token)")

	answer, err := json.Marshal(page{token})
	require.NoError(t, err)
	assert.JSONEq(t, `{"token": "`+clear+`"}`, string(answer), "what a host answers its page")
	var read page
	require.NoError(t, json.Unmarshal(answer, &read))
	assert.Equal(t, token, read.Token)
	encoded, err := json.Marshal(map[string]any{"visitor": v})
	require.NoError(t, err)
	assert.JSONEq(t, `{"visitor": {}}`, string(encoded), "a handle is no value")
}
