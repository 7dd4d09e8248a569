package charla

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// Entry is who starts a session: what they claim, or what is proved of them.
type Entry struct {
	// Name, Email, RUT and Phone are what they typed. Which are required the
	// account's configuration says (R6.4).
	Name, Email, RUT, Phone string
	// Anonymous visitors say nothing (R7.3); the account must allow them.
	Anonymous bool
	// Proof is a verified identity; nil: none. The name and e-mail in it take
	// the place of what was typed.
	Proof *Proof
	// Locale is the visitor's language; empty: unknown.
	Locale chatcfg.Locale
}

// Proof is an identity that somebody trusted vouches for: a social login, or the
// host (R7.1). charla believes whoever passes it.
type Proof struct {
	// Provider is the social login, "google" or "facebook", which the account
	// must have on; empty: the host itself vouches.
	Provider string
	// Subject is the provider's lasting name for the person. Required.
	Subject string
	// Name and Email are as the provider knows them; both may be empty.
	Name, Email string
	// signed says that [Desk.VerifyIdentity] read it, when the account's secret
	// token was of that epoch.
	signed bool
	epoch  int64
}

// signedIn reports whether a signed identity proves it, and the epoch of the secret
// token.
func (p *Proof) signedIn() (signed bool, epoch int64) {
	if p == nil {
		return false, 0
	}
	return p.signed, p.epoch
}

// StartSession lets a visitor in and returns the session with its token, which is
// shown this once; charla keeps a hash (R7.1). A visitor who may not start under
// the account's configuration gets [chatcfg.Problems] (R6.3, R6.4, R7.3). A
// session by itself is not a customer: the first message makes one.
func (d *Desk) StartSession(ctx context.Context, account chatcfg.AccountID, v Entry) (tickets.Session, string, error) {
	a, err := d.living(ctx, account)
	if err != nil {
		return tickets.Session{}, "", err
	}
	rules, err := d.rules(ctx, &a)
	if err != nil {
		return tickets.Session{}, "", err
	}
	who, err := admitted(&rules.Config.Chat, v)
	if err != nil {
		return tickets.Session{}, "", err
	}
	s := tickets.Session{
		Format: tickets.SessionFormat, Account: account, Customer: who, AccountEpoch: a.SessionEpoch, Revision: 1,
	}
	var token string
	if s.ID.UUID, err = d.mint(); err == nil {
		s.Conversation.UUID, err = d.mint()
	}
	if err == nil {
		token, s.TokenHash, err = d.newToken(s.ID)
	}
	if err != nil {
		return tickets.Session{}, "", err
	}
	s.CreatedAt = d.Now()
	s.ExpiresAt = s.CreatedAt.Add(d.o.SessionTTL)
	s.Signed, s.SecretEpoch = v.Proof.signedIn()
	s.Identity = identity(&rules.Config.Chat, s, v.Proof)
	if err := d.settle(ctx, &s); err != nil {
		return tickets.Session{}, "", err
	}
	if err := d.store.Sessions().Create(ctx, s); err != nil {
		return tickets.Session{}, "", changeError(err)
	}
	return s, token, nil
}

// admitted is the customer that a visitor may be.
func admitted(chat *chatcfg.Chat, v Entry) (tickets.Customer, error) {
	entry := chatcfg.Entry{Name: v.Name, Email: v.Email, RUT: v.RUT, Phone: v.Phone, Anonymous: v.Anonymous}
	if p := v.Proof; p != nil {
		if err := checkProof(p); err != nil {
			return tickets.Customer{}, err
		}
		entry.Name, entry.Email = p.Name, p.Email
		entry.Host, entry.Provider = p.Provider == "", p.Provider
	}
	entry, err := chat.CheckEntry(entry)
	if err != nil {
		return tickets.Customer{}, err
	}
	level := tickets.LevelClaimed
	switch {
	case v.Proof != nil:
		level = tickets.LevelVerified
	case entry.Anonymous:
		level = tickets.LevelAnonymous
	}
	locale := v.Locale
	if !slices.Contains([]chatcfg.Locale{chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese}, locale) {
		locale = ""
	}
	return tickets.Customer{
		Level: level, Name: entry.Name, Email: entry.Email, RUT: entry.RUT, Phone: entry.Phone, Locale: locale,
	}, nil
}

func checkProof(p *Proof) error {
	found := chatcfg.CheckText("proof.subject", p.Subject, chatcfg.MaxName)
	if p.Provider != "" {
		found = append(found, chatcfg.CheckText("proof.provider", p.Provider, chatcfg.MaxName)...)
	}
	return problems(found)
}

// identity is what finds a visitor's conversation (R7.1, R7.2).
func identity(chat *chatcfg.Chat, s tickets.Session, p *Proof) tickets.Identity {
	switch {
	case p != nil && p.Provider == "":
		return tickets.Identity{Kind: tickets.IdentityHost, Value: p.Subject}
	case p != nil:
		return tickets.Identity{Kind: tickets.IdentityProvider, Value: url.QueryEscape(p.Provider) + ":" + p.Subject}
	case chat.EmailAsIdentifier && s.Customer.Level == tickets.LevelClaimed:
		return tickets.Identity{Kind: tickets.IdentityClaimedEmail, Value: strings.ToLower(s.Customer.Email)}
	default:
		return tickets.Identity{Kind: tickets.IdentitySession, Value: s.ID.String()}
	}
}

// settle points a session at the conversation that its identity has, if any, and
// records that conversation's epoch.
func (d *Desk) settle(ctx context.Context, s *tickets.Session) error {
	s.CustomerEpoch = 0
	if s.Identity.Kind == tickets.IdentitySession {
		return nil
	}
	holder, err := d.store.Sessions().Holder(ctx, s.Account, s.Identity)
	if err != nil || holder.IsZero() {
		return storeError(err)
	}
	loaded, err := d.load(ctx, storage.LoadQuery{Account: s.Account, Conversation: holder})
	s.Conversation, s.CustomerEpoch = holder, loaded.Conversation.SessionEpoch
	return err
}

// newToken makes the secret of a session's token, and its hash.
func (d *Desk) newToken(id tickets.SessionID) (token string, hash []byte, err error) {
	var secret [32]byte
	if err := d.random(secret[:]); err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(secret[:])
	return id.String() + "." + encode64(secret[:]), sum[:], nil
}

// Session returns the session of a token; [ErrSession] if there is none, or it
// has ended or expired; [ErrDeleted]. For a token that a login has replaced it is
// [ErrReplaced], with a session that is good for nothing but [Desk.Login].
func (d *Desk) Session(ctx context.Context, account chatcfg.AccountID, token string) (tickets.Session, error) {
	head, tail, _ := strings.Cut(token, ".")
	id, err := uuid.Parse(head)
	secret, err2 := decode64(tail)
	if err != nil || err2 != nil || id.String() != head || id == uuid.Nil {
		return tickets.Session{}, ErrSession
	}
	loaded, err := d.load(ctx, storage.LoadQuery{Account: account, Session: tickets.SessionID{UUID: id}})
	if err != nil {
		return tickets.Session{}, err
	}
	s := &loaded.Session
	hash := sha256.Sum256(secret)
	current, replaced := same(hash[:], s.TokenHash), same(hash[:], s.Replaced)
	if !current && !replaced {
		return tickets.Session{}, ErrSession
	}
	if err := d.goesOn(&loaded); err != nil {
		return tickets.Session{}, err
	}
	if !current {
		return tickets.Session{ID: s.ID, Account: account, TokenHash: hash[:]}, ErrReplaced
	}
	return *s, nil
}

// same reports whether two hashes are the same; none is like no other.
func same(a, b []byte) bool { return len(b) > 0 && subtle.ConstantTimeCompare(a, b) == 1 }

// checkSession returns ErrSession unless a loaded session goes on and its token is
// the one with that hash.
func (d *Desk) checkSession(l *storage.Loaded, hash []byte) error {
	if !same(hash, l.Session.TokenHash) {
		return ErrSession
	}
	return d.goesOn(l)
}

// goesOn returns ErrSession if a loaded session has ended or expired, by itself or
// with all of its customer, account or secret token.
func (d *Desk) goesOn(l *storage.Loaded) error {
	s := &l.Session
	// Before format 2 sessions did not say how their host vouched.
	signed := s.Signed || s.Format < 2 && s.Identity.Kind == tickets.IdentityHost
	switch {
	case !s.EndedAt.IsZero(), !d.Now().Before(s.ExpiresAt),
		s.AccountEpoch < l.Account.SessionEpoch,
		s.CustomerEpoch < l.Conversation.SessionEpoch,
		signed && s.SecretEpoch < l.Account.SecretEpoch:
		return ErrSession
	}
	return nil
}

// EndSession ends a session: its token and its streams stop working. Ending an
// ended one does nothing.
func (d *Desk) EndSession(ctx context.Context, s tickets.Session) error {
	_, err := d.changeSession(ctx, s, func(l *storage.Loaded) error {
		if l.Session.EndedAt.IsZero() {
			l.Session.EndedAt = d.Now()
		}
		return nil
	})
	return err
}

// EndCustomerSessions ends all sessions of a customer (R7.4), which are those that write in
// the conversation. Sessions that begin later are not touched. [ErrNotFound],
// [ErrDeleted].
func (d *Desk) EndCustomerSessions(ctx context.Context, ref tickets.Ref) error {
	leave, err := d.gates.enter(ctx, ref.Conversation.UUID, d.o.Limits.Queue)
	if err != nil {
		return err
	}
	defer leave()
	for range d.o.Limits.Attempts {
		loaded, err := d.load(ctx, storage.LoadQuery{Account: ref.Account, Conversation: ref.Conversation})
		if err == nil && loaded.Conversation.Version == 0 {
			err = ErrNotFound
		}
		if err == nil {
			err = rewritable(&loaded)
		}
		if err != nil {
			return err
		}
		rules, err := d.rules(ctx, &loaded.Account)
		if err != nil {
			return err
		}
		c := loaded.Conversation
		c.Format = tickets.Format
		c.Version++
		c.SessionEpoch++
		batch := &storage.Batch{
			Config: rules.Version, Conversation: c,
			Wake: rules.Wake(&loaded.Ticket), Active: loaded.Ticket.Status == tickets.StatusOpen,
		}
		err = d.commit(ctx, batch)
		if err == nil {
			d.signal(batch)
			return nil
		}
		if !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrConfigChanged) {
			return changeError(err)
		}
	}
	return ErrBusy
}

// EndAccountSessions ends all sessions of an account (R7.4). Sessions that begin later are
// not touched. [ErrNotFound], [ErrDeleted].
func (d *Desk) EndAccountSessions(ctx context.Context, account chatcfg.AccountID) error {
	err := d.update(ctx, account, func(a *chatcfg.Account) bool {
		a.SessionEpoch++
		return true
	})
	if err == nil {
		d.tell(hintSessions, account.UUID, 0)
	}
	return err
}

// changeSession changes a stored session and returns it, and tries again if it was changed
// meanwhile. The conversation of the session that change gets is the one that it
// writes in.
func (d *Desk) changeSession(ctx context.Context, s tickets.Session, change func(*storage.Loaded) error) (tickets.Session, error) {
	if s.ID.IsZero() {
		return tickets.Session{}, ErrSession
	}
	for range d.o.Limits.Attempts {
		loaded, err := d.load(ctx, storage.LoadQuery{Account: s.Account, Session: s.ID})
		if err != nil {
			return tickets.Session{}, err
		}
		now := &loaded.Session
		if now.Format > tickets.SessionFormat {
			return tickets.Session{}, ErrNewerFormat
		}
		if c := &loaded.Conversation; c.Version > 0 { // another session of its identity was first
			now.Conversation = c.ID
		}
		was := now.Conversation
		if err := change(&loaded); err != nil {
			return tickets.Session{}, err
		}
		now.Format = tickets.SessionFormat
		now.Revision++
		err = d.store.Sessions().Save(ctx, *now)
		if err == nil {
			d.tell(hintSession, was.UUID, 0)
			d.tell(hintSession, now.Conversation.UUID, 0)
			return *now, nil
		}
		if !errors.Is(err, storage.ErrConflict) {
			return tickets.Session{}, changeError(err)
		}
	}
	return tickets.Session{}, ErrBusy
}

// Heartbeat says that an agent is online, away or offline (R4.7). "Online" holds
// for [Options].HeartbeatTTL, 90 seconds; send it about every 30 seconds.
func (d *Desk) Heartbeat(ctx context.Context, account chatcfg.AccountID, agent tickets.AgentID, a tickets.Availability) error {
	err := cmpErr(checkAgent(Person{ID: agent}), checkChoice("availability", a, tickets.Online, tickets.Away, tickets.Offline))
	if err != nil {
		return err
	}
	for range d.o.Limits.Attempts {
		roster, err := d.store.Presence().Get(ctx, account)
		if err != nil {
			return storeError(err)
		}
		if roster.Format > tickets.RosterFormat {
			return ErrNewerFormat
		}
		now := d.Now()
		next := roster.Heartbeat(agent, a, now, max(d.o.HeartbeatTTL, 0))
		err = d.store.Presence().Put(ctx, account, next)
		if err == nil {
			d.rooms.put(account, next, now)
			return nil
		}
		if !errors.Is(err, storage.ErrConflict) {
			return changeError(err)
		}
	}
	return ErrBusy
}

// Presence is whether the account has an available agent now (R4.7).
func (d *Desk) Presence(ctx context.Context, account chatcfg.AccountID) (tickets.Presence, error) {
	return d.presence(ctx, account)
}

// presenceFor is how old a cached roster may be.
const presenceFor = time.Second
