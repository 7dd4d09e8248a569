package chatcfg_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/charlahq/charla/chatcfg"
)

// R5.1: keywords as people type them.
func TestSplitKeywords(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]string{
		"":                            {},
		" , \n,,\r\n\t":               {},
		"reclamo, urgente":            {"reclamo", "urgente"},
		"reclamo\r\nmal servicio\r\n": {"reclamo", "mal servicio"},
		"a,b;c d\ne":                  {"a", "b;c d", "e"},
		"退款、返金，我":                     {"退款", "返金", "我"},
		`"hola, mundo", recl*`:        {"hola, mundo", "recl*"},
		`“hola, mundo” y`:             {"hola, mundo y"},
		"«a, b»\n«c»*":                {"a, b", "c*"},
		`"dice ""ya, ya""",x`:         {`dice "ya, ya"`, "x"},
		`"sin cerrar, dos`:            {`"sin cerrar`, "dos"},
		`5" de alto, 3"`:              {`5" de alto`, `3"`},
		`"", "x"`:                     {"x"},
		"\"en\ndos, líneas\"":         {`"en`, "dos", `líneas"`},
	} {
		assert.Equal(t, want, chatcfg.SplitKeywords(s), "%q", s)
	}
}

// What is shown is read again as it was.
func TestJoinKeywords(t *testing.T) {
	t.Parallel()
	for _, keywords := range [][]string{
		{}, {"reclamo", "recl*", "mal servicio"}, {"hola, mundo", `dice "ya"`, `"entre comillas"`, `"a, b" y "c"`, "«x", "“y”", "a、b", `"`},
	} {
		assert.Equal(t, keywords, chatcfg.SplitKeywords(chatcfg.JoinKeywords(keywords)))
	}
	assert.Equal(t, "reclamo\n\"hola, mundo\"", chatcfg.JoinKeywords([]string{"reclamo", "hola, mundo"}))
}

func FuzzKeywords(f *testing.F) {
	f.Add("reclamo, \"hola, mundo\"*\n«a»")
	f.Fuzz(func(t *testing.T, s string) {
		keywords := chatcfg.SplitKeywords(s)
		for _, k := range keywords {
			assert.Equal(t, strings.TrimSpace(k), k)
		}
		assert.Equal(t, keywords, chatcfg.SplitKeywords(chatcfg.JoinKeywords(keywords)))
	})
}
