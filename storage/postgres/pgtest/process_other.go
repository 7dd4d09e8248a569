//go:build !unix

package pgtest

import (
	"context"
	"errors"
	"os/exec"
)

var (
	errLingers     = errors.New("pgtest: the last server has not gone yet")
	errUnsupported = errors.New("pgtest: private servers run on Unix only")
)

// identity is never made.
type identity struct{}

// serverUser always fails with errUnsupported.
func serverUser() (*identity, error) { return nil, errUnsupported }

// own always fails with errUnsupported.
func (*identity) own(string) error { return errUnsupported }

// become does nothing.
func (*identity) become(*exec.Cmd) {}

// process is never made.
type process struct{}

// start always fails with errUnsupported.
func start(context.Context, *identity, string, string, []string) (*process, error) {
	return nil, errUnsupported
}

// end always fails with errUnsupported.
func (*process) end(bool) error { return errUnsupported }
