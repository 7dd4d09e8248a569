package charla

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// Result is what a change of a conversation answers. The same call repeated with
// the same key answers the same (R3.9, R8.1).
type Result struct {
	// Ref is the ticket that the call went to.
	Ref tickets.Ref `json:"ref"`
	// Entry is the history entry that it made; zero: none, as of a rating that was there.
	Entry int64 `json:"entry"`
	// Seq is the message that it stored; zero: none.
	Seq int64 `json:"seq,omitempty"`
	// First and Last are the sequences of the first and the last message that it
	// stored, automatic ones included, without a gap between them; zero: none. They
	// are also zero for a repeated call if an older version of charla answered it first.
	First int64 `json:"first,omitempty"`
	Last  int64 `json:"last,omitempty"`
	// At is when it was done.
	At time.Time `json:"at"`
}

// request is a change of one conversation that a caller asks for.
type request struct {
	query storage.LoadQuery
	// queue is the conversation, or the session that writes in it, as far as the caller
	// knows it.
	queue uuid.UUID
	cmd   tickets.Command
	// identity is the customer's whose conversation a command of an agent may begin; zero:
	// it begins none.
	identity tickets.Identity
	// authenticate checks the session's token, a repeated request's too; nil: the caller
	// is trusted.
	authenticate func(*storage.Loaded) error
	// admit checks what only the loaded state can tell; nil: nothing.
	admit admission
	// upload is the file of the command; nil: it has none.
	upload *upload
	// teams are those of which a call takes the next ticket, in their order.
	teams []tickets.TeamID
	// conflicts counts how often another commit came first.
	conflicts int
}

// admission returns why a loaded state does not admit a change; nil: it does.
type admission func(*storage.Loaded, *automation.Rules) error

// apply loads, decides and commits a command, then wakes readers; it retries on
// conflict. Before the commit it keeps the note of an upload. A call that repeats a key
// gets the first answer, and nothing is done. It fails with [ErrBusy] if too many calls
// wait for the conversation or conflict, with [ErrKeyReused], and with what load,
// req.authenticate, decide, the file store and the commit return.
func (d *Desk) apply(ctx context.Context, req *request) (Result, error) {
	chance, err := d.chance() // before the first attempt: a retry decides alike
	if err != nil {
		return Result{}, err
	}
	hash, err := req.hash()
	if err != nil {
		return Result{}, err
	}
	leave, _, err := d.queues.enter(ctx, req.queue, d.o.Limits.Queue)
	if err != nil {
		return Result{}, err
	}
	defer func() { leave() }()
	for range d.o.Limits.Attempts {
		loaded, err := d.loadFor(ctx, req)
		if err != nil {
			return Result{}, err
		}
		if id := loaded.Conversation.ID.UUID; loaded.Conversation.Version > 0 && id != req.queue {
			// The conversation's calls queue there. What was loaded holds if nobody is
			// ahead; its version says so at the commit.
			req.queue = id
			leave()
			var waited bool
			if leave, waited, err = d.queues.enter(ctx, id, d.o.Limits.Queue); err != nil {
				leave = func() {}
				return Result{}, err
			}
			if waited {
				continue
			}
		}
		if r := loaded.Receipt; r != nil {
			return repeated(req, &loaded, r, hash)
		}
		if err := checkFormat(&loaded); err != nil {
			return Result{}, err
		}
		batch, result, err := d.decide(ctx, req, &loaded, chance, hash)
		if err != nil {
			return Result{}, err
		}
		if err := d.note(ctx, req.query.Account, req.upload, batch.Conversation.ID); err != nil {
			return Result{}, fmt.Errorf("charla: keep file: %w", err)
		}
		switch err := d.commit(ctx, batch); {
		case err == nil:
			if req.upload != nil {
				req.upload.committed = true
			}
			d.signal(batch)
			return result, nil
		case errors.Is(err, storage.ErrConflict), errors.Is(err, storage.ErrConfigChanged):
			req.conflicts++
		default:
			return Result{}, changeError(err)
		}
	}
	return Result{}, fmt.Errorf("%w: %d conflicts", ErrBusy, d.o.Limits.Attempts)
}

// loadFor loads what a request is about, and the receipt of an earlier call with its key. A
// request that may begin a customer's conversation names from then on the one that the
// customer has. It fails as load, req.authenticate and the store do.
func (d *Desk) loadFor(ctx context.Context, req *request) (storage.Loaded, error) {
	loaded, err := d.load(ctx, req.query)
	if err == nil && req.authenticate != nil {
		err = req.authenticate(&loaded)
	}
	if err != nil {
		return loaded, err
	}
	if req.identity != (tickets.Identity{}) && loaded.Conversation.Version == 0 {
		holder, err := d.store.Sessions().Holder(ctx, req.query.Account, req.identity)
		if err != nil {
			return loaded, storeError(err)
		}
		if !holder.IsZero() {
			req.query.Conversation = holder
			if loaded, err = d.load(ctx, req.query); err != nil {
				return loaded, err
			}
		}
	}
	if loaded.Receipt == nil {
		err = d.repeatedBeforeLogin(ctx, req.query, &loaded)
	}
	return loaded, err
}

// repeatedBeforeLogin looks for the answer to an earlier call with the key where the
// session wrote before its latest login (R3.9). If there is one, loaded gets that
// Receipt and its Conversation; else loaded stays as it is. It costs one load, however
// often the session logged in. It fails as load does.
func (d *Desk) repeatedBeforeLogin(ctx context.Context, q storage.LoadQuery, loaded *storage.Loaded) error {
	links := loaded.Session.Links
	if q.Key == "" || len(links) == 0 {
		return nil
	}
	old, err := d.load(ctx, storage.LoadQuery{Account: q.Account, Conversation: links[len(links)-1], Scope: q.Scope, Key: q.Key})
	if err == nil && old.Receipt != nil {
		loaded.Conversation, loaded.Receipt = old.Conversation, old.Receipt
	}
	return err
}

// load loads what a query names. A conversation that does not exist has Version zero.
// It fails with [ErrSession] if the query's session does not exist, [ErrNotFound] if
// the account does not, [ErrDeleted] if the account is deleted, or if the store does.
func (d *Desk) load(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
	loaded, err := d.store.Conversations().Load(ctx, q)
	switch {
	case errors.Is(err, storage.ErrNotFound) && !q.Session.IsZero():
		return loaded, fmt.Errorf("%w: %w", ErrSession, err)
	case err != nil:
		return loaded, storeError(err)
	case !loaded.Account.DeletedAt.IsZero():
		return loaded, ErrDeleted
	}
	d.redateSession(ctx, &loaded)
	return loaded, nil
}

// decide decides the request on what was loaded and returns the batch to commit and
// what the call answers once that is committed. It fails as rules and draft do.
func (d *Desk) decide(ctx context.Context, req *request, loaded *storage.Loaded, chance uint64, hash [32]byte) (*storage.Batch, Result, error) {
	rules, err := d.rules(ctx, &loaded.Account)
	if err != nil {
		return nil, Result{}, err
	}
	draft, err := d.draft(ctx, req, loaded, rules, chance)
	if err != nil {
		return nil, Result{}, err
	}
	ref := tickets.Ref{Account: loaded.Account.ID, Conversation: draft.Conversation.ID, Number: draft.Ticket.Number}
	if req.cmd.Number != 0 {
		ref.Number = req.cmd.Number
	}
	result := Result{Ref: ref, At: draft.At}
	if n := len(draft.Entries); n > 0 && draft.Entries[n-1].Kind == req.cmd.Kind {
		result.Entry = draft.Entries[n-1].N
	}
	for _, m := range draft.Messages {
		if m.From != tickets.FromRule && m.From != tickets.FromWelcome {
			result.Seq = m.Seq
		}
	}
	if n := len(draft.Messages); n > 0 {
		result.First, result.Last = draft.Messages[0].Seq, draft.Messages[n-1].Seq
	}
	batch, err := d.batch(ctx, draft, loaded, rules)
	if err != nil {
		return nil, Result{}, err
	}
	if turn := req.cmd.Turn; turn != (tickets.Turn{}) {
		batch.Reserve = append(batch.Reserve, turn.Identity())
	}
	if req.query.Key != "" {
		batch.Receipt = &storage.Receipt{
			Scope: req.query.Scope, Key: req.query.Key, Hash: hash,
			Entry: result.Entry, Ticket: ref.Number, Seq: result.Seq, First: result.First, Last: result.Last, At: result.At,
		}
	}
	return batch, result, nil
}

// draft collects the decision's inputs (time, presence, configuration) and returns the
// decision on what was loaded. It fails with what req.admit returns, [ErrNotFound] if
// nothing but a customer's message, or [Agent.Start], may begin the conversation, [ErrContactForm], what
// presence returns, and what the rules refuse, such as [tickets.ErrTransition].
func (d *Desk) draft(ctx context.Context, req *request, loaded *storage.Loaded, rules *automation.Rules, chance uint64) (*tickets.Draft, error) {
	in := tickets.Inputs{Now: d.timeIn(loaded.Account.CreatedAt, loaded.Conversation.LastAt), Chance: chance}
	if req.admit != nil {
		if err := req.admit(loaded, rules); err != nil {
			return nil, err
		}
	}
	var err error
	if in.Presence, err = d.presence(ctx, loaded.Account.ID); err != nil {
		return nil, err
	}
	state := tickets.State{Conversation: loaded.Conversation, Ticket: loaded.Ticket, Older: loaded.Older}
	cmd := req.cmd
	if req.upload != nil {
		file := *cmd.File
		file.ID = req.upload.id
		cmd.File = &file
	}
	if state.Conversation.Version == 0 {
		state.Conversation = tickets.Conversation{
			Account: loaded.Account.ID, ID: loaded.Session.Conversation,
			Identity: loaded.Session.Identity, CreatedAt: in.Now, Armed: rules.Version,
		}
		switch cmd.Kind {
		case tickets.CommandWrite:
		case tickets.CommandStart:
			state.Conversation.ID, state.Conversation.Identity = req.query.Conversation, req.identity
		default:
			return nil, ErrNotFound
		}
	}
	if cmd.Kind == tickets.CommandWrite {
		if !ongoing(&state.Ticket) && formInstead(&rules.Config, in.Presence) {
			return nil, ErrContactForm
		}
		cmd.Customer, cmd.Links = loaded.Session.Customer, loaded.Session.Links
	}
	decided, err := rules.Decide(state, cmd, in)
	if errors.Is(err, tickets.ErrNoTicket) {
		err = fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return decided, err
}

// batch returns the commit of everything that a draft changes. It fails as deliveries does.
func (d *Desk) batch(ctx context.Context, draft *tickets.Draft, loaded *storage.Loaded, rules *automation.Rules) (*storage.Batch, error) {
	c := draft.Conversation
	c.Format = tickets.Format
	c.Version++
	b := &storage.Batch{
		Config: rules.Version, Conversation: c,
		Tickets: draft.Changed(), Messages: draft.Messages, Entries: draft.Entries, Answers: draft.Answers,
		Wake: rules.Wake(&draft.Ticket), Active: draft.Ticket.Status == tickets.StatusOpen,
		Words: words(draft),
	}
	b.Session, b.SessionRevision = loaded.Session.ID, loaded.Session.Revision
	// All sessions of an account end by its record, and what a wrong clock dated there
	// counts anew.
	b.AccountRevision = loaded.Account.Revision
	if loaded.Conversation.Version == 0 {
		b.Reserve = []tickets.Identity{c.Identity}
	}
	var err error
	b.Deliveries, err = d.deliveries(ctx, draft, rules)
	return b, err
}

// hash returns a hash of what the caller asked for, by which a repeated call is known;
// zero if the call has no key. It fails if that cannot be written as JSON.
func (req *request) hash() ([32]byte, error) {
	if req.query.Key == "" {
		return [32]byte{}, nil
	}
	c := req.cmd // without who: names may change between two tries
	asked := []any{c.Kind, c.Number, c.Text, c.File, c.Welcome, c.Typification, c.Metadata}
	if c.Kind == tickets.CommandAssign { // others have the hash that older versions made
		asked = append(asked, c.Assignee, c.Team)
		if c.From != nil {
			asked = append(asked, c.From)
		}
	}
	if c.Kind == tickets.CommandRate {
		asked = append(asked, c.Score, c.Comment)
	}
	if c.Kind == tickets.CommandNote {
		asked = append(asked, c.Mentions)
	}
	if c.Turn != (tickets.Turn{}) {
		asked = append(asked, c.Turn)
		if len(req.teams) > 0 {
			asked = append(asked, req.teams)
		}
	}
	body, err := json.Marshal(asked)
	return sha256.Sum256(body), err
}

// repeated returns the answer that a receipt holds, or [ErrKeyReused] if its call asked
// for something else.
func repeated(req *request, loaded *storage.Loaded, r *storage.Receipt, hash [32]byte) (Result, error) {
	if r.Hash != hash {
		return Result{}, fmt.Errorf("%w: %q", ErrKeyReused, req.query.Key)
	}
	first, last := r.First, r.Last
	if first == 0 { // of an older version
		first, last = r.Seq, r.Seq
	}
	return Result{
		Ref:   tickets.Ref{Account: loaded.Account.ID, Conversation: loaded.Conversation.ID, Number: r.Ticket},
		Entry: r.Entry, Seq: r.Seq, First: first, Last: last, At: r.At,
	}, nil
}

// checkKey returns the [chatcfg.Problems] of a caller's key; nil: it is fit, or there
// is none.
func checkKey(key string) error {
	if key == "" {
		return nil
	}
	return problems(chatcfg.CheckLine("key", key, maxKey))
}

// maxKey bounds a caller's key, in characters.
const maxKey = 200

// problems returns p as an error; nil if p is empty.
func problems(p chatcfg.Problems) error {
	if len(p) == 0 {
		return nil
	}
	return p
}
