package charla

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
)

// configDocument names the configuration among an account's documents.
const configDocument = "config"

// rulesCache keeps compiled configurations. An entry is good for one version of
// one account: what is decided under an older one does not commit.
type rulesCache struct {
	mu sync.Mutex
	m  map[chatcfg.AccountID]cachedRules
}

// cachedRules carry the account's key, which tells an account from one that had
// its ID before and was purged, and what its saves mean, which changes under one version
// only when a wrong clock had dated them.
type cachedRules struct {
	*automation.Rules
	key   string
	since chatcfg.Since
}

// rules returns the account's compiled configuration, of the version in a, from the
// cache or the store, and caches it. It fails with [ErrNewerFormat] if this version
// cannot read it, or if the store does.
func (d *Desk) rules(ctx context.Context, a *chatcfg.Account) (*automation.Rules, error) {
	c := &d.cache
	c.mu.Lock()
	had, ok := c.m[a.ID]
	c.mu.Unlock()
	if ok && had.key == a.Key && had.Version == a.Version && had.since.Equal(a.Rules) {
		return had.Rules, nil
	}
	cfg, err := d.config(ctx, a.ID, a.Version)
	if err != nil {
		return nil, err
	}
	var running *chatcfg.Config
	if v := a.Rules.Running; v != 0 && v != a.Version {
		old, err := d.config(ctx, a.ID, v)
		if err != nil {
			return nil, err
		}
		running = &old
	}
	r, err := automation.Compile(*a, cfg, running)
	if err != nil {
		return nil, unreadable(a.ID, a.Version, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = make(map[chatcfg.AccountID]cachedRules)
	}
	if _, there := c.m[a.ID]; !there && len(c.m) >= d.o.Limits.Accounts {
		for id := range c.m { // any one: a busy account is loaded again at once
			delete(c.m, id)
			break
		}
	}
	if now, ok := c.m[a.ID]; !ok || now.key != a.Key || now.Version < r.Version || now.Version == r.Version && !now.since.Equal(a.Rules) {
		c.m[a.ID] = cachedRules{r, a.Key, a.Rules}
	}
	return r, nil
}

// config returns a version of an account's configuration, with defaults for keys that
// the stored one does not have. It fails with [ErrNotFound] if there is none, and
// [ErrNewerFormat] if this version cannot read it.
func (d *Desk) config(ctx context.Context, id chatcfg.AccountID, v chatcfg.Version) (chatcfg.Config, error) {
	cfg := chatcfg.Default(chatcfg.Spanish) // for keys that are newer than the document
	body, err := d.store.Accounts().Document(ctx, id, configDocument, int64(v))
	if err != nil {
		return cfg, storeError(err)
	}
	if err := json.Unmarshal(body, &cfg); err != nil {
		return cfg, unreadable(id, v, err)
	}
	return cfg, nil
}

// unreadable returns an [ErrNewerFormat] for a stored configuration that this version
// cannot read.
func unreadable(id chatcfg.AccountID, v chatcfg.Version, err error) error {
	return fmt.Errorf("%w: configuration %d of account %s: %w", ErrNewerFormat, v, id, err)
}
