package widget

import (
	"context"
	"net/http"

	"github.com/charlahq/charla"
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
