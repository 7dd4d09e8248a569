package console_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAllAccounts: one list has the tickets of all accounts that the person sees, in order,
// says which account's they are, and stays beside a conversation that is opened from it.
func TestAllAccounts(t *testing.T) {
	t.Parallel()
	clock := clock.NewMock()
	clock.Set(time.Date(2026, 5, 20, 10, 0, 0, 0, time.UTC))
	b := setupOn(t, charla.Options{Clock: clock}, nil)
	var accounts []chatcfg.AccountID
	for i, name := range []string{"Café", "Librería", "Secreta"} {
		one, _, err := b.desk.CreateAccount(t.Context(), name, "localhost", nil)
		require.NoError(t, err)
		if i < 2 {
			accounts = append(accounts, one.ID())
		}
		for k := range 3 {
			clock.Add(time.Minute)
			s, _, err := one.Enter(t.Context(), charla.Entry{Name: fmt.Sprintf("cliente%d%d", i, k), Email: fmt.Sprintf("c%d%d@example.com", i, k)})
			require.NoError(t, err)
			_, err = s.Write(t.Context(), "hola azul", nil)
			require.NoError(t, err)
		}
	}
	b.people.set("eva", console.Person{ID: "eva", Role: console.RoleAgent, Accounts: accounts})
	b.client = b.browser("eva")
	page := b.get("/desk/inbox")
	list := words(page.find("list"))
	want := []string{"cliente12", "cliente11", "cliente10", "cliente02", "cliente01", "cliente00"}
	for i, name := range want {
		require.Contains(t, list, name)
		if i > 0 {
			assert.Less(t, strings.Index(list, want[i-1]), strings.Index(list, name), name)
		}
	}
	assert.NotContains(t, page.text, "Secreta")
	assert.NotContains(t, page.text, "cliente2")
	assert.Contains(t, list, "Librería")
	assert.Contains(t, words(page.find("tabs")), "Abiertos 6 Míos Sin asignar 6")
	waiting := words(b.get("/desk/inbox?view=waiting").find("list"))
	assert.Less(t, strings.Index(waiting, "cliente00"), strings.Index(waiting, "cliente12"), "the longest wait first")

	var row string
	for n := range page.find("list").Descendants() {
		if has(n, "data-conversation") && strings.Contains(words(n), "cliente00") {
			row = attr(n, "href")
		}
	}
	to, err := page.url.Parse(row)
	require.NoError(t, err)
	assert.Equal(t, "all", to.Query().Get("in"))
	thread := b.get(to.RequestURI())
	assert.Contains(t, words(thread.find("list")), "cliente12", "of the other account")
	reply := to.Path + "/reply"
	form := thread.form(reply)
	form.Set("text", "buenas")
	sent := b.post(reply, form)
	assert.Equal(t, to.RequestURI(), sent.url.RequestURI(), "the list stays")
	assert.Contains(t, words(sent.find("tabs")), "Míos 1 Sin asignar 5")
	assert.Contains(t, words(b.get("/desk/inbox?q=azul&view=all").find("list")), "cliente12")
	assert.Contains(t, b.get("/desk/inbox?q="+strings.Repeat("palabra+", 37)).text, "banner bad")

	one := b.desk.Account(accounts[0])
	for i := range 32 {
		s, _, err := one.Enter(t.Context(), charla.Entry{Name: fmt.Sprintf("más%d", i), Email: fmt.Sprintf("m%d@example.com", i)})
		require.NoError(t, err)
		_, err = s.Write(t.Context(), "hola", nil)
		require.NoError(t, err)
	}
	rows := func(query string) int { return strings.Count(b.get("/desk/inbox"+query).text, `data-conversation="`) }
	assert.Equal(t, 30, rows(""))
	assert.Contains(t, b.get("/desk/inbox").text, "n=60")
	assert.Equal(t, 38, rows("?n=60"))
	assert.NotContains(t, b.get("/desk/inbox?n=60").text, "n=90")
	assert.Equal(t, 30, rows("?n=x"))
}

// TestOtherAccounts: a page's stream tells what customers write in the other accounts that
// the person sees, and nothing of any other.
func TestOtherAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var others []*charla.Account
	for _, name := range []string{"Café", "Secreta"} {
		one, _, err := b.desk.CreateAccount(t.Context(), name, "localhost", nil)
		require.NoError(t, err)
		others = append(others, one)
	}
	b.people.set("eva", console.Person{ID: "eva", Role: console.RoleAgent, Accounts: []chatcfg.AccountID{b.account.ID(), others[0].ID()}})
	answer, err := b.browser("eva").Get(b.server.URL + "/desk/a/" + b.account.ID().String() + "/events")
	require.NoError(t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	type change struct{ Account, Text string }
	next := func() (c change) {
		for lines.Scan() {
			if lines.Text() == "event: change" {
				require.True(t, lines.Scan())
				require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(lines.Text(), "data: ")), &c))
				return c
			}
		}
		return c
	}
	write := func(a *charla.Account, text string) {
		s, _, err := a.Enter(t.Context(), charla.Entry{Name: "Carla", Email: "c@example.com"})
		require.NoError(t, err)
		_, err = s.Write(t.Context(), text, nil)
		require.NoError(t, err)
	}
	for lines.Scan() && lines.Text() != "event: ready" {
	}
	write(others[1], "un secreto")
	for i := range 20 { // the feed of another account begins by itself: until it is heard
		write(others[0], fmt.Sprint("hola ", i))
		write(b.account, fmt.Sprint("aquí ", i))
		heard := []change{next(), {}}
		if heard[0].Account == others[0].ID().String() {
			return
		}
		assert.Equal(t, b.account.ID().String(), heard[0].Account)
	}
	assert.Fail(t, "nothing was heard of the other account")
}

// TestAllAccountsHostile: what an account is called is text in the list, and what is asked for
// of it fails nowhere.
func TestAllAccountsHostile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, _, err := b.desk.CreateAccount(t.Context(), hostile[:95], "localhost", nil)
	require.NoError(t, err)
	s, _, err := one.Enter(t.Context(), charla.Entry{Name: hostile[:95], Email: "c@example.com"})
	require.NoError(t, err)
	_, err = s.Write(t.Context(), hostile, nil)
	require.NoError(t, err)
	for _, query := range []string{"", "?view=all", "?in=all&view=" + url.QueryEscape(hostile) + "&q=" + url.QueryEscape(hostile), "?n=-5", "?n=99999999999999999999", "?cursor=x"} {
		page := b.get("/desk/inbox" + query)
		assert.Equal(t, http.StatusOK, page.status, query)
		harmless(t, page, query)
	}
	b.people.set("nadie", console.Person{ID: "nadie", Role: console.RoleAgent})
	b.client = b.browser("nadie")
	assert.Equal(t, http.StatusOK, b.get("/desk/inbox").status)
}
