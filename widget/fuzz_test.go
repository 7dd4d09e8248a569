package widget_test

import (
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// R1.5 Whatever the URL and the key, the snippet is refused or one script element
// that loads from the URL and holds the key, and nothing else.
func FuzzSnippet(f *testing.F) {
	for _, seed := range []string{
		"https://tienda.cl/chat/", "http://localhost:8080", "javascript:alert(1)", "https://x/\"><script>", "https://u:p@x/", "//x", "https://x/a b'&<",
		"https://[::1]/", "https://ñ.cl/%22", "https://x?y", "https:// x",
	} {
		f.Add(seed, "ck_abc")
		f.Add("https://tienda.cl/chat/", seed)
	}
	f.Fuzz(func(t *testing.T, base, key string) {
		snippet, err := widget.Snippet(base, chatcfg.Account{Key: key})
		if err != nil {
			assert.Empty(t, snippet)
			return
		}
		assert.Regexp(t, `^(?i)https?://`, base)
		tokens := html.NewTokenizer(strings.NewReader(snippet))
		require.Equal(t, html.StartTagToken, tokens.Next())
		token := tokens.Token()
		assert.Equal(t, "script", token.Data)
		attributes := map[string]string{}
		for _, a := range token.Attr {
			attributes[a.Key] = a.Val
		}
		require.Len(t, attributes, 3)
		assert.True(t, strings.HasSuffix(attributes["src"], "/loader.js"))
		assert.Regexp(t, `^https?://`, attributes["src"])
		assert.Equal(t, normal(key), normal(attributes["data-charla"]))
		require.Equal(t, html.EndTagToken, tokens.Next())
		require.Equal(t, html.ErrorToken, tokens.Next(), "something follows")
	})
}

// normal is a text as HTML reads it: it has one kind of line end, and no NUL.
func normal(s string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "\ufffd").Replace(s)
}
