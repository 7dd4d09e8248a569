package charla

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"strings"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// Closing is how a ticket was closed, as its visitor may know it (R14.1), and whether they
// are asked how it was (R14.3).
type Closing struct {
	// By is why; empty: it is not closed.
	By tickets.CloseReason `json:"by,omitempty"`
	// Name is of the agent who closed it, or of the account if that writes as the company.
	Name string `json:"name,omitempty"`
	// Bot says that an automated agent closed it (R12.1).
	Bot bool      `json:"bot,omitempty"`
	At  time.Time `json:"at,omitzero"`
	// Ticket is which one it is.
	Ticket tickets.Number `json:"ticket,omitempty"`
	// Asks says that the visitor is to be asked how it was. Score is what they answered;
	// zero: nothing.
	Asks  bool `json:"asks,omitempty"`
	Score int  `json:"score,omitempty"`
}

// same reports whether a closing says the same as another; nil: the ticket is not closed.
func (c *Closing) same(other *Closing) bool {
	if other == nil {
		return *c == Closing{}
	}
	a, b := *c, *other
	a.At, b.At = time.Time{}, time.Time{}
	return a == b && c.At.Equal(other.At)
}

// closing returns how a session's ticket was closed, by now, or what it wrote in before its
// login; zero: it is not, or the session does not speak for who wrote last. It fails as load
// does.
func (d *Desk) closing(ctx context.Context, l *storage.Loaded, chat *chatcfg.Chat) (Closing, error) {
	before, err := d.beforeLogin(ctx, l)
	switch {
	case err != nil:
		return Closing{}, err
	case before != nil:
		return closingOf(&before.Ticket, chat, d.Now()), nil
	case !wrote(l):
		return Closing{}, nil
	}
	return closingOf(&l.Ticket, chat, d.Now()), nil
}

// closingOf returns how a ticket was closed, at an instant; zero: it is not.
func closingOf(t *tickets.Ticket, chat *chatcfg.Chat, now time.Time) Closing {
	if t.Status != tickets.StatusClosed {
		return Closing{}
	}
	c := Closing{By: t.Reason, At: t.ClosedAt, Ticket: t.Number, Asks: t.Rating == nil && t.Ratable(now, &chat.Rating)}
	if t.Rating != nil {
		c.Score = t.Rating.Score
	}
	if t.Reason == tickets.ReasonManual {
		c.Name, c.Bot = t.AgentName, t.Automated
		if chat.WriteAsCompany {
			c.Name = chat.Name
		}
	}
	return c
}

// Rating is what a visitor answers to how it was (R14.3).
type Rating struct {
	// Ticket is which of the customer's tickets it is about; zero: the latest, or the one of
	// the link.
	Ticket tickets.Number
	// Score is 1 to 5; of thumbs 1 or 5. Comment is a text beside it, if the account wants
	// one; it may be blank.
	Score   int
	Comment string
}

// Rate keeps how the visitor rates a closed ticket, in place of what they answered before;
// the same answer again changes nothing (R14.3). The session must be verified, or the one that
// wrote the ticket, or the handle of a link ([SignRating]), which rates its own ticket only. One
// that logged in also rates what it wrote before, until it writes again.
//
// It fails with [ErrNotAllowed] if the account does not ask (chat.rating), with
// [chatcfg.Problems] for the score, the comment or the key, with [ErrNotFound] if there is
// no such ticket, or it is not the visitor's to rate, with [tickets.ErrTransition] while
// the ticket is not closed, with [tickets.ErrRating] if customers are not asked after such
// a close, it is too late, or they have changed it too often, and with [ErrSession], [ErrDeleted], [ErrKeyReused],
// [ErrBusy], [ErrNewerFormat] or [ErrOutcomeUnknown].
func (v *Visitor) Rate(ctx context.Context, r Rating, o *CallOptions) (Result, error) {
	if chatcfg.IsBlank(r.Comment) {
		r.Comment = ""
	}
	cmd := tickets.Command{Kind: tickets.CommandRate, Number: r.Ticket, Score: r.Score, Comment: r.Comment}
	if v.link != nil {
		return v.link.rate(ctx, v, cmd, o)
	}
	if v.session.IsZero() {
		return Result{}, ErrSession
	}
	loaded, err := v.load(ctx)
	if err != nil {
		return Result{}, err
	}
	before, err := v.desk.beforeLogin(ctx, &loaded)
	if err != nil {
		return Result{}, err
	}
	if before != nil && (r.Ticket == 0 || r.Ticket == before.Ticket.Number) {
		return v.rateBefore(ctx, before, cmd, o)
	}
	return v.act(ctx, cmd, o, func(l *storage.Loaded, rules *automation.Rules) error {
		return firstError(checkRating(r, rules), wroteTicket(l, r.Ticket))
	})
}

// rateBefore rates the latest ticket of the conversation that the session wrote in before its
// login; it does what [Visitor.Rate] says.
func (v *Visitor) rateBefore(ctx context.Context, before *storage.Loaded, cmd tickets.Command, o *CallOptions) (Result, error) {
	if o == nil {
		o = &CallOptions{}
	}
	if err := checkKey(o.Key); err != nil {
		return Result{}, err
	}
	cmd.Actor = tickets.Actor{Kind: tickets.ActorCustomer, Session: v.session}
	id := before.Conversation.ID
	return v.desk.change(ctx, request{
		query: storage.LoadQuery{Account: v.account, Conversation: id, Scope: v.query("").Scope, Key: o.Key},
		queue: id.UUID, cmd: cmd,
		authenticate: func(*storage.Loaded) error {
			_, err := v.load(ctx)
			return err
		},
		admit: func(_ *storage.Loaded, rules *automation.Rules) error {
			return checkRating(Rating{Score: cmd.Score, Comment: cmd.Comment}, rules)
		},
	})
}

// beforeLogin returns the conversation that a loaded session wrote in before its latest login,
// and where nobody has written since, if that was closed after the one that it is in now; nil:
// there is none, or the session has written since. It fails as load does.
func (d *Desk) beforeLogin(ctx context.Context, l *storage.Loaded) (*storage.Loaded, error) {
	links := l.Session.Links
	if len(links) == 0 || l.Conversation.Session == l.Session.ID || ongoing(&l.Ticket) {
		return nil, nil
	}
	old, err := d.load(ctx, storage.LoadQuery{Account: l.Account.ID, Conversation: links[len(links)-1]})
	if err != nil {
		return nil, err
	}
	c := &old.Conversation
	if c.Session != l.Session.ID || c.Customer.Level == tickets.LevelVerified || // whom it was logged in as may be another
		old.Ticket.Status != tickets.StatusClosed || old.Ticket.ClosedAt.Before(l.Ticket.ClosedAt) {
		return nil, nil
	}
	return &old, nil
}

// checkRating returns why an account's rules take no such rating; nil: they do.
func checkRating(r Rating, rules *automation.Rules) error {
	if !rules.Config.Chat.Rating.Enabled {
		return ErrNotAllowed
	}
	return problems(rules.Config.Chat.Rating.Check(r.Score, r.Comment))
}

// wroteTicket returns nil if a loaded session speaks for who wrote a ticket; zero: the
// latest. Else it returns [ErrNotFound]. Who wrote an older one is known only where nobody
// else can have.
func wroteTicket(l *storage.Loaded, n tickets.Number) error {
	latest := n == 0 || n == l.Ticket.Number
	own := l.Session.Customer.Level == tickets.LevelVerified || l.Conversation.Identity.Kind == tickets.IdentitySession
	if !wrote(l) || !latest && (!own || l.Older == nil) {
		return ErrNotFound
	}
	return nil
}

// Rating links are told from sessions' tokens by ratingPrefix. What is signed begins with
// ratingPurpose, which no other signed text does: identities have no space.
const (
	ratingPrefix  = "charla_rate_"
	ratingPurpose = "charla rating v1\n"
	ratingBytes   = 16 + 16 + 8
)

// ratingLink is a link that rates one ticket, as its token says and before it is verified.
type ratingLink struct {
	ref       tickets.Ref
	signed    string
	signature []byte
}

// SignRating returns the token of a link whose holder may rate a ticket, as its
// customer may (R14.3), and nothing else: make a handle of it by [Account.Visitor], and call
// [Visitor.Rate], or [Visitor.Status] to learn whether it still can be. It lasts as long as
// the ticket can be rated, and the secret token that signed it. Programs that check mails open
// links: rate when a button is pressed, as the page of package widget's RatingURL does.
//
// It fails with [ErrSecret] for the zero Secret, and with [chatcfg.Problems] for a ref that
// names no ticket of an account.
func SignRating(s Secret, ref tickets.Ref) (Token, error) {
	if s.IsZero() {
		return "", ErrSecret
	}
	if ref.Account.IsZero() || ref.Conversation.IsZero() || ref.Number < 1 {
		return "", chatcfg.Problems{{Path: "ref", Code: chatcfg.CodeRequired}}
	}
	body := make([]byte, 0, ratingBytes)
	body = append(body, ref.Account.UUID[:]...)
	body = append(body, ref.Conversation.UUID[:]...)
	body = binary.BigEndian.AppendUint64(body, uint64(ref.Number))
	signature := ed25519.Sign(s.Key(), []byte(ratingPurpose+string(body)))
	return Token(ratingPrefix + encode64(body) + "." + encode64(signature)), nil
}

// parseRatingLink returns the link that a token is; nil: it is none, or malformed.
func parseRatingLink(token string) *ratingLink {
	text, ok := strings.CutPrefix(token, ratingPrefix)
	head, tail, _ := strings.Cut(text, ".")
	body, err := decode64(head)
	signature, err2 := decode64(tail)
	if !ok || err != nil || err2 != nil || len(body) != ratingBytes {
		return nil
	}
	number := binary.BigEndian.Uint64(body[32:])
	if number == 0 || number > 1<<62 {
		return nil
	}
	return &ratingLink{
		ref: tickets.Ref{
			Account:      chatcfg.AccountID{UUID: uuid.UUID(body[:16])},
			Conversation: tickets.ConversationID{UUID: uuid.UUID(body[16:32])},
			Number:       tickets.Number(number),
		},
		signed: ratingPurpose + string(body), signature: signature,
	}
}

// query returns what is loaded for the link, and where a key of its calls counts.
func (r *ratingLink) query(v *Visitor, key string) storage.LoadQuery {
	return storage.LoadQuery{Account: v.account, Conversation: r.ref.Conversation, Ticket: r.ref.Number, Scope: "rating", Key: key}
}

// verify returns nil if the link is of the loaded account, which signed it with a secret
// token that holds now; else [ErrSession].
func (r *ratingLink) verify(v *Visitor, l *storage.Loaded) error {
	if r.ref.Account != v.account || !signedBy(l.Account.Secrets, v.desk.Now(), r.signed, r.signature) {
		return ErrSession
	}
	return nil
}

// rate rates the link's ticket; it does what [Visitor.Rate] says.
func (r *ratingLink) rate(ctx context.Context, v *Visitor, cmd tickets.Command, o *CallOptions) (Result, error) {
	if o == nil {
		o = &CallOptions{}
	}
	if err := checkKey(o.Key); err != nil {
		return Result{}, err
	}
	if cmd.Number != 0 && cmd.Number != r.ref.Number {
		return Result{}, ErrNotFound
	}
	cmd.Number = r.ref.Number
	cmd.Actor = tickets.Actor{Kind: tickets.ActorCustomer}
	return v.desk.change(ctx, request{
		query: r.query(v, o.Key), queue: r.ref.Conversation.UUID, cmd: cmd,
		authenticate: func(l *storage.Loaded) error { return r.verify(v, l) },
		admit: func(_ *storage.Loaded, rules *automation.Rules) error {
			return checkRating(Rating{Score: cmd.Score, Comment: cmd.Comment}, rules)
		},
	})
}

// status returns how the link's ticket is; of its conversation nothing else.
func (r *ratingLink) status(ctx context.Context, v *Visitor) (Status, error) {
	loaded, err := v.desk.load(ctx, r.query(v, ""))
	if err == nil {
		err = r.verify(v, &loaded)
	}
	if err != nil {
		return Status{}, err
	}
	rules, err := v.desk.rules(ctx, &loaded.Account)
	if err != nil {
		return Status{}, err
	}
	t := &loaded.Ticket
	if loaded.Older != nil {
		t = loaded.Older
	}
	if t.Number != r.ref.Number {
		return Status{}, ErrNotFound
	}
	return Status{Closed: closingOf(t, &rules.Config.Chat, v.desk.Now())}, nil
}
