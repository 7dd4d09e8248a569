package widget

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/charlahq/charla"
)

// contact stores a contact form and answers with 201 (R6.2). With a session's token it
// is stored as that session's. A form without a key is errRequest; else it fails as
// authenticate, loadSession, fields and [charla.Visitor.Contact] do.
func (c *call) contact() error {
	sender := c.account.Visitor("")
	if c.r.Header.Get("Authorization") != "" {
		if err := c.authenticate(); err != nil {
			return err
		}
		if err := c.loadSession(); err != nil {
			return err
		}
		sender = c.visitor
	}
	var key string
	f := charla.ContactForm{Locale: c.locale()}
	err := c.fields(map[string]any{
		"key": &key, "name": &f.Name, "email": &f.Email, "phone": &f.Phone, "text": &f.Text,
	})
	if err != nil {
		return err
	}
	if key == "" {
		return errRequest
	}
	if _, err := sender.Contact(c.r.Context(), f, &charla.CallOptions{Key: key}); err != nil {
		return err
	}
	c.json(http.StatusCreated, struct{}{})
	return nil
}

// contactPage answers with the contact form as a page without script (GET), or stores what the
// page sent (POST). The page cannot chat, so forms are accepted while somebody is available,
// too. It fails as visit and typed do, with errNotFound if the form is switched off, with
// errOrigin if another page sent it, if the method is another, or if a limit is reached. If
// the desk refuses the form, the page shows it again with the reason.
func (c *call) contactPage(key string) error {
	c.html()
	if err := c.visit(key); err != nil {
		return err
	}
	if !c.chat.ContactForm.Enabled {
		return errNotFound
	}
	data := pageData{Form: &formData{Key: randomText()}}
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		return c.render(http.StatusOK, pageContact, data)
	case http.MethodPost:
	default:
		return &failure{status: http.StatusMethodNotAllowed, code: codeMethod, allow: "GET, POST"}
	}
	if origin := c.asking(); origin != c.h.origin { // only from the page itself
		return errOrigin
	}
	if err := c.h.limits.entry.take(c.address, c.now); err != nil {
		return err
	}
	if err := c.h.limits.accountEntry.take(c.account.ID(), c.now); err != nil {
		return err
	}
	if err := c.typed(data.Form); err != nil {
		return err
	}
	f := data.Form
	_, err := c.account.Visitor("").Contact(c.r.Context(), charla.ContactForm{
		Name: f.Name, Email: f.Email, Phone: f.Phone, Text: f.Text, Locale: c.locale(), Scriptless: true,
	}, &charla.CallOptions{Key: f.Key})
	if err == nil || errors.Is(err, charla.ErrKeyReused) {
		// Sent, went back, changed something and sent again: another form.
		if err != nil {
			f.Key = randomText()
			f.Failed = true
			return c.render(http.StatusConflict, pageContact, data)
		}
		return c.render(http.StatusOK, pageSent, data)
	}
	// What the visitor typed survives a failure (R6.2).
	fail, mustLog := asFailure(err)
	if mustLog {
		c.log(err)
	}
	f.Failed = len(fail.problems) == 0
	for _, p := range fail.problems {
		f.Problems = append(f.Problems, formProblem{p.Path, problemText(p, c.locale())})
	}
	return c.render(fail.status, pageContact, data)
}

// typed reads what the page sent into f. It fails as posted does, and with errRequest
// without a key.
func (c *call) typed(f *formData) error {
	f.Key = ""
	err := c.posted(map[string]*string{"key": &f.Key, "name": &f.Name, "email": &f.Email, "phone": &f.Phone, "text": &f.Text})
	if err == nil && f.Key == "" {
		err = errRequest
	}
	return err
}

// posted reads a form that a page sent into known fields. It fails with errMediaType, with
// errRequest if a field is unknown or stands twice, and as read does.
func (c *call) posted(known map[string]*string) error {
	if c.r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return errMediaType
	}
	body, err := c.read(c.h.o.Limits.Body)
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(string(body))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err != nil || known[name] == nil || len(values[name]) != 1 {
			return errRequest
		}
		*known[name] = values[name][0]
	}
	if err != nil {
		return errRequest
	}
	return nil
}

// visit finds the account of a page of our own and counts the request. It fails with
// errNotFound if there is no account, no base URL, or the account refuses every page
// (R6.8), if a limit is reached, or if the desk does.
func (c *call) visit(key string) error {
	if c.h.base == nil || !plausible(key) {
		return errNotFound
	}
	p, err := c.h.profiles.current(c.r.Context(), key)
	if errors.Is(err, charla.ErrNotFound) {
		return errNotFound
	} else if err != nil {
		return err
	}
	if !p.allowed(c.h.origin, c.h.origin) {
		return errNotFound
	}
	return c.admit(p)
}

// formData is the form as it is shown.
type formData struct {
	Key, Name, Email, Phone, Text string
	Problems                      []formProblem
	// Failed: it could not be stored, and that was not the visitor's fault.
	Failed bool
}

type formProblem struct{ Path, Message string }

// Problem returns what is wrong with a field; empty: nothing.
func (f *formData) Problem(path string) string {
	for _, p := range f.Problems {
		if p.Path == path {
			return p.Message
		}
	}
	return ""
}
