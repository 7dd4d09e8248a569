package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// State is what the site keeps beside the database, in a JSON file that only its
// owner reads: the password's hash, and the deleted accounts that are not purged,
// which no list of the desk's names any more.
type State struct {
	path string
	mu   sync.Mutex
	data stateData
}

type stateData struct {
	Password string              `json:"password"`
	Deleted  []chatcfg.AccountID `json:"deletedAccounts,omitempty"`
}

// OpenState reads the file; one that is not there is the zero state.
func OpenState(path string) (*State, error) {
	s := &State{path: path}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	} else if err != nil {
		return nil, fmt.Errorf("desk: state: %w", err)
	}
	if err := json.Unmarshal(text, &s.data); err != nil {
		return nil, fmt.Errorf("desk: state %s: %w", path, err)
	}
	return s, nil
}

// Security is a [charla.Observer]'s: it keeps the accounts that are deleted, and forgets
// those that are purged.
func (s *State) Security(_ context.Context, e charla.SecurityEvent) {
	switch e.Kind {
	case charla.SecurityAccountDeleted:
		s.keep(func(d *stateData) { d.Deleted = append(d.Deleted, e.Account) })
	case charla.SecurityAccountPurged:
		s.keep(func(d *stateData) {
			d.Deleted = slices.DeleteFunc(d.Deleted, func(id chatcfg.AccountID) bool { return id == e.Account })
		})
	}
}

// keep changes the state. If the file cannot be written, the change holds until the
// program ends.
func (s *State) keep(change func(*stateData)) {
	if err := s.change(change); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		change(&s.data)
	}
}

// read returns a copy of the state.
func (s *State) read() stateData {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := s.data
	data.Deleted = slices.Clone(data.Deleted)
	return data
}

// change changes the state, in the file first: whole or not at all.
func (s *State) change(change func(*stateData)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := s.data
	data.Deleted = slices.Clone(data.Deleted)
	change(&data)
	text, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return fmt.Errorf("desk: state: %w", err)
	}
	if err := writeFile(s.path, text); err != nil {
		return fmt.Errorf("desk: state: %w", err)
	}
	s.data = data
	return nil
}

// writeFile replaces a file of mode 0600 in one step.
func writeFile(path string, text []byte) error {
	// CreateTemp makes files of mode 0600.
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
