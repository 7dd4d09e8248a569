package charla

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

// Config returns the account's configuration and its version, whole (R1.4), a deleted
// account's too. It fails with [ErrNotFound], or [ErrNewerFormat] if a newer version
// stored it in a form that this one cannot read.
func (a *Account) Config(ctx context.Context) (chatcfg.Config, chatcfg.Version, error) {
	record, err := a.desk.account(ctx, a.id)
	if err != nil {
		return chatcfg.Config{}, 0, err
	}
	cfg, err := a.desk.config(ctx, a.id, record.Version)
	return cfg, record.Version, err
}

// SaveOptions go with [Account.SaveConfig]. Nil is valid.
type SaveOptions struct {
	// Running applies a new SLA to the waits that are running, too (R2.6).
	Running bool
	// Key makes the call repeatable on the same version (R8.1).
	Key string
	// By is who saves, for [Account.Saves]; nil: the host's program.
	By *Person
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

// savedDocument names the documents that hold what keyed saves answered. A document's
// version is the one that its save made.
const savedDocument = "saved"

// savedWith is the answer of a keyed save, with what it was asked.
type savedWith struct {
	Key     string `json:"key"`
	Running bool   `json:"running"`
	Saved   Saved  `json:"saved"`
}

// SaveConfig saves the configuration whole, if version is still the current one
// (R1.4). Start from what [Account.Config] returned, with its version, and change
// that: a document made otherwise lacks the name and the domain, which then are
// problems, and has defaults in place of whatever was configured. A patch is laid
// over it by [chatcfg.Apply]. Switching the last social login off also switches "social
// only" off ([chatcfg.Config.SwitchedOff]).
//
// It fails with [chatcfg.Problems] (every problem at once; the stored
// configuration stays as it was), [ErrStale], [ErrDeleted], [ErrNotFound],
// [ErrKeyReused], [ErrBusy], [ErrNewerFormat] or [ErrOutcomeUnknown]. Nothing that was
// decided under an older configuration happens after it. Running waits keep their SLA unless
// [SaveOptions].Running says otherwise (R2.6).
func (a *Account) SaveConfig(ctx context.Context, version chatcfg.Version, cfg chatcfg.Config, o *SaveOptions) (Saved, error) {
	return a.desk.saveConfig(ctx, a.id, version, cfg, o)
}

// saveConfig does [Account.SaveConfig] for an account, and fails as that does.
func (d *Desk) saveConfig(ctx context.Context, id chatcfg.AccountID, version chatcfg.Version, cfg chatcfg.Config, o *SaveOptions) (Saved, error) {
	if o == nil {
		o = &SaveOptions{}
	}
	if err := checkKey(o.Key); err != nil {
		return Saved{}, err
	}
	if o.By != nil {
		if err := checkPerson(*o.By); err != nil {
			return Saved{}, err
		}
	}
	cfg = cfg.Normalize()
	if cfg.Chat.SocialOnly() {
		// What cannot be read is the save's to report.
		if before, err := d.config(ctx, id, version); err == nil {
			cfg = cfg.SwitchedOff(before)
		}
	}
	if err := cfg.Validate(); err != nil {
		return Saved{}, err
	}
	body, err := json.Marshal(cfg)
	if err != nil {
		return Saved{}, fmt.Errorf("charla: encode configuration: %w", err)
	}
	for range d.o.Limits.Attempts {
		a, err := d.liveAccount(ctx, id)
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

// save tries once to save a checked configuration, of which body is the JSON, as the
// next version of the account as loaded; it wakes Run and reports
// [SecurityConfigSaved]. It fails with [storage.ErrConflict] if the account has changed
// meanwhile, [ErrNewerFormat] if it would drop what a newer version stored, or the
// store's error.
func (d *Desk) save(ctx context.Context, a chatcfg.Account, cfg chatcfg.Config, body []byte, o *SaveOptions) (Saved, error) {
	if err := d.checkConfigKeys(ctx, a.ID, a.Version); err != nil {
		return Saved{}, err
	}
	old, err := d.rules(ctx, &a)
	if err != nil {
		return Saved{}, err
	}
	now := d.timeIn(a.CreatedAt, a.SavedAt)
	a.Version++
	a.Revision++
	a.Format = chatcfg.AccountFormat
	a.SavedAt, a.Name, a.Hidden = now, cfg.Chat.Name, cfg.Chat.Hidden
	a.Rules = automation.Saved(a.Rules.Until(now), old.Config, cfg, now)
	if o.Running {
		a.Rules.Running, a.Rules.RunningAt = a.Version, now
	}
	rules, err := automation.Compile(a, cfg, nil)
	if err != nil {
		return Saved{}, err
	}
	saved := Saved{Version: a.Version, Warnings: d.Lint(cfg)}
	if saved.Overdue, err = d.overdue(ctx, a.ID, old, rules, o.Running, now); err != nil {
		return Saved{}, err
	}
	saves, err := d.savesWith(ctx, &a, o.By)
	if err != nil {
		return Saved{}, err
	}
	docs := []storage.Document{{Name: configDocument, Version: int64(a.Version), Body: body}, saves}
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
	d.ReportSecurity(ctx, SecurityEvent{Kind: SecurityConfigSaved, Account: a.ID})
	return saved, nil
}

// Lint returns the warnings of a configuration for this desk's host, as
// [Account.SaveConfig] does; nil: none. The configuration must be one that
// [chatcfg.Config.Validate] accepts.
func (d *Desk) Lint(cfg chatcfg.Config) []chatcfg.Problem { return cfg.LintFor(d.o.Abilities) }

// starts are the instants that stores count by, by what deadlines count from.
var starts = map[automation.Start]storage.Instant{
	automation.StartAgent: storage.CountsFrom, automation.StartWait: storage.WaitsSince,
}

// overdue counts the open tickets whose deadline the new rules move into the past
// (R4.8). The store counts by ranges of time; no ticket is loaded. It fails if the
// store does.
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

// savedBefore answers a save on a version that is no longer current. If a save with the
// same key and content made the next version, it returns that save's answer; with the
// key but other content it fails with [ErrKeyReused], otherwise with [ErrStale]. It
// also fails if the store does.
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
