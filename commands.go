package charla

import (
	"context"
	"maps"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Person is who acts for the account. Who may is the host's to decide; charla
// believes it.
type Person struct {
	// ID is the host's name for the agent, 1 to 128 bytes.
	ID tickets.AgentID
	// Name is what customers read; it may be empty.
	Name string
}

// CallOptions go with a call that changes a conversation. Nil is valid.
type CallOptions struct {
	// Key makes the call repeatable: the same key with the same request answers
	// as before and does nothing, with another request it is [ErrKeyReused]. It
	// is the caller's own, up to 200 characters; keys of customers' sessions and
	// of agents do not meet (R3.9, R8.1).
	Key string
	// Welcome is the welcome message that a customer answers with this message;
	// it is stored before it (R6.5). Only for [Desk.Write].
	Welcome *tickets.Welcome
	// File is attached to the message, whose text may then be empty. Only for
	// [Desk.Write] and [Desk.Reply], and where [Options].Files is set.
	File *Upload
}

// Limits of what an agent may set on a ticket (R3.6).
const (
	// MaxFields is how many fields a typification, and how many keys the
	// metadata may have.
	MaxFields = 50
	// MaxField is the length of each key and value, in characters.
	MaxField = 500
	// MaxAgent is the length of an agent's ID, in bytes, and of their name, in
	// characters.
	MaxAgent = 128
)

// Write stores a customer's message, in the ticket that is not closed or in a new
// one (R3.2 to R3.4), and everything that follows from it (sections 4 and 5).
// It fails with [chatcfg.Problems] for text or a file that cannot be stored,
// [ErrSession], [ErrContactForm] (R6.2), [ErrDeleted], [ErrKeyReused], [ErrBusy]
// or [ErrOutcomeUnknown].
func (d *Desk) Write(ctx context.Context, s tickets.Session, text string, o *CallOptions) (Result, error) {
	p := checkMessage(text, o)
	cmd := tickets.Command{Kind: tickets.CommandWrite, Actor: tickets.Actor{Kind: tickets.ActorCustomer, Session: s.ID}, Text: text}
	key := ""
	if o != nil {
		key = o.Key
		if w := o.Welcome; w != nil {
			p = append(p, chatcfg.CheckText("welcome.text", w.Text, chatcfg.MaxMessage)...)
			if w.Author != "" {
				p = append(p, chatcfg.CheckText("welcome.author", w.Author, chatcfg.MaxName)...)
			}
			cmd.Welcome = &tickets.Welcome{Text: w.Text, Author: w.Author}
		}
	}
	if err := cmpErr(problems(p), checkKey(key)); err != nil {
		return Result{}, err
	}
	if s.ID.IsZero() {
		return Result{}, ErrSession
	}
	query := storage.LoadQuery{Account: s.Account, Session: s.ID, Scope: "session:" + s.ID.String(), Key: key}
	if o != nil && o.File != nil {
		var err error
		if cmd.File, err = d.attach(ctx, o.File, query, s.TokenHash); err != nil {
			return Result{}, err
		}
	}
	return d.do(ctx, request{query: query, gate: s.Conversation.UUID, cmd: cmd, admit: func(l *storage.Loaded, r *automation.Rules) error {
		return cmpErr(d.checkSession(l, s.TokenHash), d.admit(l, r))
	}})
}

// admit checks that a session may write now, by whatever token.
func (d *Desk) admit(l *storage.Loaded, r *automation.Rules) error {
	if err := d.goesOn(l); err != nil {
		return err
	}
	if l.Session.Customer.Level == tickets.LevelAnonymous && !r.Config.Chat.Anonymous {
		_, err := r.Config.Chat.CheckEntry(chatcfg.Entry{Anonymous: true})
		return err
	}
	return nil
}

// Reply stores an agent's answer. It ends the customer's wait (R2.2) and opens an
// ignored ticket; on a closed one it is a [tickets.ErrTransition] (R3.3).
func (d *Desk) Reply(ctx context.Context, a Person, ref tickets.Ref, text string, o *CallOptions) (Result, error) {
	if err := problems(checkMessage(text, o)); err != nil {
		return Result{}, err
	}
	return d.act(ctx, a, ref, tickets.Command{Kind: tickets.CommandReply, Text: text}, o)
}

// Close closes a ticket by hand (R3.3) and sends the manual-close text, if on.
func (d *Desk) Close(ctx context.Context, a Person, ref tickets.Ref, o *CallOptions) (Result, error) {
	return d.act(ctx, a, ref, tickets.Command{Kind: tickets.CommandClose}, o)
}

// Ignore sets an open ticket aside: its customer waits no longer (R2.4, R3.3).
func (d *Desk) Ignore(ctx context.Context, a Person, ref tickets.Ref, o *CallOptions) (Result, error) {
	return d.act(ctx, a, ref, tickets.Command{Kind: tickets.CommandIgnore}, o)
}

// Open opens an ignored or closed ticket, the customer's latest one only (R3.3).
func (d *Desk) Open(ctx context.Context, a Person, ref tickets.Ref, o *CallOptions) (Result, error) {
	return d.act(ctx, a, ref, tickets.Command{Kind: tickets.CommandOpen}, o)
}

// Pause keeps the automatic actions off an open ticket until [Desk.Resume]
// (R3.7).
func (d *Desk) Pause(ctx context.Context, a Person, ref tickets.Ref, o *CallOptions) (Result, error) {
	return d.act(ctx, a, ref, tickets.Command{Kind: tickets.CommandPause}, o)
}

// Resume ends a pause; auto-close counts anew (R3.7, R4.2).
func (d *Desk) Resume(ctx context.Context, a Person, ref tickets.Ref, o *CallOptions) (Result, error) {
	return d.act(ctx, a, ref, tickets.Command{Kind: tickets.CommandResume}, o)
}

// Mark marks a ticket important or normal, an older one too. Once an agent has
// marked it normal, keywords do not mark it again (R3.5).
func (d *Desk) Mark(ctx context.Context, a Person, ref tickets.Ref, important bool, o *CallOptions) (Result, error) {
	kind := tickets.CommandUnmark
	if important {
		kind = tickets.CommandMark
	}
	return d.act(ctx, a, ref, tickets.Command{Kind: kind}, o)
}

// Classify sets the typification of a ticket, an older one too; nil clears it.
// For an anonymous customer it is [tickets.ErrAnonymous] (R3.6).
func (d *Desk) Classify(ctx context.Context, a Person, ref tickets.Ref, t *tickets.Typification, o *CallOptions) (Result, error) {
	if t != nil {
		p := chatcfg.CheckText("category", t.Category, MaxField)
		p = append(p, checkFields("fields", t.Fields)...)
		if len(p) > 0 {
			return Result{}, p
		}
		t = &tickets.Typification{Category: t.Category, Fields: maps.Clone(t.Fields)}
	}
	return d.act(ctx, a, ref, tickets.Command{Kind: tickets.CommandClassify, Typification: t}, o)
}

// Describe replaces the metadata of a ticket, an older one's too. For an
// anonymous customer it is [tickets.ErrAnonymous] (R3.6).
func (d *Desk) Describe(ctx context.Context, a Person, ref tickets.Ref, metadata map[string]string, o *CallOptions) (Result, error) {
	if p := checkFields("metadata", metadata); len(p) > 0 {
		return Result{}, p
	}
	return d.act(ctx, a, ref, tickets.Command{Kind: tickets.CommandDescribe, Metadata: maps.Clone(metadata)}, o)
}

// act takes an agent's command to a ticket.
func (d *Desk) act(ctx context.Context, a Person, ref tickets.Ref, cmd tickets.Command, o *CallOptions) (Result, error) {
	key := ""
	if o != nil {
		key = o.Key
	}
	if err := cmpErr(checkAgent(a), checkKey(key)); err != nil {
		return Result{}, err
	}
	cmd.Actor = tickets.Actor{Kind: tickets.ActorAgent, Agent: a.ID, Name: a.Name}
	cmd.Number = ref.Number
	query := storage.LoadQuery{
		Account: ref.Account, Conversation: ref.Conversation, Ticket: ref.Number,
		Scope: "agent:" + string(a.ID), Key: key,
	}
	if cmd.Kind == tickets.CommandReply && o != nil && o.File != nil {
		var err error
		if cmd.File, err = d.attach(ctx, o.File, query, nil); err != nil {
			return Result{}, err
		}
	}
	return d.do(ctx, request{query: query, gate: ref.Conversation.UUID, cmd: cmd})
}

func checkAgent(a Person) error {
	p := chatcfg.CheckText("agent.id", string(a.ID), MaxAgent)
	if len(p) == 0 && len(a.ID) > MaxAgent {
		p = append(p, chatcfg.Problem{Path: "agent.id", Code: chatcfg.CodeTooLong, Args: []any{MaxAgent}})
	}
	if a.Name != "" {
		p = append(p, chatcfg.CheckText("agent.name", a.Name, MaxAgent)...)
	}
	return problems(p)
}

func checkFields(path string, fields map[string]string) chatcfg.Problems {
	if len(fields) > MaxFields {
		return chatcfg.Problems{{Path: path, Code: chatcfg.CodeTooMany, Args: []any{MaxFields}}}
	}
	var p chatcfg.Problems
	for _, key := range sortedKeys(fields) {
		p = append(p, chatcfg.CheckText(path, key, MaxField)...)
		if value := fields[key]; value != "" {
			p = append(p, chatcfg.CheckText(path+"."+key, value, MaxField)...)
		}
	}
	return p
}
