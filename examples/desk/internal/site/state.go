package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// state is what the site keeps beside the database, in a JSON file that only its
// owner reads: the password's hash, and the deleted accounts that are not purged,
// which no list of the desk's names any more.
type state struct {
	path string
	mu   sync.Mutex
	data stateData
}

type stateData struct {
	Password string           `json:"password"`
	Deleted  []deletedAccount `json:"deleted,omitempty"`
}

type deletedAccount struct {
	ID   chatcfg.AccountID `json:"id"`
	Name string            `json:"name"`
	At   time.Time         `json:"at"`
}

// openState reads the file; one that is not there is the zero state.
func openState(path string) (*state, error) {
	s := &state{path: path}
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

// read returns a copy of the state.
func (s *state) read() stateData {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := s.data
	data.Deleted = slices.Clone(data.Deleted)
	return data
}

// change changes the state, in the file first: whole or not at all.
func (s *state) change(change func(*stateData)) error {
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
