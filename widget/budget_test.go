package widget_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMadeUpTokens: R8.4: a token that no session has is refused as one whatever else is
// wrong with its request, spends nothing of a session's rates, and takes no session's
// place among those that are remembered.
func TestMadeUpTokens(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(*widget.Limits, widget.Rate){
		"requests": func(l *widget.Limits, r widget.Rate) { l.Session = r },
		"messages": func(l *widget.Limits, r widget.Rate) { l.Message = r },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := clock.NewMock()
			mock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
			s := setupDesk(t, &charla.Options{Clock: mock}, nil, func(o *widget.Options) {
				limit(&o.Limits, widget.Rate{PerSecond: 1e-3, Burst: 3})
				o.Limits.Remembered = 4
			})
			key := 0
			write := func(token string) int {
				key++
				return s.do(request{method: "POST", path: "messages", token: token, body: map[string]string{"key": itoa(int64(key)), "text": "a"}}).status
			}
			spend := func(v visitor) {
				t.Helper()
				for range 3 {
					require.Equal(t, http.StatusCreated, write(v.token))
				}
				require.Equal(t, http.StatusTooManyRequests, write(v.token))
			}
			spent, fresh := s.enter("spent"), s.enter("fresh")
			spend(spent)
			_, theirs, _ := strings.Cut(s.enter("thief").token, ".")
			for i := range 10 {
				for _, token := range []string{
					fresh.session.ID.String() + "." + theirs, // a right ID
					spent.session.ID.String() + "." + strings.Repeat("A", 42) + string("AEIMQUYcgk"[i]),
					itoa(int64(i)),
				} {
					require.Equal(t, http.StatusUnauthorized, write(token))
					for _, body := range []string{"{", `{"key":"a","text":""}`, `{"key":"a","text":"` + strings.Repeat("a", 70<<10) + `"}`} {
						got := s.do(request{method: "POST", path: "messages", token: token, body: body})
						require.Equal(t, http.StatusUnauthorized, got.status, "%.20s", body)
						require.Equal(t, "session", got.code())
					}
				}
			}
			again := request{method: "POST", path: "messages", body: `{"key":"1","text":"a"}`, token: spent.session.ID.String() + "." + theirs}
			require.Equal(t, http.StatusUnauthorized, s.do(again).status, "nor is it told what a key was answered with")
			require.Equal(t, http.StatusTooManyRequests, write(spent.token), "it is remembered")
			spend(fresh)
			for i := range 4 { // others take its place
				require.Equal(t, http.StatusCreated, write(s.enter("v"+itoa(int64(i))).token))
			}
			require.Equal(t, http.StatusCreated, write(spent.token), "four are remembered")
		})
	}
}

// TestRefusalLanguage: R6.9: with the language "auto" a session is refused in the language
// that it began in, whatever the browser asks for, by routes that do not look at it
// otherwise, too.
func TestRefusalLanguage(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) { c.Chat.Locale = chatcfg.Auto }, nil)
	pt := s.start(s.account, charla.Entry{Name: "Carla", Locale: chatcfg.Portuguese})
	none := s.start(s.account, charla.Entry{Name: "Carla"})
	for _, q := range []request{
		{method: "POST", path: "messages", body: "{"},
		{method: "POST", path: "messages", body: `{"key":"a","text":""}`},
		{method: "POST", path: "read", body: `{"seq":-1}`},
		{path: "messages?after=x"},
		{path: "files/x"},
		{path: "files/1"},
	} {
		q.header = http.Header{"Accept-Language": {"en"}}
		message := func(v visitor) string {
			var body struct{ Error struct{ Message string } }
			q.token = v.token
			s.do(q).into(t, &body)
			require.NotEmpty(t, body.Error.Message)
			return body.Error.Message
		}
		assert.Regexp(t, `válida|Confira|Não existe`, message(pt), q.path)
		assert.Regexp(t, `malformed|Check|no such`, message(none), q.path)
	}
}
