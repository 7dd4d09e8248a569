package charla

import (
	"context"
	"crypto/ed25519"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

// AccountOptions go with [Desk.CreateAccount]. Nil is valid.
type AccountOptions struct {
	// ID, of the host's choosing, makes the call repeatable, at each start of a process,
	// say: the first call creates the account with it, each later one with the same ID and
	// name answers with that account (R8.1). [chatcfg.ParseAccountID] reads one. Zero: each
	// call makes a new account.
	ID chatcfg.AccountID
	// Config is the configuration that a new account starts with, its name and domain set
	// by the call; nil: [chatcfg.Default] in Spanish. An account that exists keeps its own,
	// which [Account.SaveConfig] changes.
	Config *chatcfg.Config
}

// CreateAccount connects an account (R1.1): it has an ID, a public key, a secret token
// and a configuration at once. The name and the domain become chat.name and chat.domain
// of its configuration, whatever the one passed has there; what is stored is
// normalised, so go on from what [Account.Config] returns, not from what was passed. It
// reports [SecurityAccountCreated].
//
// The secret is returned only by the call that makes the account. If a call is repeated
// with the same ID, the account exists already and the Secret is zero: if the first
// answer was lost, get a new one by [Account.RotateSecret]. Nothing of the account is
// changed then: domain and configuration stay what they are, whatever the call says.
//
// It fails with [chatcfg.Problems] for a name, domain or configuration that does not
// validate, with [ErrExists] if the ID is that of an account of another name, which the
// error says, and with [ErrOutcomeUnknown]. The name may be the one that the account was
// created with or the one that it has now.
func (d *Desk) CreateAccount(ctx context.Context, name, domain string, o *AccountOptions) (*Account, Secret, error) {
	if o == nil {
		o = &AccountOptions{}
	}
	cfg := chatcfg.Default(chatcfg.Spanish)
	if o.Config != nil {
		cfg = *o.Config
	}
	cfg.Chat.Name, cfg.Chat.Domain = name, domain
	cfg = cfg.Normalize()
	if err := cfg.Validate(); err != nil {
		return nil, Secret{}, err
	}
	a, secret, err := d.newAccount(o.ID, cfg)
	if err != nil {
		return nil, Secret{}, err
	}
	body, err := json.Marshal(cfg)
	if err != nil {
		return nil, Secret{}, fmt.Errorf("charla: encode configuration: %w", err)
	}
	err = d.store.Accounts().Create(ctx, a, storage.Document{Name: configDocument, Version: 1, Body: body})
	if errors.Is(err, storage.ErrExists) && !o.ID.IsZero() {
		return d.createdBefore(ctx, o.ID, cfg.Chat.Name)
	}
	if err != nil {
		return nil, Secret{}, changeError(err)
	}
	d.ReportSecurity(ctx, SecurityEvent{Kind: SecurityAccountCreated, Account: a.ID})
	return d.Account(a.ID), secret, nil
}

// newAccount returns a new account's record, not yet stored, and its secret token. A
// zero id gets a new ID. It fails if the desk's entropy does.
func (d *Desk) newAccount(id chatcfg.AccountID, cfg chatcfg.Config) (chatcfg.Account, Secret, error) {
	var random [16]byte
	secret, err := d.newSecret()
	if err == nil {
		err = d.random(random[:])
	}
	if err == nil && id.IsZero() {
		id.UUID, err = d.mint()
	}
	now := d.Now()
	return chatcfg.Account{
		Format: chatcfg.AccountFormat, ID: id, Key: "ck_" + keyEncoding.EncodeToString(random[:]),
		Name: cfg.Chat.Name, Hidden: cfg.Chat.Hidden,
		Secrets:   []chatcfg.Secret{{PublicKey: secret.public(), CreatedAt: now}},
		CreatedAt: now, Version: 1, SavedAt: now, Revision: 1,
	}, secret, err
}

var keyEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// createdBefore answers a creation whose ID is taken: with that account and the zero
// Secret, if the account has this name or was created with it, else with [ErrExists]. It
// fails if the store does.
func (d *Desk) createdBefore(ctx context.Context, id chatcfg.AccountID, name string) (*Account, Secret, error) {
	now, err := d.store.Accounts().Get(ctx, id)
	if err != nil {
		return nil, Secret{}, storeError(err)
	}
	if now.Name == name {
		return d.Account(id), Secret{}, nil
	}
	body, err := d.store.Accounts().Document(ctx, id, configDocument, 1)
	if err != nil {
		return nil, Secret{}, storeError(err)
	}
	var first struct { // of a configuration of any version
		Chat struct {
			Name string `json:"name"`
		} `json:"chat"`
	}
	if err := json.Unmarshal(body, &first); err != nil {
		return nil, Secret{}, fmt.Errorf("charla: decode configuration: %w", err)
	}
	if first.Chat.Name != name {
		return nil, Secret{}, fmt.Errorf("%w: account %s is called %q, not %q", ErrExists, id, now.Name, name)
	}
	return d.Account(id), Secret{}, nil
}

// newSecret makes a secret token of the desk's entropy. It fails if that does.
func (d *Desk) newSecret() (Secret, error) {
	secret := Secret{new([ed25519.SeedSize]byte)}
	err := d.random(secret.seed[:])
	return secret, err
}
