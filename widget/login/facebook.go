package login

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/internal/strictjson"
	"github.com/charlahq/charla/widget"
)

// graphVersion is of Facebook's Graph API; one that has become too old is taken for
// the oldest that there is.
const graphVersion = "v23.0"

var facebookEndpoints = Endpoints{
	Auth:  "https://www.facebook.com/" + graphVersion + "/dialog/oauth",
	Token: "https://graph.facebook.com/" + graphVersion + "/oauth/access_token",
	Me:    "https://graph.facebook.com/" + graphVersion + "/me",
}

// Facebook is the login with Facebook. It is safe for concurrent use.
type Facebook struct {
	flow flow
	me   *url.URL
}

var _ widget.Login = (*Facebook)(nil)

// NewFacebook returns the login with Facebook for an app that is registered there. It
// fails if ID or secret is empty, or an endpoint is not a URL. It calls nobody until
// somebody logs in.
func NewFacebook(id, secret string, o *Options) (*Facebook, error) {
	opts := o.withDefaults(facebookEndpoints)
	f, err := newFlow(id, secret, []string{"public_profile"}, &opts)
	if err != nil {
		return nil, err
	}
	me, err := url.Parse(opts.Endpoints.Me)
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	return &Facebook{flow: f, me: me}, nil
}

// Provider returns "facebook".
func (f *Facebook) Provider() string { return "facebook" }

// Begin returns the URL of Facebook's page for a login. It fails with [ErrLogin] if an
// argument is empty.
func (f *Facebook) Begin(state, redirect string) (string, error) {
	return f.flow.begin(state, redirect)
}

// Finish returns who logged in. It fails with [ErrDenied] if Facebook reports an error, as when
// the person refused, and with [ErrLogin] in every other case, also if Facebook cannot be
// reached.
func (f *Facebook) Finish(ctx context.Context, r *http.Request) (charla.Proof, error) {
	_, token, err := f.flow.finish(ctx, r)
	if err != nil {
		return charla.Proof{}, err
	}
	// It shows that the token is used by who may: one that leaked is worth nothing
	// without the app's secret.
	signature := hex.EncodeToString(f.flow.sum(token.AccessToken))
	to := *f.me
	to.RawQuery = url.Values{"fields": {"id,name"}, "appsecret_proof": {signature}}.Encode()
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return charla.Proof{}, fmt.Errorf("%w: %w", ErrLogin, safe(err))
	}
	ask.Header.Set("Authorization", "Bearer "+token.AccessToken)
	answer, err := f.flow.client.Do(ask)
	if err != nil {
		return charla.Proof{}, fmt.Errorf("%w: who it is: %w", ErrLogin, safe(err))
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return charla.Proof{}, fmt.Errorf("%w: who it is: status %d", ErrLogin, answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxPerson))
	if err != nil {
		return charla.Proof{}, fmt.Errorf("%w: who it is: %w", ErrLogin, safe(err))
	}
	var id, name string
	if err := readClaims(body, func(claim string, v strictjson.Value) (err error) {
		switch claim {
		case "id":
			id, err = readText(v)
		case "name":
			name, err = readText(v)
		}
		return err
	}); err != nil {
		return charla.Proof{}, fmt.Errorf("%w: who it is: %w", ErrLogin, err)
	}
	return proof(f.Provider(), id, name, "")
}

// maxPerson is more than Facebook says of a person, in bytes.
const maxPerson = 1 << 16
