package widget

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// Login is a social login: how a provider is asked who somebody is. It must be
// safe for concurrent use and keep nothing between Begin and Finish, which may
// happen in different processes: what it needs it derives from the state.
type Login interface {
	// Provider is its name in the configuration: "google" or "facebook".
	Provider() string
	// Begin returns the provider's page to send the visitor to. The provider
	// must hand state back unchanged, to redirect, which is the same for every
	// visitor of every account.
	Begin(state, redirect string) (string, error)
	// Finish reads what the provider sent back and asks it who that was. The
	// request's URL is absolute: redirect, with the provider's parameters. An
	// error is told to the visitor as "it did not work", and logged.
	Finish(ctx context.Context, r *http.Request) (charla.Proof, error)
}

// How long a visitor may take at the provider's, and how long the finished login
// is good for.
const (
	stateLasts = 15 * time.Minute
	loginLasts = 2 * time.Minute
	// providerTimeout is how long a provider may take to say who that was.
	providerTimeout = 20 * time.Second
)

// beginLogin answers with the address of the provider's page, to which the visitor
// goes, and with a nonce. The nonce stays with the page that asked: the finished login
// is sent to that page's origin only, and is valid only with the nonce, so the address
// alone is useless to others. It fails with [chatcfg.Problems] for a provider that is
// switched off or that the host does not have, as fields does, or if the provider's
// Begin does.
func (c *call) beginLogin() error {
	var provider string
	if err := c.fields(map[string]any{"provider": &provider}); err != nil {
		return err
	}
	login := c.h.login(provider)
	if login == nil || !slices.Contains(c.h.providers(c.chat), provider) {
		return invalid("provider", chatcfg.CodeSocialOff)
	}
	nonce := randomText()
	sum := sha256.Sum256([]byte(nonce))
	state := c.h.sealer.seal(sealedState, sealed{
		Account: c.account.ID(), Key: c.info.Key, Provider: provider, Origin: c.asking(), Nonce: sum[:],
		Expires: c.now.Add(stateLasts).Unix(),
	})
	to, err := login.Begin(state, c.h.callback(provider).String())
	if err != nil {
		return fmt.Errorf("widget: begin login by %s: %w", provider, err)
	}
	c.json(http.StatusOK, struct {
		URL   string `json:"url"`
		Nonce string `json:"nonce"`
	}{to, nonce})
	return nil
}

// login returns the login of a provider, or nil if the host offers none.
func (h *Handler) login(provider string) Login {
	for _, l := range h.o.Logins {
		if l.Provider() == provider {
			return l
		}
	}
	return nil
}

// callback returns the URL to which a provider sends visitors back.
func (h *Handler) callback(provider string) *url.URL { return h.base.JoinPath("login", provider) }

// finishLogin handles the visitor's return from the provider. It answers with a page
// that hands the finished login, or its failure, to the page that began, and closes. A
// refused login it logs and reports. It fails if the provider is unknown or the method
// is not GET (errNotFound), its state is not valid (errRequest), the account cannot be
// found (errOrigin), or a limit is reached.
func (c *call) finishLogin(provider string) error {
	c.html()
	login := c.h.login(provider)
	if login == nil || c.h.base == nil || c.r.Method != http.MethodGet {
		return errNotFound
	}
	if err := c.h.limits.entry.take(c.address, c.now); err != nil {
		return err
	}
	q := c.r.URL.Query()
	state, err := c.h.sealer.open(sealedState, q.Get("state"), c.now)
	if err != nil || state.Provider != provider {
		c.loginRefused("state")
		return errRequest
	}
	c.named = state.Account
	if err := c.h.limits.accountEntry.take(state.Account, c.now); err != nil {
		return err
	}
	ctx := c.r.Context()
	if a, err := c.h.desk.AccountByKey(ctx, state.Key); err != nil || a.ID() != state.Account {
		return errOrigin
	}
	asked := c.r.Clone(ctx)
	asked.URL = c.h.callback(provider)
	asked.URL.RawQuery = c.r.URL.RawQuery
	asked.Host = asked.URL.Host
	within, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	proof, err := login.Finish(within, asked)
	// JSON, which the proof is sealed as, would make one of two that are not UTF-8.
	if err == nil && (proof.Provider != provider || proof.Subject == "" || !utf8.ValidString(proof.Subject)) {
		err = errors.New("widget: the login proves nothing")
	}
	message := map[string]string{"charla": "login"}
	if err != nil {
		c.h.o.Logger.WarnContext(ctx, "widget: login failed", "provider", provider, "error", err)
		message["error"] = "failed"
		c.loginRefused("provider")
	} else {
		message["login"] = c.h.sealer.seal(sealedLogin, sealed{
			Account: state.Account, Key: state.Key, Provider: provider, Origin: state.Origin, Nonce: state.Nonce,
			Expires: c.now.Add(loginLasts).Unix(), ID: randomText(), Proof: &proof,
		})
	}
	return c.render(http.StatusOK, pageLogin, pageData{
		Message: string(encode(message)), Origin: state.Origin, Failed: err != nil,
	})
}

// redeem checks a finished login, marks it as used and returns its proof. settle must
// be called with the error of what the proof was used for: unless it is nil or unknown,
// the login may be used again. It fails with [chatcfg.Problems], and reports that, if
// the login is invalid or used already, except by the same token: the answer may have
// been lost.
func (c *call) redeem(login, nonce string) (p *charla.Proof, settle func(error), err error) {
	l, err := c.h.sealer.open(sealedLogin, login, c.now)
	if err != nil || l.Account != c.account.ID() || l.Key != c.info.Key || l.Proof == nil || !l.matches(nonce) {
		c.loginRefused("login")
		return nil, nil, invalid("login", codeLogin)
	}
	first, again := c.h.spent.use(l.ID, c.token, l.Expires, c.now)
	if !first && !again {
		c.loginRefused("used")
		return nil, nil, invalid("login", codeLogin)
	}
	return l.Proof, func(err error) {
		if first && err != nil && !errors.Is(err, charla.ErrOutcomeUnknown) {
			c.h.spent.giveBack(l.ID) // more was asked of the visitor, who may try again
		}
	}, nil
}
