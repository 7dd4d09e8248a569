package widget

import (
	"errors"
	"net/http"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// sessionBody is what a visitor is told of their session.
type sessionBody struct {
	ID        tickets.SessionID `json:"id"`
	Level     tickets.Level     `json:"level"`
	Name      string            `json:"name,omitempty"`
	Email     string            `json:"email,omitempty"`
	ExpiresAt time.Time         `json:"expiresAt"`
}

func bodyOf(s *tickets.Session) sessionBody {
	return sessionBody{s.ID, s.Customer.Level, s.Customer.Name, s.Customer.Email, s.ExpiresAt}
}

// startSession lets a visitor in (R7.1).
func (c *call) startSession() error {
	var v charla.Entry
	var credentials credentials
	var locale string
	err := c.fields(map[string]any{
		"name": &v.Name, "email": &v.Email, "rut": &v.RUT, "phone": &v.Phone, "anonymous": &v.Anonymous,
		"identity": &credentials.identity, "login": &credentials.login, "nonce": &credentials.nonce,
		"locale": &locale,
	})
	if err != nil {
		return err
	}
	v.Locale = chatcfg.VisitorLocale(locale)
	proof, spend, err := c.prove(credentials)
	if err != nil {
		return err
	}
	v.Proof = proof
	s, token, err := c.h.desk.StartSession(c.r.Context(), c.account.ID, v)
	if spend(err); err != nil {
		return err
	}
	c.entered(http.StatusCreated, token, &s)
	return nil
}

// entered answers with a session and its new token.
func (c *call) entered(status int, token string, s *tickets.Session) {
	c.json(status, struct {
		Token   string      `json:"token"`
		Session sessionBody `json:"session"`
	}{token, bodyOf(s)})
}

// credentials prove who somebody is, one way or the other.
type credentials struct{ identity, login, nonce string }

// prove checks credentials; nil: there are none. spend is to be called with what
// became of the proof: a login is good once.
func (c *call) prove(by credentials) (p *charla.Proof, spend func(error), err error) {
	spend = func(error) {}
	switch {
	case by.identity != "" && (by.login != "" || by.nonce != ""):
		return nil, spend, errRequest
	case by.identity != "":
		proof, err := c.h.desk.VerifyIdentity(c.r.Context(), c.account.ID, by.identity)
		if errors.Is(err, charla.ErrIdentity) {
			err = invalid("identity", codeIdentity)
		}
		return &proof, spend, err
	case by.login != "" || by.nonce != "":
		return c.finished(by.login, by.nonce)
	}
	return nil, spend, nil
}

// getSession says how the session stands.
func (c *call) getSession() error {
	own, err := c.hasWritten()
	if err != nil {
		return err
	}
	var status charla.Status
	if own {
		status, err = c.h.desk.Status(c.r.Context(), c.session)
	} else { // as if its e-mail had no conversation
		status, err = c.h.desk.Availability(c.r.Context(), c.account.ID)
	}
	if err != nil {
		return err
	}
	c.json(http.StatusOK, struct {
		sessionBody
		Ongoing bool     `json:"ongoing"`
		LastSeq int64    `json:"lastSeq"`
		Read    readBody `json:"read"`
		Form    bool     `json:"form"`
	}{bodyOf(&c.session), status.Ongoing, status.LastSeq, readOf(status.Read), status.Form})
	return nil
}

// endSession ends the session: its token and its streams stop working.
func (c *call) endSession() error {
	if err := c.h.desk.EndSession(c.r.Context(), c.session); err != nil {
		return err
	}
	c.noContent()
	return nil
}

func (c *call) noContent() {
	c.writeWithin(answerTimeout)
	c.w.Header().Set("Cache-Control", "no-store")
	c.w.WriteHeader(http.StatusNoContent)
}

// login moves the session to the customer that it proves to be, and gives it a new
// token (R7.2).
func (c *call) login() error {
	var by credentials
	if err := c.fields(map[string]any{"identity": &by.identity, "login": &by.login, "nonce": &by.nonce}); err != nil {
		return err
	}
	proof, spend, err := c.prove(by)
	switch {
	case err != nil:
		return err
	case proof == nil:
		return errRequest
	}
	s, token, err := c.h.desk.Login(c.r.Context(), c.session, *proof)
	if spend(err); err != nil {
		return err
	}
	c.entered(http.StatusOK, token, &s)
	return nil
}
