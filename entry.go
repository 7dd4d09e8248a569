package charla

import (
	"cmp"
	"context"
	"crypto/sha256"
	"net/url"
	"slices"
	"strings"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Entry is who starts a session: what they claim, or what is proved of them.
type Entry struct {
	// Name, Email, RUT and Phone are what they typed. Which are required the
	// account's configuration says (R6.4).
	Name, Email, RUT, Phone string
	// Anonymous visitors say nothing (R7.3); the account must allow them.
	Anonymous bool
	// Proof is a verified identity; nil: none. What is in it takes the place of what
	// was typed.
	Proof *Proof
	// Locale is the visitor's language; empty: unknown.
	Locale chatcfg.Locale
}

// Proof is an identity that somebody trusted vouches for: a social login, or the
// host (R7.1). charla believes its caller.
type Proof struct {
	// Provider is the social login, "google" or "facebook", which the account
	// must have on; empty: the host itself vouches.
	Provider string
	// Subject is the provider's lasting name for the person. Required.
	Subject string
	// Name and Email are as the provider knows them; both may be empty.
	Name, Email string
	// RUT and Phone are what the host knows of its customer; both may be empty.
	RUT, Phone string
	// signed says that [Account.VerifyIdentity] read it, when the account's secret
	// token was of that epoch.
	signed bool
	epoch  int64
}

// signedIn reports whether the proof is a signed identity that was verified, and
// returns the epoch that the account's secret token had then. A nil proof is none.
func (p *Proof) signedIn() (signed bool, epoch int64) {
	if p == nil {
		return false, 0
	}
	return p.signed, p.epoch
}

// Enter lets a visitor in and returns their handle and the session's token, which is
// shown this once; charla keeps a hash (R7.1). A session by itself is not a customer:
// the first message makes one. If there is a proof, it reports [SecurityLogin] or
// [SecurityLoginRefused]. It fails with [chatcfg.Problems] for a visitor who may not
// enter under the account's configuration (R6.3, R6.4, R7.3), and with [ErrNotFound],
// [ErrDeleted], [ErrNewerFormat] or [ErrOutcomeUnknown].
func (a *Account) Enter(ctx context.Context, e Entry) (*Visitor, Token, error) {
	s, token, err := a.enter(ctx, e)
	if e.Proof != nil {
		a.desk.reportLogin(ctx, &s, a.id, e.Proof, err)
	}
	if err != nil {
		return nil, "", err
	}
	return a.Visitor(token), token, nil
}

// enter stores a new session and returns it with its token. It fails as Enter does.
func (a *Account) enter(ctx context.Context, e Entry) (s tickets.Session, token Token, err error) {
	d := a.desk
	record, err := d.liveAccount(ctx, a.id)
	if err != nil {
		return s, "", err
	}
	rules, err := d.rules(ctx, &record)
	if err != nil {
		return s, "", err
	}
	who, err := enteringCustomer(&rules.Config.Chat, e)
	if err != nil {
		return s, "", err
	}
	s = tickets.Session{
		Format: tickets.SessionFormat, Account: a.id, Customer: who, AccountEpoch: record.SessionEpoch, Revision: 1,
	}
	if s.ID.UUID, err = d.mint(); err == nil {
		s.Conversation.UUID, err = d.mint()
	}
	if err == nil {
		token, s.TokenHash, err = d.newToken(s.ID)
	}
	if err != nil {
		return s, "", err
	}
	s.CreatedAt = d.timeIn(record.CreatedAt, record.SavedAt)
	s.ExpiresAt = s.CreatedAt.Add(d.o.SessionTTL)
	s.Signed, s.SecretEpoch = e.Proof.signedIn()
	s.Identity = identity(&rules.Config.Chat, s, e.Proof)
	if err := d.joinConversation(ctx, &s); err != nil {
		return s, "", err
	}
	if err := d.store.Sessions().Create(ctx, s); err != nil {
		return s, "", changeError(err)
	}
	return s, token, nil
}

// reportLogin reports that a proof let a session in, as [SecurityLogin], or, if err is
// not nil, that it was refused or failed, as [SecurityLoginRefused].
func (d *Desk) reportLogin(ctx context.Context, s *tickets.Session, account chatcfg.AccountID, p *Proof, err error) {
	event := SecurityEvent{Kind: SecurityLogin, Account: account, Session: s.ID, Conversation: s.Conversation, Reason: "host"}
	switch {
	case err != nil:
		event = SecurityEvent{Kind: SecurityLoginRefused, Account: account, Reason: ErrorClass(err)}
	case p.Provider != "":
		event.Reason = p.Provider
	}
	d.ReportSecurity(ctx, event)
}

// enteringCustomer returns the customer that a visitor enters as, without a language if
// theirs is unknown. It fails with [chatcfg.Problems] if the account's configuration
// does not let them in, or the proof is malformed.
func enteringCustomer(chat *chatcfg.Chat, v Entry) (tickets.Customer, error) {
	entry := chatcfg.Entry{Name: v.Name, Email: v.Email, RUT: v.RUT, Phone: v.Phone, Anonymous: v.Anonymous}
	if p := v.Proof; p != nil {
		if err := checkProof(p); err != nil {
			return tickets.Customer{}, err
		}
		entry.Name, entry.Email = p.Name, p.Email
		entry.RUT, entry.Phone = cmp.Or(p.RUT, entry.RUT), cmp.Or(p.Phone, entry.Phone)
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

// checkProof returns the [chatcfg.Problems] of a proof's subject and provider; nil:
// there are none.
func checkProof(p *Proof) error {
	found := chatcfg.CheckLine("proof.subject", p.Subject, chatcfg.MaxName)
	if p.Provider != "" {
		found = append(found, chatcfg.CheckLine("proof.provider", p.Provider, chatcfg.MaxName)...)
	}
	return problems(found)
}

// identity returns the identity that finds a visitor's conversation: the proof's, if
// there is one; else the e-mail that the session claims, if the account's chats
// identify by it; else the session itself (R7.1, R7.2).
func identity(chat *chatcfg.Chat, s tickets.Session, p *Proof) tickets.Identity {
	switch {
	case p != nil:
		return proven(p.Provider, p.Subject)
	case chat.EmailAsIdentifier && s.Customer.Level == tickets.LevelClaimed:
		return claimed(s.Customer.Email)
	default:
		return tickets.Identity{Kind: tickets.IdentitySession, Value: s.ID.String()}
	}
}

// proven returns the identity of a provider's subject; without a provider, of the
// host's.
func proven(provider, subject string) tickets.Identity {
	if provider == "" {
		return tickets.Identity{Kind: tickets.IdentityHost, Value: subject}
	}
	return tickets.Identity{Kind: tickets.IdentityProvider, Value: url.QueryEscape(provider) + ":" + subject}
}

// claimed returns the identity of a claimed e-mail, whose case does not matter.
func claimed(email string) tickets.Identity {
	return tickets.Identity{Kind: tickets.IdentityClaimedEmail, Value: strings.ToLower(email)}
}

// joinConversation points the session s at the conversation that its identity has and
// records that conversation's epoch; without one the session keeps its own. It stores
// nothing. It fails as load does, or if the store does.
func (d *Desk) joinConversation(ctx context.Context, s *tickets.Session) error {
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

// newToken makes a new token of a session and returns it with the hash to store. It
// fails if the desk's entropy does.
func (d *Desk) newToken(id tickets.SessionID) (token Token, hash []byte, err error) {
	var secret [32]byte
	if err := d.random(secret[:]); err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(secret[:])
	return Token(id.String() + "." + encode64(secret[:])), sum[:], nil
}
