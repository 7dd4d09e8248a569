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

// bodyOf returns what a visitor is told of their session.
func bodyOf(s *charla.SessionInfo) sessionBody {
	return sessionBody{s.ID, s.Customer.Level, s.Customer.Name, s.Customer.Email, s.ExpiresAt}
}

// startSession starts a session for a visitor and answers with its token (R7.1). It
// fails as fields, prove and [charla.Account.Enter] do.
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
	proof, settle, err := c.prove(credentials)
	if err != nil {
		return err
	}
	v.Proof = proof
	entered, token, err := c.account.Enter(c.r.Context(), v)
	return c.answerEntered(http.StatusCreated, entered, token, settle, err)
}

// answerEntered answers with a visitor's session and its new token, or returns the error with
// which entering failed. It calls settle with that error, nil if there is none.
func (c *call) answerEntered(status int, v *charla.Visitor, token charla.Token, settle func(error), err error) error {
	if err == nil {
		c.session, err = v.Session(c.r.Context())
	}
	if settle(err); err != nil { // nobody has the token
		return err
	}
	c.json(status, struct {
		Token   string      `json:"token"`
		Session sessionBody `json:"session"`
	}{string(token), bodyOf(&c.session)})
	return nil
}

// credentials prove who somebody is, one way or the other.
type credentials struct{ identity, login, nonce string }

// prove checks credentials and returns their proof, or nil if there are none. Without
// an error, settle must be called with the error of what the proof was used for: a
// login can be used only once. It fails with errRequest for two kinds of credentials at
// once, and with [chatcfg.Problems] for invalid ones.
func (c *call) prove(by credentials) (p *charla.Proof, settle func(error), err error) {
	settle = func(error) {}
	switch {
	case by.identity != "" && (by.login != "" || by.nonce != ""):
		return nil, settle, errRequest
	case by.identity != "":
		proof, err := c.account.VerifyIdentity(c.r.Context(), by.identity)
		if errors.Is(err, charla.ErrIdentity) {
			err = invalid("identity", codeIdentity)
		}
		return &proof, settle, err
	case by.login != "" || by.nonce != "":
		return c.redeem(by.login, by.nonce)
	}
	return nil, settle, nil
}

// getSession answers with the session and the status of its conversation. A session
// that only claims an e-mail, and has not written yet, gets a stranger's status: it
// must not learn of the conversation that the e-mail found. It fails as hasWritten
// does, or if the desk does.
func (c *call) getSession() error {
	own, err := c.hasWritten()
	if err != nil {
		return err
	}
	asked := c.visitor
	if !own { // as if its e-mail had no conversation
		asked = c.account.Visitor("")
	}
	status, err := asked.Status(c.r.Context())
	if err != nil {
		return err
	}
	c.json(http.StatusOK, struct {
		sessionBody
		Ongoing bool        `json:"ongoing"`
		LastSeq int64       `json:"lastSeq"`
		Read    readBody    `json:"read"`
		Form    bool        `json:"form"`
		Closed  *closedBody `json:"closed,omitempty"`
	}{bodyOf(&c.session), status.Ongoing, status.LastSeq, readOf(status.Read), status.Form, closedOf(status.Closed)})
	return nil
}

// closedBody is how a conversation was closed, as a visitor gets it (R14.1).
type closedBody struct {
	By tickets.CloseReason `json:"by,omitempty"`
	// Name is marked if Bot: an automated agent closed it (R12.1).
	Name string    `json:"name,omitempty"`
	Bot  bool      `json:"bot,omitempty"`
	At   time.Time `json:"at,omitzero"`
	// Ticket is what a rating names. Asks says that the visitor is to be asked how it was,
	// Score is what they answered (R14.3).
	Ticket tickets.Number `json:"ticket,omitempty"`
	Asks   bool           `json:"asks,omitempty"`
	Score  int            `json:"score,omitempty"`
}

// closedOf returns how a conversation was closed as a visitor gets it; nil: it is not.
func closedOf(c charla.Closing) *closedBody {
	if c.By == "" {
		return nil
	}
	if c.Bot {
		c.Name = markBot(c.Name)
	}
	return &closedBody{c.By, c.Name, c.Bot, c.At, c.Ticket, c.Asks, c.Score}
}

// closedOrNot is closedOf with an empty body for a conversation that is not closed.
func closedOrNot(c charla.Closing) closedBody {
	if body := closedOf(c); body != nil {
		return *body
	}
	return closedBody{}
}

// endTicket closes the visitor's ticket and answers with 204 (R14.2). It fails as fields,
// required and [charla.Visitor.End] do.
func (c *call) endTicket() error {
	var key string
	var ticket int64
	if err := c.fields(map[string]any{"key": &key, "ticket": &ticket}); err != nil {
		return err
	}
	if err := required("ticket", ticket); err != nil {
		return err
	}
	if _, err := c.visitor.End(c.r.Context(), tickets.Number(ticket), &charla.CallOptions{Key: key}); err != nil {
		return err
	}
	c.noContent()
	return nil
}

// required returns the [chatcfg.Problems] of a number that a request must name: a call that is
// late, or of another session, is not for whichever ticket there is by then.
func required(path string, n int64) error {
	if n < 1 {
		return chatcfg.Problems{{Path: path, Code: chatcfg.CodeRequired}}
	}
	return nil
}

// rateTicket keeps how the visitor rates a ticket and answers with 204 (R14.3). It fails as
// fields, required and [charla.Visitor.Rate] do.
func (c *call) rateTicket() error {
	var key, comment string
	var ticket, score int64
	if err := c.fields(map[string]any{"key": &key, "ticket": &ticket, "score": &score, "comment": &comment}); err != nil {
		return err
	}
	if err := required("ticket", ticket); err != nil {
		return err
	}
	rating := charla.Rating{Ticket: tickets.Number(ticket), Score: int(score), Comment: comment}
	if _, err := c.visitor.Rate(c.r.Context(), rating, &charla.CallOptions{Key: key}); err != nil {
		return err
	}
	c.noContent()
	return nil
}

// endSession ends the session and answers with 204: its token and its streams stop
// working. It fails with [charla.ErrSession] if the session has ended already, or if
// the desk does.
func (c *call) endSession() error {
	if err := c.loadSession(); err != nil { // one that has ended is refused
		return err
	}
	if err := c.visitor.Leave(c.r.Context()); err != nil {
		return err
	}
	c.noContent()
	return nil
}

// noContent answers with 204.
func (c *call) noContent() {
	c.writeWithin(answerTimeout)
	c.w.Header().Set("Cache-Control", "no-store")
	c.w.WriteHeader(http.StatusNoContent)
}

// login moves the session to the customer that it proves to be, and answers with its
// new token (R7.2). It fails with errRequest without credentials, and as fields, prove
// and [charla.Visitor.Login] do.
func (c *call) login() error {
	var by credentials
	if err := c.fields(map[string]any{"identity": &by.identity, "login": &by.login, "nonce": &by.nonce}); err != nil {
		return err
	}
	proof, settle, err := c.prove(by)
	switch {
	case err != nil:
		return err
	case proof == nil:
		return errRequest
	}
	entered, token, err := c.visitor.Login(c.r.Context(), *proof)
	return c.answerEntered(http.StatusOK, entered, token, settle, err)
}
