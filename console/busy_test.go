package console_test

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// give assigns a ticket to an agent and a team; empty: to none.
func (b *bench) give(ref tickets.Ref, agent tickets.AgentID, team tickets.TeamID) {
	b.t.Helper()
	_, err := b.account.Agent(charla.Person{ID: "jefa"}).Do(b.t.Context(), ref, tickets.Command{
		Kind: tickets.CommandAssign, Assignee: &tickets.Assignee{Agent: agent}, Team: &team,
	}, nil)
	require.NoError(b.t, err)
}

// TestLists: R11.3: what is mine, nobody's and a team's, with how many there are; who has a
// ticket stands in its row.
func TestLists(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.people.set("ana", console.Person{ID: "ana", Name: "Ana", Role: console.RoleAgent, AllAccounts: true, Teams: []tickets.TeamID{"ventas"}})
	for name, to := range map[string]struct {
		agent tickets.AgentID
		team  tickets.TeamID
	}{"Mía": {"ana", ""}, "Ajena": {"bruno", ""}, "Suelta": {"", ""}, "Grupal": {"", "ventas"}, "Lejana": {"", "bodega"}} {
		_, ref := b.customerWith(charla.Entry{Name: name, Email: strings.ToLower(url.PathEscape(name)) + "@example.com"}, "hola")
		b.give(ref, to.agent, to.team)
	}
	_, done := b.customerWith(charla.Entry{Name: "Cerrada", Email: "cerrada@example.com"}, "hola")
	b.give(done, "ana", "ventas")
	b.post(b.ticket(done)+"/close", nil)

	assert.Contains(t, words(b.get(b.inbox()).find("tabs")), "Abiertos 5 Míos 1 Sin asignar 3 Equipo 1 Más listas Esperan 5")
	for view, want := range map[string]string{
		"mine": "Mía", "team:ventas": "Grupal", "unassigned": "Grupal Lejana Suelta", "open": "Ajena Grupal Lejana Mía Suelta",
		"team:bodega": "Ajena Grupal Lejana Mía Suelta", // not hers: the first list
	} {
		list := words(b.get(b.inbox() + "?view=" + url.QueryEscape(view)).find("list"))
		for _, name := range []string{"Ajena", "Cerrada", "Grupal", "Lejana", "Mía", "Suelta"} {
			assert.Equal(t, strings.Contains(want, name), strings.Contains(list, name), "%s in %s", name, view)
		}
	}
	open := words(b.get(b.inbox()).find("list"))
	for _, want := range []string{"Tú", "bruno", "ventas", "bodega"} {
		assert.Contains(t, open, want)
	}
	assert.NotContains(t, words(b.get(b.inbox()+"?view=mine").find("list")), "Tú")

	b.people.set("ana", console.Person{ID: "ana", Role: console.RoleAgent, AllAccounts: true, Teams: []tickets.TeamID{"bodega", "ventas"}})
	assert.Contains(t, words(b.get(b.inbox()).find("tabs")), "Sin asignar 3 Más listas bodega 1 ventas 1 Esperan 5")
	assert.Contains(t, words(b.get(b.inbox()+"?view=team%3Abodega").find("tabs")), "Sin asignar 3 bodega 1 bodega")
}

// TestUnread: R11.3: a row counts what this agent has not read, until they have, or until an
// agent has answered.
func TestUnread(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, ref := b.customer("Carla", "hola", "¿hay alguien?")
	unread := func() string {
		found := regexp.MustCompile(`<b class="news">.*?</span>(\d+)</b>`).FindStringSubmatch(b.get(b.inbox()).text)
		if found == nil {
			return ""
		}
		return found[1]
	}
	assert.Equal(t, "2", unread())
	b.post(b.ticket(ref)+"/read", url.Values{"seq": {"1"}})
	assert.Equal(t, "1", unread())
	b.people.set("bruno", console.Person{ID: "bruno", Name: "Bruno", Role: console.RoleAgent, AllAccounts: true})
	b.client = b.browser("bruno")
	assert.Equal(t, "2", unread(), "Bruno has read nothing")
	b.post(b.ticket(ref)+"/reply", url.Values{"text": {"sí"}})
	assert.Empty(t, unread(), "answered")
	_, err := s.Write(t.Context(), "gracias", nil)
	require.NoError(t, err)
	assert.Equal(t, "3", unread())
	b.post(b.ticket(ref)+"/read", url.Values{"seq": {"4"}})
	assert.Empty(t, unread())
}

// TestRowTime: a row's time is that of its last message, also after something else changed;
// an older ticket's is that of its close.
func TestRowTime(t *testing.T) {
	t.Parallel()
	clock := clock.NewMock()
	clock.Set(time.Date(2026, 5, 20, 10, 0, 0, 0, time.UTC))
	b := setupOn(t, charla.Options{Clock: clock}, nil)
	b.config(func(c *chatcfg.Config) { c.Hours.Timezone = "UTC" })
	s, ref := b.customer("Carla", "hola")
	times := func(query string) (all []string) {
		for _, found := range regexp.MustCompile(`<time datetime="[^"]*" title="[^"]*">([^<]*)</time></span>`).FindAllStringSubmatch(b.get(b.inbox()+query).text, -1) {
			all = append(all, found[1])
		}
		return all
	}
	clock.Add(time.Hour)
	b.post(b.ticket(ref)+"/important", nil)
	assert.Equal(t, []string{"10:00"}, times(""))
	clock.Add(time.Hour)
	b.post(b.ticket(ref)+"/close", nil)
	clock.Add(time.Hour)
	_, err := s.Write(t.Context(), "otra cosa", nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"13:00", "12:00"}, times("?view=all"))
}

// TestAssign: R11.1: a ticket is taken, given back, and given to a colleague or a team; of
// two who take it at once the second is told who was first, and nothing changes.
func TestAssign(t *testing.T) {
	t.Parallel()
	bruno := console.Person{ID: "bruno", Name: "Bruno", Role: console.RoleAgent, AllAccounts: true, Teams: []tickets.TeamID{"ventas"}}
	b := setupOn(t, charla.Options{}, &console.Options{Colleagues: func(context.Context, chatcfg.AccountID) ([]console.Person, error) {
		return []console.Person{{ID: "eva"}, bruno, {ID: "ana", Name: "another name"}, {}}, nil
	}})
	b.people.set("bruno", bruno)
	_, ref := b.customer("Carla", "hola")
	assign := b.ticket(ref) + "/assign"
	has := func() (tickets.AgentID, tickets.TeamID) {
		one, err := b.account.Inbox().Ticket(t.Context(), ref)
		require.NoError(t, err)
		return one.Assignee.Agent, one.Team
	}
	assert.Equal(t, "Sin asignar Asignado a A Ana (tú) E eva B Bruno Equipo ventas", words(b.get(b.ticket(ref)).find("owner")))
	give := func(to, from string) *page {
		return b.post(assign, url.Values{"to": {to}, "from": {from}})
	}
	for _, step := range []struct {
		to, from, who, team string
		status              int
		says                string
	}{
		{"agent:bruno", "", "bruno", "", 200, ""},
		{"agent:ana", "", "bruno", "", 409, "Bruno lo tomó antes."},
		{"agent:ana", "bruno", "ana", "", 200, ""},
		{"agent:bruno", "bruno", "ana", "", 409, "Ya lo tienes tú."},
		{"team:ventas", "ana", "ana", "ventas", 200, ""},
		{"team:bodega", "ana", "ana", "ventas", 422, "no se entiende"},
		{"agent:nobody", "ana", "ana", "ventas", 422, "no se entiende"},
		{"", "ana", "ana", "ventas", 422, "no se entiende"},
		{"agent:", "ana", "", "ventas", 200, ""},
		{"agent:eva", "ana", "", "ventas", 409, "Ya no lo tiene nadie"},
		{"team:", "", "", "", 200, ""},
		{"agent:eva", "", "eva", "", 200, ""},
	} {
		answer := give(step.to, step.from)
		assert.Equal(t, step.status, answer.status, step)
		assert.Contains(t, words(answer.find("toasts")), step.says, step)
		who, team := has()
		assert.Equal(t, [2]string{step.who, step.team}, [2]string{string(who), string(team)}, step)
	}
	b.post(b.ticket(ref)+"/take", nil)
	assert.Contains(t, words(b.post(b.ticket(ref)+"/take", nil).find("toasts")), "eva lo tomó antes.")
	assert.Equal(t, []string{"eva"}, b.get(b.ticket(ref)).form(assign)["from"])
	give("agent:", "eva")
	shown := b.get(b.ticket(ref))
	assert.Contains(t, words(shown.find("bar")), "Tomar")
	shown = b.post(b.ticket(ref)+"/take", nil)
	who, _ := has()
	assert.EqualValues(t, "ana", who)
	assert.NotContains(t, words(shown.find("bar")), "Tomar")
	assert.Contains(t, words(shown.find("owner")), "Devolver: sin asignar")
}

// TestTakeNext: R11.2: the longest wait of one's teams and of none is taken and shown; a form
// sent twice takes one; when nobody waits it is said.
func TestTakeNext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.people.set("ana", console.Person{ID: "ana", Role: console.RoleAgent, AllAccounts: true, Teams: []tickets.TeamID{"ventas"}})
	var refs []tickets.Ref
	for _, name := range []string{"uno", "dos", "tres"} {
		_, ref := b.customerWith(charla.Entry{Name: name, Email: name + "@example.com"}, "hola")
		refs = append(refs, ref)
	}
	b.give(refs[0], "", "bodega")
	b.give(refs[2], "", "ventas")
	next := strings.TrimSuffix(b.inbox(), "inbox") + "next"
	form := b.get(b.inbox()).form(next)
	for range 2 {
		page := b.post(next, form)
		assert.Equal(t, b.ticket(refs[1]), page.path)
		assert.Contains(t, words(page.find("list")), "dos", "the list is that of what one has")
	}
	assert.Equal(t, b.ticket(refs[2]), b.post(next, b.get(b.inbox()).form(next)).path)
	none := b.post(next, b.get(b.inbox()+"?view=waiting").form(next))
	assert.Equal(t, 409, none.status)
	assert.Contains(t, words(none.find("toasts")), "Nadie espera")
	assert.Contains(t, words(none.find("list")), "uno", "the list from which it was asked")
}
