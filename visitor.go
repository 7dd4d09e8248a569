package charla

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// Token is a visitor's secret: it belongs in their browser and in an Authorization
// header, never in an address or a log. It prints and logs as a placeholder, also in an
// exported field of what is printed; fmt prints unexported fields as they are. Encoders
// write the token itself, so that a host's answer can hold it, and so does string(t).
type Token string

// String returns a placeholder, or nothing for no token.
func (t Token) String() string {
	if t == "" {
		return ""
	}
	return "(token)"
}

// Format writes the placeholder, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue returns the placeholder, as String does.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Visitor is the handle of somebody on a page: with a session's token of what that
// session may see and do, without one of what a stranger may, which is to ask for
// [Visitor.Status] and to send a contact form, with a rating link what [SignRating] says.
// Making one does no I/O: each call looks
// at the token with what it loads, and one that does not hold is [ErrSession]. It is
// safe for concurrent use.
type Visitor struct {
	desk    *Desk
	account chatcfg.AccountID
	session tickets.SessionID
	hash    [sha256.Size]byte // of the token's secret
	// stranger says that there was no token at all.
	stranger bool
	// link is the rating link that the token is; nil: it is a session's.
	link *ratingLink
}

// Visitor returns the handle of a visitor with a token; empty: a stranger's. It does no
// I/O: calls of a handle with a malformed token fail with [ErrSession].
func (a *Account) Visitor(token Token) *Visitor {
	v := &Visitor{desk: a.desk, account: a.id, stranger: token == ""}
	if v.link = parseRatingLink(string(token)); v.link != nil {
		return v
	}
	head, tail, _ := strings.Cut(string(token), ".")
	id, err := uuid.Parse(head)
	secret, err2 := decode64(tail)
	if err == nil && err2 == nil && id.String() == head {
		v.session, v.hash = tickets.SessionID{UUID: id}, sha256.Sum256(secret)
	}
	return v
}

// authenticate returns nil if a loaded session goes on and its token is the visitor's,
// else [ErrSession], which may be [ErrReplaced].
func (v *Visitor) authenticate(l *storage.Loaded) error { return v.desk.checkSession(l, v.hash[:]) }

// load loads the session, its account and conversation. It fails with [ErrSession]
// unless the session goes on and the token is its own, and with [ErrDeleted].
func (v *Visitor) load(ctx context.Context) (storage.Loaded, error) {
	if v.session.IsZero() {
		return storage.Loaded{}, ErrSession
	}
	loaded, err := v.desk.load(ctx, storage.LoadQuery{Account: v.account, Session: v.session})
	if err == nil {
		err = v.authenticate(&loaded)
	}
	return loaded, err
}

// admit returns nil if the session may write now and the token is its own. Else it
// returns why not, as authenticate and [Desk.admit] do.
func (v *Visitor) admit(l *storage.Loaded, r *automation.Rules) error {
	if err := v.authenticate(l); err != nil {
		return err
	}
	return v.desk.admit(l, r)
}

// admit returns nil if a session may write now, whatever its token; [ErrSession] if it
// has ended or expired; [chatcfg.Problems] if it is anonymous and anonymous visitors
// may not enter any more.
func (d *Desk) admit(l *storage.Loaded, r *automation.Rules) error {
	if err := d.checkOngoing(l); err != nil {
		return err
	}
	if l.Session.Customer.Level == tickets.LevelAnonymous && !r.Config.Chat.Anonymous {
		_, err := r.Config.Chat.CheckEntry(chatcfg.Entry{Anonymous: true})
		return err
	}
	return nil
}

// Write stores a customer's message, in the ticket that is not closed or in a new one
// (R3.2 to R3.4), and everything that follows from it (sections 4 and 5). It fails with
// [chatcfg.Problems] for a text, file, welcome or key that cannot be stored, or if
// anonymous visitors may no longer write; with the file store's error, and then nothing
// was stored; with [ErrSession], [ErrContactForm] (R6.2), [ErrDeleted], [ErrKeyReused],
// [ErrBusy], [ErrNewerFormat] or [ErrOutcomeUnknown].
func (v *Visitor) Write(ctx context.Context, text string, o *WriteOptions) (Result, error) {
	if o == nil {
		o = &WriteOptions{}
	}
	p := checkMessage(tickets.CommandWrite, text, o)
	cmd := tickets.Command{
		Kind: tickets.CommandWrite, Actor: tickets.Actor{Kind: tickets.ActorCustomer, Session: v.session}, Text: text,
	}
	if w := o.Welcome; w != nil {
		p = append(p, chatcfg.CheckText("welcome.text", w.Text, chatcfg.MaxMessage)...)
		if w.Author != "" {
			p = append(p, chatcfg.CheckLine("welcome.author", w.Author, chatcfg.MaxName)...)
		}
		cmd.Welcome = &tickets.Welcome{Text: w.Text, Author: w.Author}
	}
	if err := firstError(problems(p), checkKey(o.Key)); err != nil {
		return Result{}, err
	}
	if v.session.IsZero() {
		return Result{}, ErrSession
	}
	req := request{query: v.query(o.Key), queue: v.session.UUID, cmd: cmd, authenticate: v.authenticate, admit: v.admit}
	if o.File != nil {
		if err := v.desk.attach(&req, o.File); err != nil {
			return Result{}, err
		}
	}
	return v.desk.change(ctx, req)
}

// End closes the visitor's ticket for them, and sends no text (R14.2); zero is the latest, and
// of another number only that one: [tickets.ErrNotLatest]. It fails with
// [ErrNotAllowed] if the account does not let visitors end their conversation
// (chat.visitorEnds), with [ErrNotFound] if there is no ticket, or none that is the
// session's to end: it is neither verified nor the one that wrote last; with
// [tickets.ErrTransition] if the ticket is closed, and with [chatcfg.Problems] of the key,
// [ErrSession], [ErrDeleted], [ErrKeyReused], [ErrBusy], [ErrNewerFormat] or
// [ErrOutcomeUnknown].
func (v *Visitor) End(ctx context.Context, ticket tickets.Number, o *CallOptions) (Result, error) {
	return v.act(ctx, tickets.Command{Kind: tickets.CommandEnd, Number: ticket}, o, func(l *storage.Loaded, r *automation.Rules) error {
		switch {
		case !r.Config.Chat.VisitorEnds:
			return ErrNotAllowed
		case !wrote(l):
			return ErrNotFound
		}
		return nil
	})
}

// wrote reports whether a loaded session speaks for who wrote last: it did, or it is
// verified, and so of the same customer.
func wrote(l *storage.Loaded) bool {
	return l.Session.Customer.Level == tickets.LevelVerified || l.Conversation.Session == l.Session.ID
}

// query returns what a change by the session has to load, and where its key counts.
func (v *Visitor) query(key string) storage.LoadQuery {
	return storage.LoadQuery{Account: v.account, Session: v.session, Scope: "session:" + v.session.String(), Key: key}
}

// act applies a command that stores no message in the visitor's name, with the key of o,
// which may be nil. It fails with what admit returns, and else as [Visitor.End] does.
func (v *Visitor) act(ctx context.Context, cmd tickets.Command, o *CallOptions, admit admission) (Result, error) {
	if o == nil {
		o = &CallOptions{}
	}
	if err := checkKey(o.Key); err != nil {
		return Result{}, err
	}
	if v.session.IsZero() {
		return Result{}, ErrSession
	}
	cmd.Actor = tickets.Actor{Kind: tickets.ActorCustomer, Session: v.session}
	query := v.query(o.Key)
	query.Ticket = cmd.Number
	return v.desk.change(ctx, request{query: query, queue: v.session.UUID, cmd: cmd, authenticate: v.authenticate, admit: admit})
}

// Messages reads what the session may see, as it may see it: a verified session all of
// its customer's messages, any other only its own (R7.2), and no agent's name when the
// account writes as the company. The visitor is not told who agents are beyond the
// name. It fails with [ErrSession], [ErrDeleted], or [ErrCursor] for a cursor of
// another list.
func (v *Visitor) Messages(ctx context.Context, q MessageQuery) (Page[tickets.Message], error) {
	query, err := q.storage()
	if err != nil {
		return Page[tickets.Message]{}, err
	}
	list, _, err := v.messages(ctx, query)
	return q.page(list), err
}

// messages reads for the session, and returns the conversation that it writes in, which
// may not exist yet. It fails as load and visibleMessages do.
func (v *Visitor) messages(ctx context.Context, q storage.MessageQuery) ([]tickets.Message, tickets.ConversationID, error) {
	loaded, err := v.load(ctx)
	if err != nil || loaded.Conversation.Version == 0 {
		return nil, loaded.Session.Conversation, err
	}
	return v.desk.visibleMessages(ctx, &loaded, q)
}

// File returns the attachment of a message that the session may read, by the message's
// sequence, and its bytes. It fails with [ErrNotFound] if there is none, [ErrSession]
// or [ErrDeleted].
func (v *Visitor) File(ctx context.Context, seq int64) (tickets.File, []byte, error) {
	list, _, err := v.messages(ctx, storage.MessageQuery{After: seq - 1, Limit: 1})
	return v.desk.file(ctx, v.account, seq, list, err)
}

// Live yields what [Visitor.Messages] would after a sequence number, as it comes, from
// before the first message on, with typing and read marks, until ctx ends or the reader
// stops (R8.3). An empty [Update] comes once, when everything stored before has been
// yielded, and then after each beat without news; a beat of zero: never. The last pair
// has the error that ended it: [ErrSession] when the session ends, [ErrReplaced] when a
// login gives it another token (follow with that one from zero: the conversation may be
// another), ctx's in the end. What another process ends is noticed with the next message,
// or within 15 seconds.
func (v *Visitor) Live(ctx context.Context, after int64, beat time.Duration) iter.Seq2[Update, error] {
	return v.desk.followVisitor(ctx, v, after, beat)
}

// Typing says to the agents that the customer is typing, for six seconds. It is a hint
// that is kept nowhere; before the first message it does nothing. It fails with
// [ErrSession] or [ErrDeleted].
func (v *Visitor) Typing(ctx context.Context) error {
	loaded, err := v.load(ctx)
	if err == nil && loaded.Conversation.Version > 0 {
		v.desk.tell(hintCustomer, loaded.Conversation.ID.UUID, 0)
	}
	return err
}

// MarkRead says that the customer has read up to a message. Marks only rise, and never
// beyond the last message; before the first message it does nothing. It fails with
// [ErrSession], [ErrDeleted] or [ErrOutcomeUnknown].
func (v *Visitor) MarkRead(ctx context.Context, seq int64) error {
	loaded, err := v.load(ctx)
	if err != nil || loaded.Conversation.Version == 0 {
		return err
	}
	return v.desk.raise(ctx, &loaded, tickets.Marks{Customer: seq})
}

// DryRun returns what would happen if the visitor wrote this now, by the same decision,
// without writing anything. Texts that are chosen at random are chosen anew when it
// really happens. It fails like [Visitor.Write]. [automation.Explain] puts its entries
// into words.
func (v *Visitor) DryRun(ctx context.Context, text string) (Outcome, error) {
	if v.session.IsZero() {
		return Outcome{}, ErrSession
	}
	return v.desk.dryRun(ctx, storage.LoadQuery{Account: v.account, Session: v.session}, v.admit, text)
}

// SessionInfo is what is known of a visitor's stay. It holds no secret.
type SessionInfo struct {
	ID tickets.SessionID `json:"id"`
	// Customer is who they are, as far as it is known.
	Customer tickets.Customer `json:"customer"`
	// Identity finds their conversation, which is where they write; it does not exist
	// before somebody has written in it.
	Identity     tickets.Identity       `json:"identity"`
	Conversation tickets.ConversationID `json:"conversation"`
	CreatedAt    time.Time              `json:"createdAt"`
	// ExpiresAt is when the session stops by itself.
	ExpiresAt time.Time `json:"expiresAt"`
}

// Session returns what is known of the visitor's session. It fails with [ErrSession] or
// [ErrDeleted].
func (v *Visitor) Session(ctx context.Context) (SessionInfo, error) {
	loaded, err := v.load(ctx)
	if err != nil {
		return SessionInfo{}, err
	}
	s := &loaded.Session
	if c := &loaded.Conversation; c.Version > 0 { // another session of its identity was first
		s.Conversation = c.ID
	}
	return SessionInfo{
		ID: s.ID, Customer: s.Customer, Identity: s.Identity, Conversation: s.Conversation,
		CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt,
	}, nil
}

// Leave ends the session: its token and its streams stop working; it reports
// [SecuritySessionsEnded]. Ending an ended one does nothing else. It fails with
// [ErrSession] for another token, [ErrDeleted], [ErrBusy], [ErrNewerFormat] or
// [ErrOutcomeUnknown].
func (v *Visitor) Leave(ctx context.Context) error {
	s, err := v.desk.changeSession(ctx, v, func(l *storage.Loaded) error {
		if !sameHash(v.hash[:], l.Session.TokenHash) {
			return ErrSession
		}
		if l.Session.EndedAt.IsZero() {
			l.Session.EndedAt = v.desk.Now()
		}
		return nil
	})
	if err == nil {
		v.desk.ReportSecurity(ctx, SecurityEvent{
			Kind: SecuritySessionsEnded, Account: v.account, Session: s.ID, Conversation: s.Conversation, Reason: "left",
		})
	}
	return err
}

// Status is what a visitor's page needs to know before it shows anything.
type Status struct {
	// Available reports whether an agent is available.
	Available bool `json:"available"`
	// Ongoing says that the visitor's ticket is not closed.
	Ongoing bool `json:"ongoing"`
	// Form says that a visitor who starts a conversation now gets the contact form
	// instead (R6.2).
	Form bool `json:"form"`
	// LastSeq is the conversation's last message that is no note, Read how far both
	// sides read.
	LastSeq int64         `json:"lastSeq"`
	Read    tickets.Marks `json:"read"`
	// Closed is how the visitor's ticket was closed; zero: it was not.
	Closed Closing `json:"closed,omitzero"`
}

// Status returns how things are for the visitor, or for a stranger. It fails with
// [ErrSession], [ErrDeleted] or [ErrNotFound].
func (v *Visitor) Status(ctx context.Context) (Status, error) {
	if v.stranger {
		a, err := v.desk.liveAccount(ctx, v.account)
		if err != nil {
			return Status{}, err
		}
		return v.desk.status(ctx, &storage.Loaded{Account: a})
	}
	if v.link != nil {
		return v.link.status(ctx, v)
	}
	loaded, err := v.load(ctx)
	if err != nil {
		return Status{}, err
	}
	return v.desk.status(ctx, &loaded)
}
