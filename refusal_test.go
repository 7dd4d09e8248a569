package charla_test

import (
	"errors"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
)

// A desk's errors are refusals, but for those that say to try again or that somebody has
// to look.
func TestRefusals(t *testing.T) {
	t.Parallel()
	var refusal chatcfg.Refusal
	for _, err := range []error{charla.ErrNotFound, charla.ErrContactForm, charla.ErrReplaced, charla.ErrStale, charla.ErrIdentity, tickets.ErrAnonymous, &tickets.TransitionError{}} {
		assert.ErrorAs(t, err, &refusal)
	}
	for _, err := range []error{charla.ErrBusy, charla.ErrOutcomeUnknown, charla.ErrNewerFormat, errors.New("disk on fire")} {
		assert.NotErrorAs(t, err, &refusal)
	}
	assert.NotErrorIs(t, charla.ErrNotFound, charla.ErrSession)
}
