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

type identity struct{}

func serverUser() (*identity, error) { return nil, errUnsupported }

func (*identity) own(string) error { return errUnsupported }

func (*identity) become(*exec.Cmd) {}

type process struct{}

func start(context.Context, *identity, string, string, []string) (*process, error) {
	return nil, errUnsupported
}

func (*process) end(bool) error { return errUnsupported }
