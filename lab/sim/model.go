package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// model is what must be in the store, by an account of the rules that shares no
// code with the library: the documents, not the packages, are its source. It
// follows what really landed, whatever the desks were told.
type model struct {
	w        *World
	accounts map[chatcfg.AccountID]*account
	order    []*account
	sessions map[tickets.SessionID]tickets.Session
	// forgotten are sessions that had expired and were removed.
	forgotten map[tickets.SessionID]bool
	outbox    *outbox
	// tags are the log's entries and messages by what names their cause.
	tags map[string]place
	// keys are the requests that took a key.
	keys map[slot]*request
	// chosen counts which of several texts was chosen, by how many there were.
	chosen map[[2]int]int
}

// place is where something is in the log.
type place struct {
	conv  *conv
	entry int64
	seq   int64
}

// account is one account of the model.
type account struct {
	id      chatcfg.AccountID
	name    string
	version chatcfg.Version
	configs map[chatcfg.Version]*config
	since   since
	savedAt time.Time
	deleted bool
	purged  bool
	// deleters are the deletions asked for with the right name.
	deleters int
	rosters  []rosterAt
	convs    map[tickets.ConversationID]*conv
	order    []*conv
	holders  map[tickets.Identity]*conv
	// secrets are the public halves that are kept, everSecrets all that were, and
	// keys what hosts hold; picture is the last that was kept.
	secrets, everSecrets []chatcfg.Secret
	keys                 []keyring
	picture              []byte
	pictures             [][]byte // that were given
	answers              []answer
}

// since is what saves mean for what was armed before them (R4.8, R2.6).
type since struct {
	closeOn, closeChanged time.Time // of auto-close
	remindChanged         time.Time // of all reminders
	stepChanged           [3]time.Time
	botOff, botChanged    time.Time // of the bot
	running               chatcfg.Version
	runningAt             time.Time
}

type config struct {
	chatcfg.Config
	version chatcfg.Version
	hours   *hours
}

type rosterAt struct {
	at     time.Time // on the world's clock
	roster tickets.Roster
}

// newModel returns an empty model of a world.
func newModel(w *World) *model {
	m := &model{
		w: w, accounts: make(map[chatcfg.AccountID]*account), sessions: make(map[tickets.SessionID]tickets.Session),
		forgotten: make(map[tickets.SessionID]bool), tags: make(map[string]place), keys: make(map[slot]*request), chosen: make(map[[2]int]int),
	}
	m.outbox = &outbox{m: m, rows: make(map[rowKey]*row)}
	return m
}

// current returns the account's configuration of its current version.
func (a *account) current() *config { return a.configs[a.version] }

// readConfig reads a version of the configuration among documents; nil: it is not
// there.
func readConfig(docs []storage.Document, v chatcfg.Version) *config {
	for _, d := range docs {
		if d.Name == "config" && d.Version == int64(v) {
			c := &config{version: v}
			if json.Unmarshal(d.Body, &c.Config) == nil {
				c.hours = newHours(c.Hours)
				return c
			}
		}
	}
	return nil
}

// created follows the creation of an account.
func (m *model) created(a chatcfg.Account, docs []storage.Document) {
	cfg := readConfig(docs, 1)
	if a.Version != 1 || cfg == nil {
		m.w.failf("create", "account %s created with version %d and config %v", a.ID, a.Version, cfg != nil)
		return
	}
	one := &account{
		id: a.ID, name: a.Name, version: 1, configs: map[chatcfg.Version]*config{1: cfg},
		savedAt: a.SavedAt, convs: make(map[tickets.ConversationID]*conv), holders: make(map[tickets.Identity]*conv),
	}
	one.rosters = []rosterAt{{at: m.w.now}}
	m.keeps(one, a, docs)
	m.accounts[a.ID] = one
	m.order = append(m.order, one)
}

// saved follows a save: of a configuration, or the deletion.
func (m *model) saved(a chatcfg.Account, docs []storage.Document) {
	one := m.accounts[a.ID]
	switch {
	case one == nil || one.purged:
		m.w.failf("save", "account %s saved that does not exist", a.ID)
		return
	case one.deleted:
		m.w.failf("deleted", "account %s saved after its deletion", a.ID)
		return
	case a.Version != one.version && a.Version != one.version+1:
		m.w.failf("save", "account %s goes from version %d to %d", a.ID, one.version, a.Version)
		return
	}
	if a.Version > one.version {
		cfg := readConfig(docs, a.Version)
		if cfg == nil {
			m.w.failf("save", "version %d of account %s has no document", a.Version, a.ID)
			return
		}
		if a.SavedAt.Before(one.savedAt) && !ahead(one.savedAt, a.SavedAt) {
			m.w.failf("save", "version %d of account %s is saved before the last", a.Version, a.ID)
		}
		m.follow(one, cfg, a)
	}
	m.since(one, a)
	m.keeps(one, a, docs)
	if !a.DeletedAt.IsZero() {
		if one.deleters == 0 {
			m.w.failf("deleted", "account %s is deleted without its name", one.name)
		}
		one.deleted = true
		m.outbox.deleted(one)
	}
}

// keeps follows a save of what an account has besides its configuration.
func (m *model) keeps(a *account, now chatcfg.Account, docs []storage.Document) {
	for _, old := range a.secrets { // a token works until its overlap ends (R1.7)
		kept := slices.ContainsFunc(now.Secrets, func(s chatcfg.Secret) bool { return bytes.Equal(s.PublicKey, old.PublicKey) })
		made := now.Secrets[len(now.Secrets)-1].CreatedAt
		if !kept && (old.ExpiresAt.IsZero() || old.ExpiresAt.After(made)) {
			m.w.failf("secret", "a token of %s ends before its time", a.name)
		}
	}
	a.secrets = slices.Clone(now.Secrets)
	a.everSecrets = append(a.everSecrets, now.Secrets...)
	for _, d := range docs {
		if d.Name == "picture" {
			a.picture = slices.Clone(d.Body)
		}
	}
}

// moved is when a save last moved a step of the reminders.
func (s *since) moved(step int) time.Time { return latest(s.remindChanged, s.stepChanged[step]) }

// follow does what a save means for running deadlines (R4.8, R2.6).
func (m *model) follow(one *account, cfg *config, a chatcfg.Account) {
	old := one.current()
	was, is := old.Automation.AutoClose, cfg.Automation.AutoClose
	if is.Enabled && !was.Enabled {
		one.since.closeOn = a.SavedAt
	}
	hours := is.Clock == chatcfg.Business && !reflect.DeepEqual(old.Hours, cfg.Hours)
	if std(was.After) != std(is.After) || was.Clock != is.Clock || hours {
		one.since.closeChanged = a.SavedAt
	}
	steps := func(c *config) (after []time.Duration) {
		for _, one := range c.Automation.Reminders.Steps {
			after = append(after, std(one.After))
		}
		return after
	}
	if cfg.Automation.Reminders.Enabled && (was.Clock != is.Clock || hours || !old.Automation.Reminders.Enabled) {
		one.since.remindChanged = a.SavedAt
	}
	for i, before := range steps(cfg) {
		if earlier := steps(old); i >= len(earlier) || earlier[i] != before {
			one.since.stepChanged[i] = a.SavedAt
		}
	}
	if was, is := old.General.Bot, cfg.General.Bot; was.Enabled && !is.Enabled {
		one.since.botOff = a.SavedAt
	} else if is.Enabled && std(was.Timeout) != std(is.Timeout) {
		one.since.botChanged = a.SavedAt
	}
	// Whether running waits follow, only the call knows; the library keeps it here.
	if a.Rules.Running == a.Version {
		one.since.running, one.since.runningAt = a.Version, a.SavedAt
	}
	one.version, one.savedAt, one.name = a.Version, a.SavedAt, cfg.Chat.Name
	one.configs[a.Version] = cfg
}

// std returns a duration; zero for nil.
func std(d *chatcfg.Duration) time.Duration {
	if d == nil {
		return 0
	}
	units := map[chatcfg.Unit]time.Duration{
		chatcfg.UnitSeconds: time.Second, chatcfg.UnitMinutes: time.Minute,
		chatcfg.UnitHours: time.Hour, chatcfg.UnitDays: 24 * time.Hour,
	}
	return time.Duration(d.Value) * units[d.Unit]
}

// purged checks the counts that a purge returns (R1.6).
func (m *model) purged(id chatcfg.AccountID, p storage.Purged) {
	a := m.accounts[id]
	if a == nil || !a.deleted || a.purged {
		m.w.failf("purge", "account %s purged", id)
		return
	}
	a.purged = true
	var messages, entries int64
	for _, c := range a.order {
		messages += int64(len(c.messages))
		entries += int64(len(c.entries))
	}
	if p.Conversations != int64(len(a.order)) || p.Messages != messages || p.Entries != entries {
		m.w.failf("purge", "purge says %+v, there were %d conversations, %d messages, %d entries", p, len(a.order), messages, entries)
	}
	m.outbox.purged(a)
}

// session follows a stored session and checks that its identity leads to one
// conversation.
func (m *model) session(s tickets.Session) {
	m.sessions[s.ID] = s
	if a := m.accounts[s.Account]; a == nil {
		m.w.failf("session", "session of an account that does not exist")
	}
	proved := s.Identity.Kind == tickets.IdentityHost || s.Identity.Kind == tickets.IdentityProvider
	if proved != (s.Customer.Level == tickets.LevelVerified) { // R7.2
		m.w.failf("identity", "a session that is %s is found by %s", s.Customer.Level, s.Identity.Kind)
	}
}

// forgets follows the removal of sessions that had expired before an instant, by a desk
// whose clock has never been later than now.
func (m *model) forgets(ctx context.Context, before, now time.Time) {
	for id, s := range m.sessions {
		if _, err := m.w.real.Sessions().Get(ctx, s.Account, id); !errors.Is(err, storage.ErrNotFound) || m.forgotten[id] {
			continue
		}
		if m.forgotten[id] = true; (!s.ExpiresAt.Before(before) || !s.ExpiresAt.Before(now)) && !m.accounts[s.Account].purged {
			m.w.failf("session", "session %s, which goes on until %s, is removed at %s at the latest", id, s.ExpiresAt, now)
		}
	}
}

// over reports whether a session has ended, or has stopped by itself.
func (m *model) over(id tickets.SessionID, now time.Time) bool {
	s := m.sessions[id]
	return m.forgotten[id] || !s.EndedAt.IsZero() || !now.Before(s.ExpiresAt)
}

// present follows a stored roster and checks it by R4.7.
func (m *model) present(t *task, id chatcfg.AccountID, r tickets.Roster) {
	a := m.accounts[id]
	if a == nil || a.deleted {
		m.w.failf("deleted", "presence of account %s is kept after its deletion", id)
		return
	}
	last := a.rosters[len(a.rosters)-1].roster
	absence := last.Absence
	if t != nil && t.beat != nil {
		if until, online := r.Agents[t.beat.agent]; online != (t.beat.is == tickets.Online) {
			m.w.failf("presence", "after %s's %q they are online: %v", t.beat.agent, t.beat.is, online)
		} else if online {
			now := until.Add(-tickets.HeartbeatTTL)
			there := false
			for _, until := range last.Agents {
				there = there || until.After(now) && !until.After(now.Add(2*tickets.HeartbeatTTL))
			}
			if !there {
				absence++
			}
		}
	}
	if r.Absence != absence {
		m.w.failf("presence", "absence %d after %d, want %d", r.Absence, last.Absence, absence)
	}
	a.rosters = append(a.rosters, rosterAt{m.w.now, r})
}

// wasPresence reports whether a decision may have seen this presence: by a roster that
// was the account's in the last seconds.
func (a *account) wasPresence(p tickets.Presence, now, since time.Time) bool {
	for i := len(a.rosters) - 1; i >= 0; i-- {
		r := a.rosters[i]
		there := false
		for _, until := range r.roster.Agents {
			there = there || until.After(now) && !until.After(now.Add(2*tickets.HeartbeatTTL))
		}
		if p.Available == there && p.Absence == r.roster.Absence+1 {
			return true
		}
		if r.at.Before(since) {
			return false
		}
	}
	return false
}

// claimed checks that claims are of accounts that are not deleted, and for deadlines
// that they are due and none that is was skipped.
func (m *model) claimed(claims []storage.Claim, due, partial bool, now, leaseUntil time.Time, limit int) {
	for _, one := range claims {
		a := m.accounts[one.Account]
		if a == nil || a.deleted {
			m.w.failf("deleted", "conversation %s of a deleted account is claimed", one.Conversation)
			return
		}
		if c := a.convs[one.Conversation]; due {
			if !c.wake.Equal(one.Due) || c.wake.After(now) {
				m.w.failf("claim", "conversation %s, due at %s, is claimed for %s at %s", c.id, c.wake, one.Due, now)
			}
			c.wake = leaseUntil
		}
	}
	for _, c := range m.conversations() {
		if due && !partial && len(claims) < limit && !c.account.deleted && !c.wake.IsZero() && !c.wake.After(now) {
			m.w.failf("claim", "conversation %s is due since %s and is not claimed at %s", c.id, c.wake, now)
		}
	}
}

// versions returns the versions of an account's conversations.
func (m *model) versions(id chatcfg.AccountID) map[tickets.ConversationID]int64 {
	out := make(map[tickets.ConversationID]int64)
	if a := m.accounts[id]; a != nil && !a.purged {
		for _, c := range a.order {
			out[c.id] = c.version
		}
	}
	return out
}

// conversations returns those of every account that was not purged, in a fixed order.
func (m *model) conversations() []*conv {
	var all []*conv
	for _, a := range m.order {
		if !a.purged {
			all = append(all, a.order...)
		}
	}
	return all
}

// living returns the accounts that are not deleted.
func (m *model) living() []*account {
	return slices.DeleteFunc(slices.Clone(m.order), func(a *account) bool { return a.deleted })
}
