package widget_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rated is a site whose only ticket is closed, with a rating link's page.
type rated struct {
	*site
	clock *clock.Mock
	ref   tickets.Ref
	link  charla.Token
	path  string
}

func setupRated(t *testing.T, configure func(*chatcfg.Rating), options func(*widget.Options)) *rated {
	t.Helper()
	r := &rated{clock: clock.NewMock()}
	r.clock.Set(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	r.site = setupDesk(t, &charla.Options{Clock: r.clock, HeartbeatTTL: -1}, func(c *chatcfg.Config) {
		c.Chat.Locale, c.Chat.Rating.Enabled = chatcfg.Auto, true
		if configure != nil {
			configure(&c.Chat.Rating)
		}
	}, options)
	r.ref = r.write(r.enter("carla"), "hola").Ref
	_, err := r.ana().Do(t.Context(), r.ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	r.link, err = charla.SignRating(r.secret, r.ref)
	require.NoError(t, err)
	address, err := widget.RatingURL(r.server.URL+"/chat/", r.account.key, r.link)
	require.NoError(t, err)
	r.path = strings.TrimPrefix(address, r.server.URL+"/chat")
	return r
}

// show gets the page, as a link in a mail does.
func (r *rated) show(path, language string) answer {
	return r.do(request{path: path, origin: "-", header: http.Header{"Accept-Language": {language}}})
}

// send posts the page's form.
func (r *rated) send(path, from string, form url.Values) answer {
	return r.do(request{
		method: "POST", path: path, origin: from, body: form.Encode(),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
}

// rating returns how the ticket is rated; nil: it is not.
func (r *rated) rating() *tickets.Rating {
	r.t.Helper()
	ticket, err := r.account.Inbox().Ticket(r.t.Context(), r.ref)
	require.NoError(r.t, err)
	return ticket.Rating
}

var formKey = regexp.MustCompile(`name="key" value="([A-Z0-9]{26})"`)

// TestRatingPage: R14.3: the page of a rating link asks in the visitor's language and stores
// nothing when it is opened; its button stores the answer, once however often it is pressed, and
// within an hour another one in its place.
func TestRatingPage(t *testing.T) {
	t.Parallel()
	r := setupRated(t, func(c *chatcfg.Rating) {
		c.Comment = true
		c.Question.EN = "How did <b>we</b> do?"
	}, nil)
	for language, question := range map[string]string{"es-CL": "How did", "en": "How did &lt;b&gt;we&lt;/b&gt; do?", "pt-BR": "How did"} {
		got := r.show(r.path, language)
		require.Equal(t, http.StatusOK, got.status, language)
		assert.Contains(t, string(got.body), question, language)
	}
	r.save(func(c *chatcfg.Config) { c.Chat.Rating.Question = chatcfg.Words{} })
	for language, words := range map[string][]string{
		"es-CL": {`lang="es"`, "¿Cómo fue la atención?", "Comentario"}, "en": {`lang="en"`, "How did we do?", "Comment"}, "pt-BR": {`lang="pt"`, "Como foi o atendimento?", "Comentário"},
	} {
		for _, word := range words {
			assert.Contains(t, string(r.show(r.path, language).body), word, language)
		}
	}
	shown := r.show(r.path, "en")
	policy := shown.header.Get("Content-Security-Policy")
	assert.Regexp(t, `^default-src 'none'; base-uri 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'$`, policy)
	assert.Equal(t, "no-store", shown.header.Get("Cache-Control"))
	page := string(shown.body)
	assert.NotContains(t, page, "<script")
	assert.NotContains(t, page, "checked")
	for range 3 { // programs that check mails
		r.show(r.path, "en")
		r.do(request{method: "HEAD", path: r.path, origin: "-"})
	}
	assert.Nil(t, r.rating(), "opening stores nothing")

	key := formKey.FindStringSubmatch(page)
	require.NotNil(t, key)
	form := url.Values{"key": {key[1]}, "score": {"4"}, "comment": {"</textarea><script>alert(1)</script>"}}
	for _, from := range []string{"https://evil.example", "null", "-", origin} {
		assert.Equal(t, http.StatusForbidden, r.send(r.path, from, form).status, "%s: only the page itself sends it", from)
	}
	assert.Nil(t, r.rating())
	none := url.Values{"key": form["key"], "comment": form["comment"]}
	got := r.send(r.path, r.server.URL, none)
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Contains(t, string(got.body), `role="alert"`)
	assert.Contains(t, string(got.body), "&lt;/textarea&gt;&lt;script&gt;", "what was typed is still there, and does not run")
	for range 2 {
		got = r.send(r.path, r.server.URL, form)
		require.Equal(t, http.StatusOK, got.status)
		assert.Contains(t, string(got.body), "Gracias por tu opinión.")
	}
	assert.Equal(t, 4, r.rating().Score)
	assert.Equal(t, form.Get("comment"), r.rating().Comment)
	history := func() (n int) {
		page, err := r.account.Inbox().History(t.Context(), r.ref, charla.PageQuery{})
		require.NoError(t, err)
		for _, e := range page.Items {
			if e.Kind == tickets.CommandRate {
				n++
			}
		}
		return n
	}
	assert.Equal(t, 1, history(), "pressed twice")

	r.clock.Add(time.Hour - time.Second)
	again := string(r.show(r.path, "en").body)
	assert.Contains(t, again, `value="4" checked`)
	form.Set("score", "1")
	assert.Equal(t, http.StatusOK, r.send(r.path, r.server.URL, form).status, "the same form, changed")
	assert.Equal(t, 1, r.rating().Score)
	r.clock.Add(time.Second)
	form.Set("score", "5")
	got = r.send(r.path, r.server.URL, form)
	assert.Equal(t, http.StatusConflict, got.status)
	assert.Contains(t, string(got.body), "Ya no se puede calificar.")
	assert.Equal(t, 1, r.rating().Score)
	assert.Equal(t, 2, history())
}

// TestRatingPageEnds: R14.3: the page is for closed tickets of the last seven days, and thumbs
// are 1 and 5.
func TestRatingPageEnds(t *testing.T) {
	t.Parallel()
	r := setupRated(t, func(c *chatcfg.Rating) { c.Scale = chatcfg.Thumbs }, nil)
	page := string(r.show(r.path, "en").body)
	assert.Equal(t, 2, strings.Count(page, `type="radio"`))
	assert.NotContains(t, page, "<textarea")
	form := url.Values{"key": {"k"}, "score": {"3"}}
	assert.Equal(t, http.StatusUnprocessableEntity, r.send(r.path, r.server.URL, form).status)
	form.Set("score", "5")
	_, err := r.ana().Do(t.Context(), r.ref, tickets.Command{Kind: tickets.CommandOpen}, nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusConflict, r.show(r.path, "en").status)
	got := r.send(r.path, r.server.URL, form)
	assert.Equal(t, http.StatusConflict, got.status)
	assert.Contains(t, string(got.body), "Ya no se puede calificar.")
	_, err = r.ana().Do(t.Context(), r.ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	r.clock.Add(7*24*time.Hour - time.Second)
	assert.Equal(t, http.StatusOK, r.show(r.path, "en").status)
	r.clock.Add(time.Second)
	assert.Equal(t, http.StatusConflict, r.show(r.path, "en").status)
	assert.Equal(t, http.StatusConflict, r.send(r.path, r.server.URL, form).status)
	assert.Nil(t, r.rating())
}

// TestRatingPageHostile: R14.3, R1.3: only a link that the account signed opens its page, and
// no session's token does.
func TestRatingPageHostile(t *testing.T) {
	t.Parallel()
	r := setupRated(t, nil, nil)
	session := r.enter("beto")
	other, foreign := r.newAccount("Otra", "otra.cl", func(c *chatcfg.Config) { c.Chat.Rating.Enabled = true })
	theirs, err := charla.SignRating(foreign, r.ref)
	require.NoError(t, err)
	identity, err := charla.SignIdentity(r.secret, r.account.ID(), charla.Proof{Subject: "u"}, r.clock.Now(), time.Minute)
	require.NoError(t, err)
	link := string(r.link)
	missing := r.ref
	missing.Number = 9
	nowhere, err := charla.SignRating(r.secret, missing)
	require.NoError(t, err)
	form := url.Values{"key": {"k"}, "score": {"5"}}
	for name, path := range map[string]string{
		"no token":                      "/rating/" + r.account.key,
		"an empty one":                  "/rating/" + r.account.key + "/",
		"a session's":                   "/rating/" + r.account.key + "/" + session.token,
		"an identity":                   "/rating/" + r.account.key + "/" + identity,
		"of nothing":                    "/rating/" + r.account.key + "/charla_rate_",
		"cut":                           "/rating/" + r.account.key + "/" + link[:len(link)-1],
		"longer":                        "/rating/" + r.account.key + "/" + link + "A",
		"another letter":                "/rating/" + r.account.key + "/" + strings.Replace(link, link[20:21], string(link[20]^1), 1),
		"with something behind it":      "/rating/" + r.account.key + "/" + link + "/x",
		"in another account":            "/rating/" + other.key + "/" + link,
		"signed by another account":     "/rating/" + r.account.key + "/" + string(theirs),
		"of another account's, there":   "/rating/" + other.key + "/" + string(theirs),
		"of a ticket that is not":       "/rating/" + r.account.key + "/" + string(nowhere),
		"of an account that is not":     "/rating/nadie/" + link,
		"with a key that cannot be one": "/rating/%3Cb%3E/" + link,
	} {
		got := r.show(path, "en")
		assert.Equal(t, http.StatusNotFound, got.status, name)
		assert.NotContains(t, string(got.body), "Ana", name)
		assert.Equal(t, http.StatusNotFound, r.send(path, r.server.URL, form).status, name)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, r.do(request{method: "PUT", path: r.path}).status)
	for name, bad := range map[string]url.Values{
		"without a key": {"score": {"5"}}, "unknown": {"key": {"k"}, "score": {"5"}, "ticket": {"2"}}, "twice": {"key": {"k"}, "score": {"5", "1"}},
	} {
		assert.Equal(t, http.StatusBadRequest, r.send(r.path, r.server.URL, bad).status, name)
	}
	assert.Nil(t, r.rating())
	assert.Equal(t, http.StatusOK, r.send(r.path, r.server.URL, form).status, "the link itself")
	assert.Equal(t, 5, r.rating().Score)

	for _, bad := range []struct{ base, key, token string }{
		{"ftp://tienda.cl", r.account.key, link}, {"https://tienda.cl", "<b>", link}, {"https://tienda.cl", r.account.key, session.token}, {"https://tienda.cl", r.account.key, ""},
	} {
		_, err := widget.RatingURL(bad.base, bad.key, charla.Token(bad.token))
		require.Error(t, err)
		assert.NotContains(t, err.Error(), session.token)
	}
}

// TestRatingPageIsLimited: R8.4: answers on the page of a rating link are counted among the
// entries of their address and of the account, also those that are refused.
func TestRatingPageIsLimited(t *testing.T) {
	t.Parallel()
	few := widget.Rate{PerSecond: 0.001, Burst: 3}
	for name, limit := range map[string]func(*widget.Limits){
		"of an address": func(l *widget.Limits) { l.Entry = few }, "of an account": func(l *widget.Limits) { l.AccountEntry = few },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setupRated(t, nil, func(o *widget.Options) { limit(&o.Limits) })
			statuses := map[int]int{}
			for range 8 {
				statuses[r.send(r.path, r.server.URL, url.Values{"key": {"01JD0000000000000000000000"}, "score": {"4"}}).status]++
			}
			assert.Equal(t, map[int]int{http.StatusOK: 3, http.StatusTooManyRequests: 5}, statuses)
		})
	}
}
