package charla

import (
	"context"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Start writes to a customer first, whom the host knows by proof.Subject; the proof has no
// Provider. Without a ticket, or after a close, that begins a ticket, which the agent then
// has; else it is [Agent.Reply]. Name, address, RUT and telephone of the proof are those of a
// customer without a conversation. A session with a proof of that subject reads it (R16.5).
// It fails with [chatcfg.Problems] for the proof, with [tickets.ErrAutomated] for a bot, and
// like [Agent.Reply].
func (a *Agent) Start(ctx context.Context, proof Proof, text string, o *WriteOptions) (Result, error) {
	if err := firstError(a.human(), checkProof(&proof), checkChoice("proof.provider", proof.Provider, ""), problems(checkMessage(text, o)), checkPerson(a.who)); err != nil {
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
