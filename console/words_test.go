package console_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// wordRow is a line of words/: a text in each language.
type wordRow struct{ es, en, pt string }

// wordRows returns the lines of words/, and fails if one is not whole or stands twice.
func wordRows(t *testing.T) map[string]wordRow {
	t.Helper()
	names, err := filepath.Glob("words/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	all := map[string]wordRow{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			row := strings.Split(line, " | ")
			if !assert.Len(t, row, 3, "%s:%d wants Spanish | English | Portuguese", name, i+1) {
				continue
			}
			for _, one := range row {
				assert.NotEmpty(t, one, "%s:%d", name, i+1)
				assert.Equal(t, strings.TrimSpace(one), one, "%s:%d", name, i+1)
			}
			_, twice := all[row[0]]
			assert.False(t, twice, "%s:%d stands twice", name, i+1)
			all[row[0]] = wordRow{row[0], row[1], row[2]}
		}
	}
	return all
}

// sources returns the templates and the Go files that are no tests, by name.
func sources(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"templates/*.html", "*.go"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			all[name] = string(text)
		}
	}
	return all
}

// texts are the places at which a source has a text for readers: t "…" and .t("…"); and the two
// texts of n … "…" "…" and .n(…, "…", "…").
var texts = []*regexp.Regexp{
	regexp.MustCompile(`\bt "([^"]+)"`),
	regexp.MustCompile(`\b[vb]\.t\("([^"]+)"`),
	regexp.MustCompile(`(?:\{\{n |\bv\.n\()[^"\n]*"([^"]+)",? "([^"]+)"`),
}

// TestWords: each text that the sources have for readers has a line in words/, each line is of
// a text that they have, and its translations take the same values in the same order.
func TestWords(t *testing.T) {
	t.Parallel()
	rows, all, found := wordRows(t), sources(t), 0
	for name, text := range all {
		for _, find := range texts {
			for _, m := range find.FindAllStringSubmatch(text, -1) {
				for _, one := range m[1:] {
					found++
					_, ok := rows[one]
					assert.True(t, ok, "%s: %q has no line in words/", name, one)
				}
			}
		}
	}
	assert.Greater(t, found, 400)
	verb := regexp.MustCompile(`%[a-z%]`)
	for _, row := range rows {
		used := false
		for _, text := range all {
			used = used || strings.Contains(text, `"`+row.es+`"`)
		}
		assert.True(t, used, "%q: no source has it", row.es)
		for _, other := range []string{row.en, row.pt} {
			assert.Equal(t, verb.FindAllString(row.es, -1), verb.FindAllString(other, -1), "%q", other)
		}
	}
}

// TestNoOtherLanguage: a page has no text of a language that is not the reader's.
func TestNoOtherLanguage(t *testing.T) {
	t.Parallel()
	rows := wordRows(t)
	for _, lang := range []chatcfg.Locale{chatcfg.English, chatcfg.Portuguese} {
		t.Run(string(lang), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.post("/desk/preferences", url.Values{"lang": {string(lang)}})
			b.config(func(c *chatcfg.Config) {
				name, domain := c.Chat.Name, c.Chat.Domain
				*c = chatcfg.Default(lang)
				c.Chat.Name, c.Chat.Domain = name, domain
			})
			_, ref := b.customerWith(charla.Entry{Name: "Carla", Email: "carla@example.com"}, "OK")
			account := "/desk/a/" + b.account.ID().String()
			for _, path := range []string{
				"/desk/channels", b.channel(), b.inbox(), b.inbox() + "?view=closed", b.ticket(ref),
				account + "/report", account + "/report?by=hour", account + "/outbox", account + "/contacts", account + "/nothing",
			} {
				text := readable(b.get(path))
				for _, row := range rows {
					mine, others := row.en, []string{row.es, row.pt}
					if lang == chatcfg.Portuguese {
						mine, others = row.pt, []string{row.es, row.en}
					}
					for _, other := range others {
						// Short ones may be part of another text; the pages of the browser's test have them.
						if other != mine && strings.Contains(other, " ") && len(other) > 9 && !strings.Contains(mine, other) && !strings.Contains(other, "%") {
							assert.NotContains(t, text, other, path)
						}
					}
				}
				assert.NotRegexp(t, `[¿¡«ñ]`, strings.ReplaceAll(text, "Español", ""), path)
			}
		})
	}
}

// TestPreferredLanguage: the first page is in the browser's language, by the order and the
// weights of Accept-Language; in Spanish if the console has none of them.
func TestPreferredLanguage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for accept, want := range map[string]string{
		"": "es", "pt-BR,pt;q=0.9,en;q=0.8": "pt", "PT": "pt", "fr-FR,en;q=0.7,pt;q=0.3": "en", "en;q=0.2, pt;q=0.7": "pt",
		"fr": "es", "pt;q=0": "es", "pt;q=x,en": "en", "pt;q=9": "es", "*": "es", ";;,,-": "es",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+"/desk/channels", http.NoBody)
		require.NoError(t, err)
		r.Header.Set("Accept-Language", accept)
		assert.Contains(t, b.answer(b.client.Do(r)).text, `<html lang="`+want+`"`, accept)
	}
}

// readable returns the texts of a page, those of its attributes too, without what is the
// account's own and stands in no language of the console.
func readable(p *page) string {
	var own []*html.Node
	p.each(func(n *html.Node) {
		if attr(n, "translate") == "no" {
			own = append(own, n)
		}
	})
	for _, n := range own {
		for n.FirstChild != nil {
			n.RemoveChild(n.FirstChild)
		}
	}
	all := []string{words(p.root)}
	p.each(func(n *html.Node) {
		for _, a := range n.Attr {
			switch {
			case a.Key == "title", a.Key == "placeholder", a.Key == "alt", strings.HasPrefix(a.Key, "aria-label"), strings.HasPrefix(a.Key, "data-words"):
				all = append(all, a.Val)
			}
		}
	})
	return strings.Join(all, "\n")
}
