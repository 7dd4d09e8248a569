package charla

import (
	"context"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Start writes to a customer first, whom the host knows by proof.Subject; the proof has no
// Provider. Without a ticket, or after a close, that begins a ticket, which the agent then
// has; else it is [Agent.Reply]. Name, address, RUT and telephone of the proof are used only
// if the customer has no conversation yet.
//
// The customer learns of it where the host shows them the chat with an identity of that
// subject ([SignIdentity], [Entry].Proof): such a session reads the message, and answers it
// (R16.5). charla sends them no e-mail; a host that wants one sends it itself.
//
// It fails with [chatcfg.Problems] for the proof, with [tickets.ErrAutomated] for a bot, and
// like [Agent.Reply].
func (a *Agent) Start(ctx context.Context, proof Proof, text string, o *WriteOptions) (Result, error) {
	if err := firstError(a.human(), checkProof(&proof), checkHost(&proof), problems(checkMessage(tickets.CommandStart, text, o)), checkPerson(a.who)); err != nil {
		return Result{}, err
	}
	if o == nil {
		o = &WriteOptions{}
	}
	if err := checkKey(o.Key); err != nil {
		return Result{}, err
	}
	record, err := a.desk.liveAccount(ctx, a.account)
	if err != nil {
		return Result{}, err
	}
	rules, err := a.desk.rules(ctx, &record)
	if err != nil {
		return Result{}, err
	}
	who, err := enteringCustomer(&rules.Config.Chat, Entry{Proof: &proof})
	if err != nil {
		return Result{}, err
	}
	var id tickets.ConversationID
	if id.UUID, err = a.desk.mint(); err != nil {
		return Result{}, err
	}
	req := request{
		query: storage.LoadQuery{Account: a.account, Conversation: id, Scope: a.scope(), Key: o.Key},
		queue: id.UUID, identity: proven("", proof.Subject),
		cmd: tickets.Command{Kind: tickets.CommandStart, Actor: a.actor(), Text: text, Customer: who},
	}
	if o.File != nil {
		if err := a.desk.attach(&req, o.File); err != nil {
			return Result{}, err
		}
	}
	return a.desk.change(ctx, req)
}

// checkHost returns the [chatcfg.Problems] of a proof that is a social login's; nil: it is
// the host's own.
func checkHost(p *Proof) error {
	if p.Provider == "" {
		return nil
	}
	return chatcfg.Problems{{Path: "proof.provider", Code: chatcfg.CodeUnwanted}}
}
