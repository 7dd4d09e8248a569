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
	// ID, of the host's choosing, makes the call repeatable: the account is created
	// with it, and the same call answers with that account later (R8.1). Zero: a new one.
	ID chatcfg.AccountID
	// Config is the configuration to start with, its name and domain set by the
	// call; nil: [chatcfg.Default] in Spanish.
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
// answer was lost, get a new one by [Account.RotateSecret].
//
// It fails with [chatcfg.Problems] for a name, domain or configuration that does not
// validate, with [ErrExists], and with [ErrOutcomeUnknown].
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
		return d.createdBefore(ctx, o.ID, body)
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
// Secret, which nothing keeps, if the same call made it, else with [ErrExists]. It
// fails if the store does.
func (d *Desk) createdBefore(ctx context.Context, id chatcfg.AccountID, body []byte) (*Account, Secret, error) {
	first, err := d.store.Accounts().Document(ctx, id, configDocument, 1)
	if err != nil {
		return nil, Secret{}, storeError(err)
	}
	if string(first) != string(body) {
		return nil, Secret{}, ErrExists
	}
	return d.Account(id), Secret{}, nil
}

// newSecret makes a secret token of the desk's entropy. It fails if that does.
func (d *Desk) newSecret() (Secret, error) {
	secret := Secret{new([ed25519.SeedSize]byte)}
	err := d.random(secret.seed[:])
	return secret, err
}
