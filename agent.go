package charla

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Person is who acts for an account, as the host knows them.
type Person struct {
	// ID is the host's lasting name for them, 1 to 128 bytes on one line.
	ID tickets.AgentID
	// Name is what customers read; it may be empty.
	Name string
	// Automated says that it is a bot: its words are marked as such and are no agent's
	// (R12.1), and it may say that a ticket is the agents' ([tickets.CommandHandOver]).
	Automated bool
}

// CallOptions go with a call that stores no message: [Agent.Do], [Agent.TakeNext],
// [Visitor.End], [Visitor.Rate] and [Visitor.Contact]. Nil is valid.
type CallOptions struct {
	// Key makes the call repeatable: the same key with the same request answers as before
	// and does nothing, with another request it is [ErrKeyReused] (R3.9, R8.1). It is up to
	// 200 characters of the caller's choosing, and counts for one agent or one session in one
	// conversation: other agents, sessions and conversations may use the same. A key of
	// [Agent.TakeNext] counts for all of the agent's conversations, as does one of
	// [Agent.Start] for one subject; that of [Visitor.Contact] for the session, or for all
	// strangers of the account.
	Key string
}

// WriteOptions go with a call that stores a message: [Visitor.Write], [Agent.Reply],
// [Agent.Note] and [Agent.Start]. What a call does not take is refused. Nil is valid.
type WriteOptions struct {
	// Key is as in [CallOptions].
	Key string
	// Welcome is the welcome message that a customer answers with this message; it is
	// stored before it (R6.5). Only for [Visitor.Write].
	Welcome *tickets.Welcome
	// File is attached to the message, whose text may then be empty; where
	// [Options].Files is set.
	File *Upload
	// Mentions are agents whom a note names: an event tells of each. At most
	// [MaxMentions]. Only for [Agent.Note].
	Mentions []tickets.AgentID
}

// Limits of what an agent may set on a ticket (R3.6, R11.4).
const (
	// MaxFields is how many fields a typification, and how many keys the
	// metadata may have.
	MaxFields = 50
	// MaxField is the length of each key and value, in characters.
	MaxField = 500
	// MaxMentions is how many agents a note may name.
	MaxMentions = 20
	// MaxAgent is the length of an agent's ID and of a team's, in bytes, and of an
	// agent's name, in characters.
	MaxAgent = 128
)

// Agent is the handle of somebody who acts for an account: it answers customers and
// moves tickets in their name. A ref of another account is [ErrNotFound] to it. It
// is safe for concurrent use.
type Agent struct {
	desk    *Desk
	account chatcfg.AccountID
	who     Person
}

// Reply stores an agent's answer. It ends the customer's wait (R2.2) and opens an
// ignored ticket; on a closed one it is a [tickets.ErrTransition] (R3.3). A bot's does
// neither (R12.1).
//
// It marks nothing as read: a message that came in just before it may not have been on the
// agent's screen. Say by [Agent.MarkRead] what was, up to the reply's Seq if all was.
//
// Otherwise it fails like [Agent.Do]; a ref whose ticket there is not is
// [ErrNotFound].
func (a *Agent) Reply(ctx context.Context, ref tickets.Ref, text string, o *WriteOptions) (Result, error) {
	if err := problems(checkMessage(tickets.CommandReply, text, o)); err != nil {
		return Result{}, err
	}
	cmd := tickets.Command{Kind: tickets.CommandReply, Text: text}
	if a.who.Automated {
		cmd.Kind = tickets.CommandBotReply
	}
	return a.act(ctx, ref, cmd, o)
}

// Note stores a message for agents, which no customer gets: on a ticket of any status,
// also an older one. It answers nobody, and no deadline changes (R11.4). It fails like
// [Agent.Do].
func (a *Agent) Note(ctx context.Context, ref tickets.Ref, text string, o *WriteOptions) (Result, error) {
	p := checkMessage(tickets.CommandNote, text, o)
	cmd := tickets.Command{Kind: tickets.CommandNote, Text: text}
	if o != nil {
		cmd.Mentions = slices.Clone(o.Mentions)
	}
	if len(cmd.Mentions) > MaxMentions {
		p = append(p, chatcfg.Problem{Path: "mentions", Code: chatcfg.CodeTooMany, Args: []any{MaxMentions}})
	}
	for i, id := range cmd.Mentions[:min(len(cmd.Mentions), MaxMentions)] {
		p = append(p, checkID(fmt.Sprintf("mentions[%d]", i), id)...)
	}
	if err := problems(p); err != nil {
		return Result{}, err
	}
	return a.act(ctx, ref, cmd, o)
}

// Do carries out a command of an agent on a ticket; its number zero is the latest. The
// commands are the rows of [tickets.Commands] that are an agent's: close, ignore, open,
// pause, resume, mark, unmark, classify, describe, assign and take, and a bot's: hand over, but
// not take; any other is [tickets.ErrCommand]. It fails with [tickets.ErrAutomated] if a bot takes
// a ticket, or if one is assigned to a bot ([Options].IsBot). Only the fields of the command that its kind takes may be set ([tickets.Command] lists them): actor
// and ticket are the handle's and the ref's.
//
// It fails with [tickets.ErrTransition] for what the ticket's state does not allow
// (R3.3), [tickets.ErrNotLatest], [tickets.ErrAnonymous] (R3.6), [tickets.ErrTaken] (R11.1),
// [tickets.ErrCategory] (R11.6), [chatcfg.Problems] for fields, a key or a person that cannot
// be stored, or a field that the command does not take, [ErrNotFound] if there is no such
// account, conversation or ticket, [ErrDeleted], [ErrKeyReused], [ErrBusy], [ErrNewerFormat]
// or [ErrOutcomeUnknown].
func (a *Agent) Do(ctx context.Context, ref tickets.Ref, cmd tickets.Command, o *CallOptions) (Result, error) {
	row := cmd.Kind.Row()
	switch {
	case row == nil || row.By != tickets.ActorAgent && (row.By != tickets.ActorBot || !a.who.Automated) || row.Writes || cmd.Kind == tickets.CommandNote:
		return Result{}, fmt.Errorf("%w for Agent.Do: %q", tickets.ErrCommand, cmd.Kind)
	case a.who.Automated && cmd.Kind == tickets.CommandTake,
		cmd.Kind == tickets.CommandAssign && cmd.Assignee != nil && a.knowsBot(cmd.Assignee.Agent):
		return Result{}, tickets.ErrAutomated
	}
	if p := checkCommand(&cmd, row); len(p) > 0 {
		return Result{}, p
	}
	if t := cmd.Typification; t != nil {
		cmd.Typification = &tickets.Typification{Category: t.Category, Fields: maps.Clone(t.Fields)}
	}
	cmd.Metadata = maps.Clone(cmd.Metadata)
	var w *WriteOptions
	if o != nil {
		w = &WriteOptions{Key: o.Key}
	}
	return a.act(ctx, ref, tickets.Command{
		Kind: cmd.Kind, Typification: cmd.Typification, Metadata: cmd.Metadata,
		Assignee: cmd.Assignee, Team: cmd.Team, From: cmd.From,
	}, w)
}

// act applies a command to a ticket in the agent's name, with the key and the file of
// o, which may be nil. It fails with [chatcfg.Problems] for the person, the key or the
// file, with the file store's error, and else like [Agent.Do].
func (a *Agent) act(ctx context.Context, ref tickets.Ref, cmd tickets.Command, o *WriteOptions) (Result, error) {
	if o == nil {
		o = &WriteOptions{}
	}
	ref, err := ownRef(a.account, ref)
	if err := firstError(err, checkPerson(a.who), checkKey(o.Key)); err != nil {
		return Result{}, err
	}
	cmd.Actor = a.actor()
	cmd.Number = ref.Number
	query := storage.LoadQuery{
		Account: ref.Account, Conversation: ref.Conversation, Ticket: ref.Number,
		Scope: a.scope(), Key: o.Key,
	}
	req := request{query: query, queue: ref.Conversation.UUID, cmd: cmd}
	if o.File != nil {
		if err := a.desk.attach(&req, o.File); err != nil {
			return Result{}, err
		}
	}
	return a.desk.change(ctx, req)
}

// actor returns the agent as what it does names it.
func (a *Agent) actor() tickets.Actor {
	kind := tickets.ActorAgent
	if a.who.Automated {
		kind = tickets.ActorBot
	}
	return tickets.Actor{Kind: kind, Agent: a.who.ID, Name: a.who.Name}
}

// scope returns the scope of the agent's keys.
func (a *Agent) scope() string { return "agent:" + string(a.who.ID) }

// MarkRead says that the agent has read a conversation up to a message: their rows change
// on all their screens ([Agent.Inbox]), and the customer sees how far any agent has read.
// Marks only rise, and never beyond the last message. They change no ticket, and not the
// inbox's order. A bot reads for nobody: [tickets.ErrAutomated]. It fails with
// [chatcfg.Problems] for the person's ID or name, [ErrNotFound], [ErrDeleted], [ErrBusy],
// [ErrNewerFormat] or [ErrOutcomeUnknown].
func (a *Agent) MarkRead(ctx context.Context, ref tickets.Ref, seq int64) error {
	ref, err := ownRef(a.account, ref)
	if err := firstError(err, checkPerson(a.who), a.human()); err != nil {
		return err
	}
	own := false // the agent's own mark rises
	loaded, err := a.desk.changeConversation(ctx, ref, func(l *storage.Loaded) (bool, error) {
		c := &l.Conversation
		own = false
		by := tickets.Reader{Agent: a.who.ID, Seq: min(seq, c.LastSeq), Customer: c.CustomerMessages}
		if by.Seq <= c.Reader(by.Agent).Seq {
			return false, nil
		}
		after, err := a.desk.customersAfter(ctx, ref, by.Seq)
		by.Customer -= after
		own = err == nil && c.Read(by)
		return own, err
	})
	if err != nil {
		return err
	}
	err = a.desk.raise(ctx, &loaded, tickets.Marks{Agent: seq})
	if err != nil && own {
		return fmt.Errorf("%w: of the two marks only the agent's own is stored: %s", ErrOutcomeUnknown, err.Error())
	}
	return err
}

// customersAfter counts the customer's messages after a sequence, up to [MaxUnread]: to
// somebody who has more unread it makes no difference how many. It fails if the store does.
func (d *Desk) customersAfter(ctx context.Context, ref tickets.Ref, seq int64) (n int64, err error) {
	q := storage.MessageQuery{Account: ref.Account, Conversation: ref.Conversation, After: seq, Limit: MaxUnread}
	for more := true; more; more = more && n < MaxUnread {
		list, err := d.store.Queries().Messages(ctx, q)
		if err != nil {
			return 0, storeError(err)
		}
		for i := range list {
			if q.After = list[i].Seq; list[i].From == tickets.FromCustomer {
				n++
			}
		}
		more = len(list) == q.Limit
	}
	return n, nil
}

// Inbox returns the account's inbox as the agent sees it: Unread of its rows counts what
// this agent has not read. It does no I/O.
func (a *Agent) Inbox() *Inbox { return &Inbox{desk: a.desk, account: a.account, reader: a.who.ID} }

// Heartbeat says that the agent is online, for [Options].HeartbeatTTL, or away or
// offline from now on (R4.7). A bot is never available: [tickets.ErrAutomated]. It fails
// with [chatcfg.Problems] for any other value or the person's ID, [ErrNotFound],
// [ErrDeleted], [ErrBusy], [ErrNewerFormat] or [ErrOutcomeUnknown].
func (a *Agent) Heartbeat(ctx context.Context, is tickets.Availability) error {
	if err := a.human(); err != nil {
		return err
	}
	return a.desk.heartbeat(ctx, a.account, a.who.ID, is)
}

// Automated reports whether the agent is a bot, by [Person].Automated or [Options].IsBot.
func (a *Agent) Automated() bool { return a.who.Automated }

// knowsBot reports whether an agent's ID is known to be a bot's: the agent's own, or by the host.
func (a *Agent) knowsBot(id tickets.AgentID) bool {
	return a.who.Automated && id == a.who.ID || a.desk.isBot(a.account, id)
}

// isBot reports whether the host says that an ID is a bot's in an account.
func (d *Desk) isBot(account chatcfg.AccountID, id tickets.AgentID) bool {
	return id != "" && d.o.IsBot != nil && d.o.IsBot(account, id)
}

// human returns [tickets.ErrAutomated] for a bot, else nil.
func (a *Agent) human() error {
	if a.who.Automated {
		return tickets.ErrAutomated
	}
	return nil
}

// checkCommand returns the problems of a command for [Agent.Do]: fields that its kind does
// not take, or that are the handle's to fill in, and values that cannot be stored; nil: there
// are none.
func checkCommand(cmd *tickets.Command, row *tickets.CommandRow) (p chatcfg.Problems) {
	for _, field := range []struct {
		name  string
		given bool
	}{
		{"actor", cmd.Actor != (tickets.Actor{})},
		{"number", cmd.Number != 0},
		{"text", cmd.Text != ""},
		{"file", cmd.File != nil},
		{"mentions", len(cmd.Mentions) > 0},
		{"customer", cmd.Customer != (tickets.Customer{})},
		{"welcome", cmd.Welcome != nil},
		{"links", len(cmd.Links) > 0},
		{"typification", cmd.Typification != nil},
		{"metadata", len(cmd.Metadata) > 0},
		{"assignee", cmd.Assignee != nil},
		{"team", cmd.Team != nil},
		{"from", cmd.From != nil},
		{"score", cmd.Score != 0},
		{"comment", cmd.Comment != ""},
		{"turn", cmd.Turn != (tickets.Turn{})},
	} {
		if field.given && (field.name == "turn" || !slices.Contains(row.Takes, field.name)) {
			p = append(p, chatcfg.Problem{Path: field.name, Code: chatcfg.CodeUnwanted})
		}
	}
	if len(p) > 0 {
		return p
	}
	if t := cmd.Typification; t != nil {
		p = append(chatcfg.CheckLine("typification.category", t.Category, MaxField), checkFields("typification.fields", t.Fields)...)
	}
	if cmd.Kind == tickets.CommandAssign {
		p = append(p, checkAssignment(cmd.Assignee, cmd.Team)...)
	}
	return append(p, checkFields("metadata", cmd.Metadata)...)
}

// checkPerson returns the [chatcfg.Problems] of a person's ID and name; nil: there are
// none.
func checkPerson(a Person) error { return problems(checkAgent("agent.id", "agent.name", a.ID, a.Name)) }

// checkAgent returns the problems of an agent's ID and name, which may be empty, by their
// paths; nil: there are none.
func checkAgent(idPath, namePath string, id tickets.AgentID, name string) chatcfg.Problems {
	p := checkID(idPath, id)
	if name != "" {
		p = append(p, chatcfg.CheckLine(namePath, name, MaxAgent)...)
	}
	return p
}

// checkID returns the problems of the host's name for an agent or a team; nil: there are
// none.
func checkID[ID ~string](path string, id ID) chatcfg.Problems {
	p := chatcfg.CheckLine(path, string(id), MaxAgent)
	if len(p) == 0 && len(id) > MaxAgent {
		p = append(p, chatcfg.Problem{Path: path, Code: chatcfg.CodeTooLong, Args: []any{MaxAgent}})
	}
	return p
}

// checkAssignment returns the problems of who shall have a ticket, nil being what stays
// as it is; nil: there are none.
func checkAssignment(to *tickets.Assignee, team *tickets.TeamID) (p chatcfg.Problems) {
	if to == nil && team == nil {
		return chatcfg.Problems{{Path: "assignee", Code: chatcfg.CodeRequired}}
	}
	if to != nil && *to != (tickets.Assignee{}) {
		p = checkAgent("assignee.agent", "assignee.name", to.Agent, to.Name)
	}
	if team != nil && *team != "" {
		p = append(p, checkID("team", *team)...)
	}
	return p
}

// checkFields returns the problems of a ticket's free-form fields: too many, or a key
// or value that cannot be stored; nil: there are none.
func checkFields(path string, fields map[string]string) chatcfg.Problems {
	if len(fields) > MaxFields {
		return chatcfg.Problems{{Path: path, Code: chatcfg.CodeTooMany, Args: []any{MaxFields}}}
	}
	var p chatcfg.Problems
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		at := chatcfg.Path(path, key)
		p = append(p, chatcfg.CheckLine(at, key, MaxField)...)
		if value := fields[key]; value != "" {
			p = append(p, chatcfg.CheckText(at, value, MaxField)...)
		}
	}
	return p
}
