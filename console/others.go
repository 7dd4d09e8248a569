package console

import (
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

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
