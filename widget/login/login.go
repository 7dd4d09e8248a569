package login

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/internal/strictjson"
	"golang.org/x/oauth2"
)

// ErrDenied: the visitor, or the provider, said no.
var ErrDenied = errors.New("login: denied")

// ErrLogin: what came back is not the end of a login that began here.
var ErrLogin = errors.New("login: not valid")

// maxCode is the longest code that is passed on, in bytes.
const maxCode = 4096

// Endpoints are a provider's addresses. Those of Google and Facebook are known; others
// are for tests, and for what stands in for a provider. An empty one is the known one.
type Endpoints struct {
	// Auth is the page that visitors are sent to, Token where a code is exchanged.
	Auth, Token string
	// Issuer is who signs Google's ID tokens, Keys where the keys are.
	Issuer, Keys string
	// Me is where Facebook says who somebody is.
	Me string
}

// Options are what a login takes from its host. Nil, and every zero field, means the
// default.
type Options struct {
	// Client asks the provider. By default it gives up after 10 seconds and follows no
	// redirects.
	Client *http.Client
	// Clock is what the ages of tokens go by; it defaults to the wall clock. The
	// provider's may be up to five minutes ahead.
	Clock charla.Clock
	// Endpoints are the provider's.
	Endpoints Endpoints
}

// withDefaults returns the options with defaults for what is zero, known for the endpoints; o
// may be nil.
func (o *Options) withDefaults(known Endpoints) Options {
	var r Options
	if o != nil {
		r = *o
	}
	if r.Client == nil {
		r.Client = &http.Client{
			Timeout:       10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if r.Clock == nil {
		r.Clock = wallClock()
	}
	e := &r.Endpoints
	for _, one := range []struct {
		address *string
		known   string
	}{{&e.Auth, known.Auth}, {&e.Token, known.Token}, {&e.Issuer, known.Issuer}, {&e.Keys, known.Keys}, {&e.Me, known.Me}} {
		if *one.address == "" {
			*one.address = one.known
		}
	}
	return r
}

// flow is what both providers do alike. The client's secret is in functions only, so
// that no way of printing shows it.
type flow struct {
	id     string
	client *http.Client
	// config is the client, for a way back.
	config func(redirect string) *oauth2.Config
	// sum is a MAC of a text that only this client can make.
	sum func(text string) []byte
}

// newFlow returns the flow of a client. It fails if ID or secret is empty.
func newFlow(id, secret string, scopes []string, o *Options) (flow, error) {
	if id == "" || secret == "" {
		return flow{}, errors.New("login: the client's ID and secret are required")
	}
	return flow{
		id:     id,
		client: o.Client,
		config: func(redirect string) *oauth2.Config {
			return &oauth2.Config{
				ClientID: id, ClientSecret: secret, Scopes: scopes, RedirectURL: redirect,
				Endpoint: oauth2.Endpoint{AuthURL: o.Endpoints.Auth, TokenURL: o.Endpoints.Token, AuthStyle: oauth2.AuthStyleInParams},
			}
		},
		sum: func(text string) []byte {
			mac := hmac.New(sha256.New, []byte(secret))
			_, _ = mac.Write([]byte(text))
			return mac.Sum(nil)
		},
	}, nil
}

// derive returns a text for a purpose and a state that only this client can compute.
func (f *flow) derive(purpose, state string) string {
	return base64.RawURLEncoding.EncodeToString(f.sum("charla login " + purpose + "\x00" + state))
}

// begin returns the URL of the provider's page, with a PKCE challenge: a code is of no use in
// another login. It fails with [ErrLogin] if state or redirect is empty.
func (f *flow) begin(state, redirect string, more ...oauth2.AuthCodeOption) (string, error) {
	if state == "" || redirect == "" {
		return "", fmt.Errorf("%w: no state or no way back", ErrLogin)
	}
	more = append(more, oauth2.S256ChallengeOption(f.derive("pkce", state)))
	return f.config(redirect).AuthCodeURL(state, more...), nil
}

// finish exchanges the code that came back for a token, and returns it with the state.
// It fails with [ErrDenied] if the provider sent an error, and with [ErrLogin] if the
// request has no code or state, or the exchange fails.
func (f *flow) finish(ctx context.Context, r *http.Request) (state string, t *oauth2.Token, err error) {
	q := r.URL.Query()
	state, code := q.Get("state"), q.Get("code")
	switch {
	case q.Has("error"):
		return "", nil, fmt.Errorf("%w: %q", ErrDenied, oneLine(q.Get("error"), 100))
	case len(q["state"]) != 1 || len(q["code"]) != 1 || state == "" || code == "" || len(code) > maxCode:
		return "", nil, fmt.Errorf("%w: no code or no state", ErrLogin)
	}
	back := *r.URL
	back.RawQuery, back.Fragment = "", ""
	t, err = f.config(back.String()).Exchange(context.WithValue(ctx, oauth2.HTTPClient, f.client), code,
		oauth2.VerifierOption(f.derive("pkce", state)))
	if err != nil {
		return "", nil, fmt.Errorf("%w: exchange the code: %w", ErrLogin, safe(err))
	}
	return state, t, nil
}

// safe returns an error fit for a log: without URLs, and without the provider's long
// texts.
func safe(err error) error {
	if answer := (*oauth2.RetrieveError)(nil); errors.As(err, &answer) && answer.Response != nil {
		return fmt.Errorf("status %d, %q", answer.Response.StatusCode, oneLine(answer.ErrorCode, 100))
	}
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		return outer.Err
	}
	return err
}

// proof returns the proof for a person. It fails with [ErrLogin] if the subject is missing or
// cannot be stored. A name that is too long is cut and a malformed e-mail is left out: a
// person is known by the subject only.
func proof(provider, subject, name, email string) (charla.Proof, error) {
	if chatcfg.CheckLine("subject", subject, chatcfg.MaxName) != nil {
		return charla.Proof{}, fmt.Errorf("%w: no subject", ErrLogin)
	}
	p := charla.Proof{Provider: provider, Subject: subject, Name: oneLine(name, chatcfg.MaxName)}
	if address, err := chatcfg.ParseEmail(email); err == nil {
		p.Email = address
	}
	return p, nil
}

// claimsDepth is how deep what a provider says of a person may nest.
const claimsDepth = 16

// readClaims calls claim for each field of a JSON object, in their order. It fails if
// the document is malformed or has a field twice, or if claim fails.
func readClaims(doc []byte, claim func(name string, v strictjson.Value) error) error {
	return strictjson.ReadObject(doc, claimsDepth, claim)
}

// readText returns a JSON text, empty for null. It fails for any other type.
func readText(v strictjson.Value) (string, error) {
	if v.Kind != strictjson.String && v.Kind != strictjson.Null {
		return "", errors.New("not text")
	}
	return v.Text, nil
}

// oneLine returns a text on one line, cut to n characters, without invalid UTF-8.
func oneLine(s string, n int) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if runes := []rune(s); len(runes) > n {
		s = strings.TrimSpace(string(runes[:n]))
	}
	return s
}
