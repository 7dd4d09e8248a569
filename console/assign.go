package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// assignView is who has a ticket, and to whom it can be given.
type assignView struct {
	// From is the agent who has it, Who what they are called; both empty: nobody has it.
	From tickets.AgentID
	Who  string
	Mine bool
	// Team is the team that has it; empty: none.
	Team   tickets.TeamID
	Agents []choice
	Teams  []choice
}

// choice is one of those who can have a ticket. Value is "agent:" or "team:" and an ID.
type choice struct {
	Value, Label string
	Has          bool
}

// colleagues returns the people of the visit's account by the host's list, but bots, which
// get no tickets (R12.1); the person first, who is in it in any case.
func (v *visit) colleagues() ([]Person, error) {
	list := []Person{v.person}
	all, err := v.listed()
	for i := range all {
		if all[i].ID != "" && all[i].ID != v.person.ID && !v.account.Agent(all[i].agent()).Automated() {
			list = append(list, all[i])
		}
	}
	return list, err
}

// listed returns the people of the visit's account by the host's list.
func (v *visit) listed() ([]Person, error) {
	if v.o.Colleagues == nil {
		return nil, nil
	}
	return v.o.Colleagues(v.r.Context(), v.account.ID())
}

// teamsOf returns the teams of people, sorted.
func teamsOf(people []Person) []tickets.TeamID {
	var all []tickets.TeamID
	for i := range people {
		all = append(all, people[i].Teams...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// assignment returns who has a ticket, and to whom it can be given: also who has it now, if
// the host does not list them.
func (v *visit) assignment(t *tickets.Ticket, people []Person) assignView {
	has := t.Assignee
	view := assignView{From: has.Agent, Who: has.Name, Mine: has.Agent == v.person.ID, Team: t.Team}
	if has.Agent != "" && !slices.ContainsFunc(people, func(p Person) bool { return p.ID == has.Agent }) {
		people = append(people, Person{ID: has.Agent, Name: has.Name})
	}
	for i := range people {
		p := &people[i]
		one := choice{Value: agentPrefix + string(p.ID), Label: p.called(), Has: p.ID == has.Agent}
		if one.Has {
			view.Who = one.Label
		}
		view.Agents = append(view.Agents, one)
	}
	teams := teamsOf(people)
	if t.Team != "" && !slices.Contains(teams, t.Team) {
		teams = append(teams, t.Team)
	}
	for _, team := range teams {
		view.Teams = append(view.Teams, choice{Value: teamPrefix + string(team), Label: string(team), Has: team == t.Team})
	}
	return view
}

const agentPrefix, teamPrefix = "agent:", "team:"

// assign returns the command by which a form gives a ticket to an agent or a team, or takes
// it from them, if the agent who had it when the form was shown still has it. It fails with
// status 422 for somebody to whom it cannot be given.
func (v *visit) assign() (tickets.Command, error) {
	command := tickets.Command{Kind: tickets.CommandAssign}
	people, err := v.colleagues()
	if err != nil {
		return command, err
	}
	to := v.r.PostFormValue("to")
	agent, isAgent := strings.CutPrefix(to, agentPrefix)
	team, isTeam := strings.CutPrefix(to, teamPrefix)
	who := slices.IndexFunc(people, func(p Person) bool { return string(p.ID) == agent })
	switch {
	case isAgent && agent == "":
		command.Assignee = &tickets.Assignee{}
	case isAgent && who >= 0:
		command.Assignee = &tickets.Assignee{Agent: people[who].ID, Name: people[who].Name}
	case isTeam && (team == "" || slices.Contains(teamsOf(people), tickets.TeamID(team))):
		id := tickets.TeamID(team)
		command.Team = &id
	default:
		return command, statusError(http.StatusUnprocessableEntity)
	}
	if v.r.PostForm.Has("from") {
		from := tickets.AgentID(v.r.PostFormValue("from"))
		command.From = &from
	}
	return command, nil
}

// takeNext takes the ticket that has waited longest and shows it, or says that none waits.
func (v *visit) takeNext() error {
	key := v.key()
	result, err := v.agent().TakeNext(v.r.Context(), v.person.Teams, &charla.CallOptions{Key: key})
	if err != nil {
		return v.refusedList(err)
	}
	return v.redirect(ticketPath(result.Ref) + "?view=mine")
}
