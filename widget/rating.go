package widget

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RatingURL returns the address of the page on which who has a rating link's token
// ([charla.SignRating]) rates that ticket, without script: for a mail. Opening it stores
// nothing; pressing its button does (R14.3). baseURL and key are as for [Snippet]. It fails if
// the URL is no absolute http or https URL, if key cannot be a public key, or if the token is of
// no rating link.
func RatingURL(baseURL, key string, token charla.Token) (string, error) {
	u, err := snippetBase(baseURL, key)
	if err != nil {
		return "", err
	}
	if !ratingToken(string(token)) {
		return "", errors.New("widget: this is no token of a rating link") // it may be a session's: not shown
	}
	return u.JoinPath("rating", key, string(token)).String(), nil
}

// ratingToken reports whether a text can be the token of a rating link, and is no session's:
// those have no place in addresses.
func ratingToken(token string) bool { return strings.HasPrefix(token, "charla_rate_") }

// errRated: the ticket cannot be rated, or not any more.
var errRated = &failure{status: http.StatusConflict, code: codeRating}

// ratingForm is the page's form as it is shown.
type ratingForm struct {
	Key, Comment string
	// Scores are the answers, Score the one that is chosen; zero: none.
	Scores  []ratingScore
	Score   int
	Problem string
}

// ratingScore is one answer: its number and its word.
type ratingScore struct {
	Value int
	Word  string
}

// ratingPage answers with the question how it was (GET), or stores the answer (POST), for
// who has a rating link. It fails as visit and posted do, with errNotFound if the link is none
// of the account, with errOrigin if another page sent the form, if the method is another, if a
// limit is reached, or as [charla.Visitor.Rate] does. If the desk refuses the answer as typed,
// the page shows it again with the reason.
func (c *call) ratingPage(path string) error {
	c.html()
	key, token, _ := strings.Cut(path, "/")
	if err := c.visit(key); err != nil {
		return err
	}
	if !ratingToken(token) {
		return errNotFound
	}
	visitor := c.account.Visitor(charla.Token(token))
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		return c.askRating(visitor)
	case http.MethodPost:
	default:
		return &failure{status: http.StatusMethodNotAllowed, code: codeMethod, allow: "GET, POST"}
	}
	return c.keepRating(visitor)
}

// askRating answers with the form. It fails if the link does not hold (errNotFound), the
// ticket cannot be rated, or the desk fails.
func (c *call) askRating(visitor *charla.Visitor) error {
	status, err := visitor.Status(c.r.Context())
	if errors.Is(err, charla.ErrSession) {
		return c.badLink()
	} else if err != nil {
		return err
	}
	if !status.Closed.Asks && status.Closed.Score == 0 {
		return errRated
	}
	return c.render(http.StatusOK, pageRating, pageData{Rating: c.ratingForm(ratingForm{Key: randomText(), Score: status.Closed.Score})})
}

// keepRating stores an answer. A form that is sent again is the same answer; one that was
// changed meanwhile is another, in its place.
func (c *call) keepRating(visitor *charla.Visitor) error {
	if origin := c.asking(); origin != c.h.origin { // only from the page itself
		return errOrigin
	}
	if err := c.h.limits.entry.take(c.address, c.now); err != nil {
		return err
	}
	if err := c.h.limits.accountEntry.take(c.account.ID(), c.now); err != nil {
		return err
	}
	var f ratingForm
	var score string
	if err := c.posted(map[string]*string{"key": &f.Key, "score": &score, "comment": &f.Comment}); err != nil {
		return err
	}
	if f.Key == "" {
		return errRequest
	}
	f.Score, _ = strconv.Atoi(score) // none chosen: a problem of the score
	rating := charla.Rating{Score: f.Score, Comment: f.Comment}
	_, err := visitor.Rate(c.r.Context(), rating, &charla.CallOptions{Key: f.Key})
	if errors.Is(err, charla.ErrKeyReused) {
		_, err = visitor.Rate(c.r.Context(), rating, &charla.CallOptions{Key: randomText()})
	}
	var problems chatcfg.Problems
	switch {
	case err == nil:
		return c.render(http.StatusOK, pageRated, pageData{})
	case errors.Is(err, charla.ErrSession):
		return c.badLink()
	case errors.Is(err, tickets.ErrTransition): // it is open again
		return errRated
	case errors.As(err, &problems):
		f.Problem = problemText(problems[0], c.locale())
		return c.render(http.StatusUnprocessableEntity, pageRating, pageData{Rating: c.ratingForm(f)})
	}
	return err
}

// badLink reports a link that does not hold, and returns how it is answered.
func (c *call) badLink() error {
	c.report(errSession)
	return errNotFound
}

// ratingForm returns the form with the answers of the account's scale.
func (c *call) ratingForm(f ratingForm) *ratingForm {
	if c.chat.Rating.Scale == chatcfg.Thumbs {
		f.Scores = []ratingScore{{5, "👍 " + words["good"].in(c.locale())}, {1, "👎 " + words["bad"].in(c.locale())}}
		return &f
	}
	for n := 5; n >= 1; n-- {
		f.Scores = append(f.Scores, ratingScore{n, strings.Repeat("★", n) + strings.Repeat("☆", 5-n) + " " + strconv.Itoa(n) + "/5"})
	}
	return &f
}
