package charla

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// MaxSaves is of how many saves of an account it is known who made them: the last 100.
const MaxSaves = 100

// savesDocument names the document that lists an account's last saves, the oldest first. It has
// version zero in the store.
const savesDocument = "saves"

// Save is one save of an account's configuration.
type Save struct {
	// Version is the one that it made, which [Saves.Config] returns.
	Version chatcfg.Version `json:"version"`
	At      time.Time       `json:"at"`
	// By and Name are who saved ([SaveOptions].By); empty: the host's program, or it is not known.
	By   tickets.AgentID `json:"by,omitempty"`
	Name string          `json:"name,omitempty"`
}

// Saves is the handle of an account's saves of its configuration (R1.4). It may be used by
// several goroutines at once.
type Saves struct {
	desk    *Desk
	account chatcfg.AccountID
}

// List returns the last saves, the newest first, at most [MaxSaves], a deleted account's too. The first version of all is the account's creation. A save by a version
// of charla that kept no list is missing, unless it is the last one. It fails with [ErrNotFound].
func (s *Saves) List(ctx context.Context) ([]Save, error) {
	record, err := s.desk.account(ctx, s.account)
	if err != nil {
		return nil, err
	}
	raw, err := s.desk.saves(ctx, s.account)
	if err != nil {
		return nil, err
	}
	list := make([]Save, len(raw), len(raw)+2)
	for i := range raw {
		if err := json.Unmarshal(raw[i], &list[i]); err != nil {
			return nil, fmt.Errorf("charla: stored saves: %w", err)
		}
	}
	// A save that came after the record was read is left out: the next call has it.
	list = slices.DeleteFunc(list, func(one Save) bool { return one.Version > record.Version })
	if len(list) == 0 || list[len(list)-1].Version < record.Version {
		list = append(list, Save{Version: record.Version, At: record.SavedAt})
	}
	if list[0].Version == 2 {
		list = slices.Insert(list, 0, Save{Version: 1, At: record.CreatedAt})
	}
	slices.Reverse(list)
	return list[:min(len(list), MaxSaves)], nil
}

// Config returns the configuration as a save made it, whole, a deleted account's too. It fails
// with [ErrNotFound] if there is no such account or version, and like [Account.Config].
func (s *Saves) Config(ctx context.Context, version chatcfg.Version) (chatcfg.Config, error) {
	return s.desk.config(ctx, s.account, version)
}

// saves returns the document of an account's saves, the oldest first, as it is stored. It fails
// if the store does.
func (d *Desk) saves(ctx context.Context, id chatcfg.AccountID) (list []json.RawMessage, err error) {
	body, err := d.store.Accounts().Document(ctx, id, savesDocument, 0)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(body, &list)
	}
	return list, storeError(err)
}

// savesWith returns the document of an account's saves with one more. What a newer version of
// charla wrote into the others stays. It fails if the store does.
func (d *Desk) savesWith(ctx context.Context, a *chatcfg.Account, by *Person) (storage.Document, error) {
	list, err := d.saves(ctx, a.ID)
	if err != nil {
		return storage.Document{}, err
	}
	one := Save{Version: a.Version, At: a.SavedAt}
	if by != nil {
		one.By, one.Name = by.ID, by.Name
	}
	last, err := json.Marshal(one)
	if err != nil {
		return storage.Document{}, fmt.Errorf("charla: encode saves: %w", err)
	}
	list = append(list, last)
	body, err := json.Marshal(list[max(len(list)-MaxSaves, 0):])
	if err != nil {
		return storage.Document{}, fmt.Errorf("charla: encode saves: %w", err)
	}
	return storage.Document{Name: savesDocument, Body: body}, nil
}
