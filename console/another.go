package console

import (
	"errors"
	"net/http"

	"github.com/charlahq/charla"
)

// A page says for whom it was rendered in every request that changes something: personField of
// its forms and personHeader of its script are the mark of that person.
const (
	personField  = "person"
	personHeader = "Charla-Person"
)

// errAnother says that a page which was rendered for another person sends something.
var errAnother = errors.New("console: the page is another person's than the one who is logged in")

// meantFor fails with errAnother if a mark is that of another person than the visit's; an empty
// mark is nobody's.
func (v *visit) meantFor(mark string) error {
	if mark == "" || v.person.ID == "" || mark == ownerOf(&v.person) {
		return nil
	}
	return errAnother
}

// refuseAnother shows the form of another person's page again, as the page of who is logged in
// now, with what was typed. A script is told: the draft that it keeps is of its own person.
func (v *visit) refuseAnother(err error) error {
	switch {
	case v.scripted || v.account == nil:
	case v.route.pattern == "POST /a/{account}/replies":
		typed := v.typedReply()
		var text string
		v.status, text = v.failure(err)
		return v.showReplies(&typed, &flash{Kind: "bad", Text: text})
	case v.r.PathValue("action") == "reply":
		v.draft = v.typedDraft()
		return v.refused(err)
	case v.route.pattern == "POST /channels/{account}":
		var text string
		v.status, text = v.failure(err)
		return v.beside(func(p *configPage) { p.Flash = &flash{Kind: "bad", Text: text} })
	}
	return err
}

// nowhere answers with status 405 where another method leads somewhere, else with 404.
func (v *visit) nowhere() error {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := *v.r
		other.Method = method
		if _, pattern := v.table.Handler(&other); pattern != "" && pattern[0] != '/' {
			v.w.Header().Add("Allow", method)
		}
	}
	if v.w.Header().Get("Allow") == "" {
		return charla.ErrNotFound
	}
	return statusError(http.StatusMethodNotAllowed)
}
