package charla

import (
	"context"
	"crypto/ed25519"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

// AccountOptions go with [Desk.CreateAccount]. Nil is valid.
type AccountOptions struct {
	// ID makes the call repeatable: with the ID of an account that this call
	// has made before it answers with that account (R8.1). Zero: a new one.
	ID chatcfg.AccountID
	// Config is the configuration to start with, its name and domain set by the
	// call; nil: [chatcfg.Default] in Spanish.
	Config *chatcfg.Config
}

// CreateAccount connects an account (R1.1): it has an ID, a public key, a secret
// token and a configuration at once. The name and the domain become chat.name and
// chat.domain of its configuration, whatever the one passed has there; what is
// stored is normalised, so go on from what [Desk.Config] returns, not from what
// was passed.
//
// The secret is shown this once; the zero Secret says that the account existed
// already (made by the same call, with its ID), so rotate the token if its first
// showing was lost.
//
// It fails with [chatcfg.Problems] for a name, domain or configuration that does
// not validate, and with [ErrExists].
func (d *Desk) CreateAccount(ctx context.Context, name, domain string, o *AccountOptions) (chatcfg.Account, Secret, error) {
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
		return chatcfg.Account{}, Secret{}, err
	}
	a, secret, err := d.newAccount(o.ID, cfg)
	if err != nil {
		return chatcfg.Account{}, Secret{}, err
	}
	body, err := json.Marshal(cfg)
	if err != nil {
		return chatcfg.Account{}, Secret{}, fmt.Errorf("charla: encode configuration: %w", err)
	}
	err = d.store.Accounts().Create(ctx, a, storage.Document{Name: configDocument, Version: 1, Body: body})
	if errors.Is(err, storage.ErrExists) && !o.ID.IsZero() {
		return d.createdBefore(ctx, o.ID, body)
	}
	if err != nil {
		return chatcfg.Account{}, Secret{}, changeError(err)
	}
	return a, secret, nil
}

// newAccount makes an account's record.
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

// createdBefore answers a repeated creation like the first one, but for the
// secret, which nobody has any more.
func (d *Desk) createdBefore(ctx context.Context, id chatcfg.AccountID, body []byte) (chatcfg.Account, Secret, error) {
	first, err := d.store.Accounts().Document(ctx, id, configDocument, 1)
	if err != nil {
		return chatcfg.Account{}, Secret{}, storeError(err)
	}
	if string(first) != string(body) {
		return chatcfg.Account{}, Secret{}, ErrExists
	}
	a, err := d.Account(ctx, id)
	return a, Secret{}, err
}

func (d *Desk) newSecret() (Secret, error) {
	secret := Secret{new([ed25519.SeedSize]byte)}
	err := d.random(secret.seed[:])
	return secret, err
}

// Account returns an account, a deleted one too. [ErrNotFound].
func (d *Desk) Account(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	a, err := d.store.Accounts().Get(ctx, id)
	return a, storeError(err)
}

// AccountByKey returns the account with a public key. [ErrNotFound], for deleted
// ones too: their keys have stopped working (R1.6).
func (d *Desk) AccountByKey(ctx context.Context, key string) (chatcfg.Account, error) {
	a, err := d.store.Accounts().Find(ctx, key)
	if err == nil && !a.DeletedAt.IsZero() {
		return chatcfg.Account{}, ErrNotFound
	}
	return a, storeError(err)
}

// Accounts lists up to limit accounts that are not deleted, in the order of their
// creation, after the given one (zero: from the start). Hidden ones are left out
// unless asked for.
func (d *Desk) Accounts(ctx context.Context, after chatcfg.AccountID, hidden bool, limit int) ([]chatcfg.Account, error) {
	list, err := d.store.Accounts().List(ctx, after, hidden, limit)
	return list, storeError(err)
}

// Config returns the account's configuration and its version, whole (R1.4).
func (d *Desk) Config(ctx context.Context, id chatcfg.AccountID) (chatcfg.Config, chatcfg.Version, error) {
	a, err := d.Account(ctx, id)
	if err != nil {
		return chatcfg.Config{}, 0, err
	}
	cfg, err := d.config(ctx, id, a.Version)
	return cfg, a.Version, err
}

// SaveOptions go with [Desk.SaveConfig]. Nil is valid.
type SaveOptions struct {
	// Running applies a new SLA to the waits that are running, too (R2.6).
	Running bool
	// Key makes the call repeatable on the same version (R8.1).
	Key string
}

// Saved is what a save answers.
type Saved struct {
	// Version is the new configuration's.
	Version chatcfg.Version `json:"version"`
	// Warnings are its lint (R6.7).
	Warnings []chatcfg.Problem `json:"warnings,omitempty"`
	// Overdue is how many open tickets it makes overdue: they are closed or
	// become delayed at the save (R4.8).
	Overdue int `json:"overdue"`
}

// savedDocument names what a keyed save answered, by the version it made.
const savedDocument = "saved"

type savedWith struct {
	Key     string `json:"key"`
	Running bool   `json:"running"`
	Saved   Saved  `json:"saved"`
}

// SaveConfig saves the configuration whole, if version is still the current one
// (R1.4). Start from what [Desk.Config] returned, with its version, and change
// that: a document made otherwise lacks the name and the domain, which then are
// problems, and has defaults in place of whatever was configured. A patch is laid
// over it by [chatcfg.Apply].
//
// It fails with [chatcfg.Problems] (every problem at once; the stored
// configuration stays as it was), [ErrStale], [ErrDeleted], [ErrNotFound],
// [ErrKeyReused], [ErrBusy] or [ErrOutcomeUnknown]. Nothing that was decided under
// an older configuration happens after it. Running waits keep their SLA unless
// [SaveOptions].Running says otherwise (R2.6).
func (d *Desk) SaveConfig(ctx context.Context, id chatcfg.AccountID, version chatcfg.Version, cfg chatcfg.Config, o *SaveOptions) (Saved, error) {
	if o == nil {
		o = &SaveOptions{}
	}
	if err := checkKey(o.Key); err != nil {
		return Saved{}, err
	}
	cfg = cfg.Normalize()
	if err := cfg.Validate(); err != nil {
		return Saved{}, err
	}
	body, err := json.Marshal(cfg)
	if err != nil {
		return Saved{}, fmt.Errorf("charla: encode configuration: %w", err)
	}
	for range d.o.Limits.Attempts {
		a, err := d.living(ctx, id)
		if err != nil {
			return Saved{}, err
		}
		if a.Version != version {
			return d.savedBefore(ctx, a, version, body, o)
		}
		if a.Format > chatcfg.AccountFormat {
			return Saved{}, ErrNewerFormat
		}
		saved, err := d.save(ctx, a, cfg, body, o)
		if errors.Is(err, storage.ErrConflict) {
			continue // a picture or a token came between
		}
		return saved, changeError(err)
	}
	return Saved{}, ErrBusy
}

func (d *Desk) save(ctx context.Context, a chatcfg.Account, cfg chatcfg.Config, body []byte, o *SaveOptions) (Saved, error) {
	if err := d.knows(ctx, a.ID, a.Version); err != nil {
		return Saved{}, err
	}
	old, err := d.rules(ctx, &a)
	if err != nil {
		return Saved{}, err
	}
	now := later(d.Now(), a.SavedAt)
	a.Version++
	a.Revision++
	a.Format = chatcfg.AccountFormat
	a.SavedAt, a.Name, a.Hidden = now, cfg.Chat.Name, cfg.Chat.Hidden
	a.Rules = automation.Saved(a.Rules, old.Config, cfg, now)
	if o.Running {
		a.Rules.Running, a.Rules.RunningAt = a.Version, now
	}
	rules, err := automation.Compile(a, cfg, nil)
	if err != nil {
		return Saved{}, err
	}
	saved := Saved{Version: a.Version, Warnings: cfg.Lint()}
	if saved.Overdue, err = d.overdue(ctx, a.ID, old, rules, o.Running, now); err != nil {
		return Saved{}, err
	}
	docs := []storage.Document{{Name: configDocument, Version: int64(a.Version), Body: body}}
	if o.Key != "" {
		answer, err := json.Marshal(savedWith{Key: o.Key, Running: o.Running, Saved: saved})
		if err != nil {
			return Saved{}, fmt.Errorf("charla: encode answer: %w", err)
		}
		docs = append(docs, storage.Document{Name: savedDocument, Version: int64(a.Version), Body: answer})
	}
	if err := d.store.Accounts().Save(ctx, a, docs...); err != nil {
		return Saved{}, err
	}
	d.wakeRunner()
	return saved, nil
}

// starts are the instants that stores count by, by what deadlines count from.
var starts = map[automation.Start]storage.Instant{
	automation.StartAgent: storage.CountsFrom, automation.StartWait: storage.WaitsSince,
}

// overdue counts the open tickets whose deadline the new rules move into the
// past (R4.8): by ranges, not by looking at them.
func (d *Desk) overdue(ctx context.Context, id chatcfg.AccountID, old, rules *automation.Rules, running bool, now time.Time) (int, error) {
	total := 0
	for _, o := range rules.Overdue(old, running, now) {
		if !o.UpTo.After(o.After) {
			continue
		}
		n, err := d.store.Queries().Count(ctx, id, starts[o.By], o.After, o.UpTo)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// savedBefore answers a repeated save like the first one.
func (d *Desk) savedBefore(ctx context.Context, a chatcfg.Account, version chatcfg.Version, body []byte, o *SaveOptions) (Saved, error) {
	stale := fmt.Errorf("%w: it is now %d", ErrStale, a.Version)
	if o.Key == "" || version >= a.Version {
		return Saved{}, stale
	}
	made := int64(version) + 1
	answer, err := d.store.Accounts().Document(ctx, a.ID, savedDocument, made)
	if errors.Is(err, storage.ErrNotFound) {
		return Saved{}, stale
	} else if err != nil {
		return Saved{}, storeError(err)
	}
	var with savedWith
	if err := json.Unmarshal(answer, &with); err != nil {
		return Saved{}, fmt.Errorf("charla: stored answer: %w", err)
	}
	if with.Key != o.Key {
		return Saved{}, stale
	}
	then, err := d.store.Accounts().Document(ctx, a.ID, configDocument, made)
	if err != nil {
		return Saved{}, storeError(err)
	}
	if string(then) != string(body) || with.Running != o.Running {
		return Saved{}, fmt.Errorf("%w: %q", ErrKeyReused, o.Key)
	}
	return with.Saved, nil
}

// living returns an account that is not deleted.
func (d *Desk) living(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	a, err := d.Account(ctx, id)
	if err == nil && !a.DeletedAt.IsZero() {
		err = ErrDeleted
	}
	return a, err
}

// changeable is living for an account that is to be changed.
func (d *Desk) changeable(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	a, err := d.living(ctx, id)
	if err == nil && a.Format > chatcfg.AccountFormat {
		err = ErrNewerFormat
	}
	return a, err
}

// update changes an account's record by a pure function, again if somebody else
// was quicker; change returning false leaves it as it is.
func (d *Desk) update(ctx context.Context, id chatcfg.AccountID, change func(*chatcfg.Account) bool, docs ...storage.Document) error {
	for range d.o.Limits.Attempts {
		a, err := d.changeable(ctx, id)
		if err != nil {
			return err
		}
		if !change(&a) {
			return nil
		}
		a.Format = chatcfg.AccountFormat
		a.Revision++
		if err := d.store.Accounts().Save(ctx, a, docs...); !errors.Is(err, storage.ErrConflict) {
			return changeError(err)
		}
	}
	return ErrBusy
}

// The names of the pictures' documents.
const (
	pictureDocument = "picture"
	logoDocument    = "logo"
)

// SetPicture sets the account's picture; nil removes it. It must be square, a
// PNG, JPEG, GIF or WebP (R1.2), else it is a [chatcfg.Problems].
func (d *Desk) SetPicture(ctx context.Context, id chatcfg.AccountID, picture []byte) error {
	return d.setImage(ctx, id, pictureDocument, picture, chatcfg.CheckPicture,
		func(a *chatcfg.Account) **chatcfg.Image { return &a.Picture })
}

// SetLogo sets the logo of the chat's button; nil removes it. It must be exactly
// 200×200 (R1.2), else it is a [chatcfg.Problems].
func (d *Desk) SetLogo(ctx context.Context, id chatcfg.AccountID, logo []byte) error {
	return d.setImage(ctx, id, logoDocument, logo, chatcfg.CheckLogo,
		func(a *chatcfg.Account) **chatcfg.Image { return &a.Logo })
}

func (d *Desk) setImage(ctx context.Context, id chatcfg.AccountID, name string, body []byte,
	check func([]byte) (chatcfg.Image, error), field func(*chatcfg.Account) **chatcfg.Image,
) error {
	var image *chatcfg.Image
	if body != nil {
		checked, err := check(body)
		if err != nil {
			return err
		}
		image = &checked
	}
	return d.update(ctx, id, func(a *chatcfg.Account) bool {
		*field(a) = image
		return true
	}, storage.Document{Name: name, Body: slices.Clone(body)})
}

// Picture returns the bytes of the account's picture; [ErrNotFound] without one.
func (d *Desk) Picture(ctx context.Context, id chatcfg.AccountID) ([]byte, error) {
	return d.image(ctx, id, pictureDocument)
}

// Logo returns the bytes of the button's logo; [ErrNotFound] without one.
func (d *Desk) Logo(ctx context.Context, id chatcfg.AccountID) ([]byte, error) {
	return d.image(ctx, id, logoDocument)
}

func (d *Desk) image(ctx context.Context, id chatcfg.AccountID, name string) ([]byte, error) {
	body, err := d.store.Accounts().Document(ctx, id, name, 0)
	if err == nil && len(body) == 0 {
		err = ErrNotFound
	}
	return body, storeError(err)
}

// RotateSecret gives the account a new secret token, shown this once; the ones
// before it go on working for the overlap, 0 to 365 days (R1.7). An overlap of zero
// is for a stolen token: it also ends all sessions that began or logged in by an
// identity signed with an earlier token. It cannot be repeated: a call whose outcome
// is unknown is made anew, which rotates again.
func (d *Desk) RotateSecret(ctx context.Context, id chatcfg.AccountID, overlap time.Duration) (Secret, error) {
	if overlap < 0 || overlap > chatcfg.MaxDuration {
		return Secret{}, chatcfg.Problems{{Path: "overlap", Code: chatcfg.CodeOutOfRange, Args: []any{"0", "365d"}}}
	}
	secret, err := d.newSecret()
	if err != nil {
		return Secret{}, err
	}
	now := d.Now()
	err = d.update(ctx, id, func(a *chatcfg.Account) bool {
		ends := now.Add(overlap)
		kept := a.Secrets[:0:0]
		for _, s := range a.Secrets {
			if s.ExpiresAt.IsZero() || s.ExpiresAt.After(ends) {
				s.ExpiresAt = ends
			}
			if s.ExpiresAt.After(now) {
				kept = append(kept, s)
			}
		}
		a.Secrets = append(kept, chatcfg.Secret{PublicKey: secret.public(), CreatedAt: now})
		if overlap == 0 {
			a.SecretEpoch++
		}
		return true
	})
	if err != nil {
		return Secret{}, err
	}
	if overlap == 0 {
		d.tell(hintSessions, id.UUID, 0)
	}
	return secret, nil
}

// DeleteAccount deletes an account if confirm is its name exactly, else it is
// [ErrConfirmation] (R1.6). From then on its keys, sessions, deadlines and
// pending messages are dead and its tickets read-only history. Deleting a
// deleted account does nothing.
func (d *Desk) DeleteAccount(ctx context.Context, id chatcfg.AccountID, confirm string) error {
	var refused error
	err := d.update(ctx, id, func(a *chatcfg.Account) bool {
		if refused = nil; confirm != a.Name {
			refused = ErrConfirmation
			return false
		}
		a.DeletedAt = later(d.Now(), a.SavedAt)
		return true
	})
	if errors.Is(err, ErrDeleted) {
		return nil
	}
	return cmpErr(err, refused)
}

// Purge removes the history of a deleted account and says how much that was
// (R1.6). [ErrNotDeleted] while it is not deleted, [ErrNotFound] once it is
// purged.
func (d *Desk) Purge(ctx context.Context, id chatcfg.AccountID) (storage.Purged, error) {
	purged, err := d.store.Accounts().Purge(ctx, id)
	if errors.Is(err, storage.ErrConflict) {
		return purged, ErrNotDeleted
	}
	if err == nil && d.o.Files != nil {
		if err := d.o.Files.Store.DeleteAll(ctx, id); err != nil {
			return purged, fmt.Errorf("charla: purged, but for the files: %w", err)
		}
	}
	return purged, changeError(err)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
