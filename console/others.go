package console

import (
	"context"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// otherAccounts returns the accounts that the person sees beside the visit's, of which a
// page's stream tells what customers write.
func (v *visit) otherAccounts() ([]*account, error) {
	live, _, err := v.accounts(v.r.Context(), &v.person)
	var list []*account
	for _, one := range live {
		if one.ID == v.account.ID() || len(list) == maxSources-1 {
			continue
		}
		other, err := v.open(v.r.Context(), one.ID)
		if err != nil {
			return nil, err
		}
		list = append(list, other)
	}
	return list, err
}

// feedOther sends a change for each conversation of another account than the visit's.
func (v *visit) feedOther(ctx context.Context, other *account, out chan<- event) error {
	heard, since := map[tickets.ConversationID]int64{}, v.now()
	for row, err := range other.Inbox().Live(ctx, charla.InboxEnd, 0) {
		if err != nil {
			return err
		}
		if row.Number == 0 {
			continue // caught up
		}
		data, err := v.changed(ctx, other, &row, heard, since)
		if err != nil {
			return err
		}
		if !send(ctx, out, event{name: "change", data: data, of: other.ID()}) {
			return nil
		}
	}
	return nil
}

// colleagueEvent says what a colleague does in the conversation; nothing: they have left it.
type colleagueEvent struct {
	Agent tickets.AgentID `json:"agent"`
	Name  string          `json:"name"`
	Does  charla.Activity `json:"does"`
}

// colleague returns the event for what a colleague does, with their name.
func (v *visit) colleague(c *charla.Colleague) (colleagueEvent, error) {
	people, err := v.listed()
	who := Person{ID: c.Agent}
	for i := range people {
		if people[i].ID == c.Agent {
			who = people[i]
		}
	}
	return colleagueEvent{c.Agent, who.called(), c.Activity}, err
}
