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
	var id, conversation uuid.UUID
	var secret [32]byte
	err = d.random(secret[:])
	if err == nil {
		id, err = d.mint()
	}
	if err == nil {
		conversation, err = d.mint()
	}
	if err != nil {
		return tickets.Session{}, "", err
	}
	now, hash := d.Now(), sha256.Sum256(secret[:])
	s := tickets.Session{
		Format: tickets.SessionFormat, ID: tickets.SessionID{UUID: id}, Account: account,
		Conversation: tickets.ConversationID{UUID: conversation},
		Customer:     who, TokenHash: hash[:],
		CreatedAt: now, ExpiresAt: now.Add(d.o.SessionTTL), Revision: 1,
	}
	s.Identity = identity(&rules.Config.Chat, s, v.Proof)
	if err := d.settle(ctx, &s); err != nil {
		return tickets.Session{}, "", err
	}
	if err := d.store.Sessions().Create(ctx, s); err != nil {
		return tickets.Session{}, "", changeError(err)
	}
	return s, id.String() + "." + encode64(secret[:]), nil
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

// settle points a session at the conversation that its identity has, if any.
func (d *Desk) settle(ctx context.Context, s *tickets.Session) error {
	if s.Identity.Kind == tickets.IdentitySession {
		return nil
	}
	holder, err := d.store.Sessions().Holder(ctx, s.Account, s.Identity)
	if err != nil {
		return storeError(err)
	}
	if !holder.IsZero() {
		s.Conversation = holder
	}
	return nil
}

// Session returns the session of a token; [ErrSession] if there is none, or it
// has ended or expired; [ErrDeleted].
func (d *Desk) Session(ctx context.Context, account chatcfg.AccountID, token string) (tickets.Session, error) {
	head, tail, _ := strings.Cut(token, ".")
	id, err := uuid.Parse(head)
	secret, err2 := decode64(tail)
	if err != nil || err2 != nil || id.String() != head {
		return tickets.Session{}, ErrSession
	}
	if _, err := d.living(ctx, account); err != nil {
		return tickets.Session{}, err
	}
	s, err := d.store.Sessions().Get(ctx, account, tickets.SessionID{UUID: id})
	if errors.Is(err, storage.ErrNotFound) {
		return tickets.Session{}, ErrSession
	} else if err != nil {
		return tickets.Session{}, storeError(err)
	}
	hash := sha256.Sum256(secret)
	if subtle.ConstantTimeCompare(hash[:], s.TokenHash) != 1 {
		return tickets.Session{}, ErrSession
	}
	return s, d.checkSession(s)
}

func (d *Desk) checkSession(s tickets.Session) error {
	if !s.EndedAt.IsZero() || !d.Now().Before(s.ExpiresAt) {
		return ErrSession
	}
	return nil
}

// EndSession ends a session: its token and its streams stop working. Ending an
// ended one does nothing.
func (d *Desk) EndSession(ctx context.Context, s tickets.Session) error {
	return d.changeSession(ctx, s, func(s *tickets.Session) error {
		if s.EndedAt.IsZero() {
			s.EndedAt = d.Now()
		}
		return nil
	})
}

// Login moves a session to the verified customer that a proof names, and returns
// it. The conversation it wrote in stays where it is and is linked; nothing is
// merged (R7.2).
func (d *Desk) Login(ctx context.Context, s tickets.Session, p Proof) (tickets.Session, error) {
	if err := checkProof(&p); err != nil {
		return tickets.Session{}, err
	}
	a, err := d.living(ctx, s.Account)
	if err != nil {
		return tickets.Session{}, err
	}
	rules, err := d.rules(ctx, &a)
	if err != nil {
		return tickets.Session{}, err
	}
	fresh, err := d.mint()
	if err != nil {
		return tickets.Session{}, err
	}
	var moved tickets.Session
	err = d.changeSession(ctx, s, func(s *tickets.Session) error {
		if err := d.checkSession(*s); err != nil {
			return err
		}
		c := s.Customer
		who, err := admitted(&rules.Config.Chat, Entry{RUT: c.RUT, Phone: c.Phone, Proof: &p, Locale: c.Locale})
		if err != nil {
			return err
		}
		before, from := s.Identity, s.Conversation
		s.Customer = who
		if s.Identity = identity(&rules.Config.Chat, *s, &p); s.Identity != before {
			if !slices.Contains(s.Links, from) {
				s.Links = append(s.Links, from)
			}
			s.Conversation = tickets.ConversationID{UUID: fresh}
		}
		err = d.settle(ctx, s)
		moved = *s
		return err
	})
	return moved, err
}

// changeSession changes a stored session, again if somebody else was quicker.
func (d *Desk) changeSession(ctx context.Context, s tickets.Session, change func(*tickets.Session) error) error {
	for range d.o.Limits.Attempts {
		now, err := d.store.Sessions().Get(ctx, s.Account, s.ID)
		if errors.Is(err, storage.ErrNotFound) {
			return ErrSession
		} else if err != nil {
			return storeError(err)
		}
		if err := d.settle(ctx, &now); err != nil { // where it writes, if another was first
			return err
		}
		if now.Format > tickets.SessionFormat {
			return ErrNewerFormat
		}
		was := now.Conversation
		if err := change(&now); err != nil {
			return err
		}
		now.Format = tickets.SessionFormat
		now.Revision++
		err = d.store.Sessions().Save(ctx, now)
		if err == nil {
			d.tell(hintSession, was.UUID, 0)
			d.tell(hintSession, now.Conversation.UUID, 0)
		}
		if !errors.Is(err, storage.ErrConflict) {
			return changeError(err)
		}
	}
	return ErrBusy
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
