package login

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/internal/strictjson"
	"github.com/charlahq/charla/widget"
	"github.com/coreos/go-oidc/v3/oidc"
)

var googleEndpoints = Endpoints{ //nolint:gosec // G101: addresses, no credentials
	Auth:   "https://accounts.google.com/o/oauth2/v2/auth",
	Token:  "https://oauth2.googleapis.com/token",
	Issuer: "https://accounts.google.com",
	Keys:   "https://www.googleapis.com/oauth2/v3/certs",
}

// Google is the login with Google. It is safe for concurrent use.
type Google struct {
	flow     flow
	verifier *oidc.IDTokenVerifier
}

var _ widget.Login = (*Google)(nil)

// NewGoogle returns the login with Google for a client that is registered there. It fails if
// ID or secret is empty. It calls nobody until somebody logs in.
func NewGoogle(id, secret string, o *Options) (*Google, error) {
	opts := o.withDefaults(googleEndpoints)
	f, err := newFlow(id, secret, []string{oidc.ScopeOpenID, "profile", "email"}, &opts)
	if err != nil {
		return nil, err
	}
	provider := (&oidc.ProviderConfig{
		IssuerURL: opts.Endpoints.Issuer, AuthURL: opts.Endpoints.Auth, TokenURL: opts.Endpoints.Token,
		JWKSURL: opts.Endpoints.Keys, Algorithms: []string{oidc.RS256},
	}).NewProvider(oidc.ClientContext(context.Background(), opts.Client))
	return &Google{flow: f, verifier: provider.Verifier(&oidc.Config{ClientID: id, Now: opts.Clock.Now})}, nil
}

// Provider returns "google".
func (g *Google) Provider() string { return "google" }

// Begin returns the URL of Google's page for a login. It fails with [ErrLogin] if an argument
// is empty.
func (g *Google) Begin(state, redirect string) (string, error) {
	return g.flow.begin(state, redirect, oidc.Nonce(g.flow.derive("nonce", state)))
}

// Finish returns who logged in. It fails with [ErrDenied] if Google reports an error, as when
// the person refused, and with [ErrLogin] in every other case, also if Google cannot be
// reached.
func (g *Google) Finish(ctx context.Context, r *http.Request) (charla.Proof, error) {
	state, token, err := g.flow.finish(ctx, r)
	if err != nil {
		return charla.Proof{}, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := g.verifier.Verify(ctx, raw)
	if err != nil {
		return charla.Proof{}, fmt.Errorf("%w: ID token: %w", ErrLogin, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(g.flow.derive("nonce", state))) != 1 {
		return charla.Proof{}, fmt.Errorf("%w: ID token of another login", ErrLogin)
	}
	claims, err := readGoogleClaims(id)
	if err != nil {
		return charla.Proof{}, fmt.Errorf("%w: ID token: %w", ErrLogin, err)
	}
	if claims.party != g.flow.id && (claims.party != "" || len(id.Audience) != 1) {
		return charla.Proof{}, fmt.Errorf("%w: ID token for another client", ErrLogin)
	}
	if !claims.verified {
		claims.email = ""
	}
	return proof(g.Provider(), claims.subject, claims.name, claims.email)
}

// googleClaims are what is believed of an ID token that go-oidc has verified.
type googleClaims struct {
	party, subject, name, email string
	verified                    bool // the e-mail
}

// readGoogleClaims returns the claims of an ID token that go-oidc has verified. It
// reads them again, since go-oidc reads claims by encoding/json, which takes "SUB" for
// "sub" and the last of two. It fails where they are ambiguous or of another type.
func readGoogleClaims(id *oidc.IDToken) (googleClaims, error) {
	var raw json.RawMessage
	if err := id.Claims(&raw); err != nil {
		return googleClaims{}, err
	}
	var c googleClaims
	err := readClaims(raw, func(claim string, v strictjson.Value) (err error) {
		switch claim {
		case "azp":
			c.party, err = readText(v)
		case "sub":
			c.subject, err = readText(v)
		case "name":
			c.name, err = readText(v)
		case "email":
			c.email, err = readText(v)
		case "email_verified":
			if c.verified = v.Kind == strictjson.True; !c.verified && v.Kind != strictjson.False {
				err = errors.New("email_verified is no boolean")
			}
		default:
			for _, known := range []string{"iss", "sub", "aud", "exp", "iat", "nbf", "nonce"} {
				if claim != known && strings.EqualFold(claim, known) {
					return fmt.Errorf("claim %.20q", claim)
				}
			}
		}
		return err
	})
	return c, err
}
