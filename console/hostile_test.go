package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// hostile closes whatever it stands in and begins something that runs.
const hostile = `"'></title></textarea></script><script id=pwned>x()</script><img id=pwned src=x onerror=x()>{{.}}`

// harmless checks that nothing on a page runs but the site's own files.
func harmless(t *testing.T, p *page, path string) {
	t.Helper()
	assert.Empty(t, faults(p.root), path)
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
		assert.Contains(t, p.header.Get("Content-Security-Policy"), part, path)
	}
	assert.NotContains(t, p.header.Get("Content-Security-Policy"), "unsafe", path)
	assert.Equal(t, "nosniff", p.header.Get("X-Content-Type-Options"), path)
}

// faults is what could run on a page, or was not meant to be an element of it.
func faults(root *html.Node) []string {
	var found []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch {
		case attr(n, "id") == "pwned", slices.Contains([]string{"object", "embed", "base", "style"}, n.Data),
			n.Data == "iframe" && (attr(n, "src") != "" || attr(n, "srcdoc") != ""), // a script gives the preview its address
			n.Data == "script" && (n.FirstChild != nil || attr(n, "src") == ""):
			found = append(found, "<"+n.Data+">")
		}
		for _, a := range n.Attr {
			bad := strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc"
			if slices.Contains([]string{"href", "src", "action", "formaction"}, a.Key) {
				u, err := url.Parse(a.Val)
				bad = bad || err != nil || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https"
			}
			if bad {
				found = append(found, "<"+n.Data+" "+a.Key+"="+a.Val+">")
			}
		}
	}
	return found
}

// TestFaults: the check that the next test relies on finds what it should.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		hostile, `<p style=x>`, `<a href="javascript:x()">`, `<script src="">`, `<script src=a>x</script>`, `<p onclick=x>`, `<iframe src="x">`, `<base href=x>`,
	} {
		root, err := html.Parse(strings.NewReader(text))
		require.NoError(t, err)
		assert.NotEmpty(t, faults(root), text)
	}
	root, err := html.Parse(strings.NewReader(`<p class=x><a href="/a?b">c</a><script src="/d.js"></script>` + html.EscapeString(hostile)))
	require.NoError(t, err)
	assert.Empty(t, faults(root))
}

// TestHostile: whatever anybody writes anywhere is text on every page.
func TestHostile(t *testing.T) {
	t.Parallel()
	b := setupOn(t, charla.Options{}, &console.Options{WidgetURL: "https://tienda.cl/chat/", Colleagues: func(context.Context, chatcfg.AccountID) ([]console.Person, error) {
		return []console.Person{{ID: hostile, Name: hostile, Teams: []tickets.TeamID{hostile}}}, nil
	}, Links: []console.Link{{Label: chatcfg.Words{Any: hostile}, URL: hostile}, {Label: chatcfg.Words{Any: "x"}, URL: "javascript:x()"}}})
	b.people.set("ana", console.Person{ID: tickets.AgentID(hostile[:90]), Name: hostile[:90], Role: console.RoleAdministrator, AllAccounts: true, Teams: []tickets.TeamID{hostile, tickets.TeamID(hostile[:90])}})
	b.get("/desk/") // who comes in is there
	agent := charla.Person{ID: hostile, Name: hostile}
	form := b.get(b.channel()).form("config")
	for name := range form {
		switch {
		case strings.Contains(name, "messages[0]"), strings.HasPrefix(name, "chat.contactForm."), strings.HasPrefix(name, "chat.welcome.text"),
			name == "chat.identificationMessage", name == "chat.headerMessage", name == "general.important.keywords":
			form.Set(name, strings.ReplaceAll(hostile, "{", "{{"))
		}
	}
	name := strings.ReplaceAll(hostile, " id=pwned src=x", "")
	form.Set("chat.name", name)
	form.Set("chat.longButton.text", `"><img id=pwned src=x onerror=x()>`)
	form.Set("chat.welcome.author", hostile[:90])
	form.Set("chat.contactForm.title", hostile[:90])
	form.Set("chat.contactForm.email.address", "x@tienda.cl")
	form.Set("general.important.keywords", `<img/id=pwned/onerror=x()>`)
	for _, on := range []string{"contactForm", "contactForm.email", "longButton", "welcome"} {
		form.Set("chat."+on+".enabled", "on")
	}
	form.Set("general.important.enabled", "on")
	form.Set("general.notify.tickets", "all")
	form.Set("general.notify.to", "equipo@tienda.cl")
	form.Set("automation.newCustomer.enabled", "on")
	for i := range 3 {
		form.Set(fmt.Sprintf("automation.reminders.steps[%d].after.value", i), strconv.Itoa(i+1))
	}
	saved := b.post(b.channel(), form)
	require.Equal(t, http.StatusOK, saved.status, words(saved.find("main")))
	harmless(t, saved, "saved")
	for name := range form {
		if name != "version" && name != "key" {
			form.Set(name, hostile)
		}
	}
	refused := b.post(b.channel(), form)
	require.NotEqual(t, http.StatusOK, refused.status)
	harmless(t, refused, "refused")

	s, _, err := b.account.Enter(t.Context(), charla.Entry{Name: hostile[:95], Email: "x@example.com", Phone: "1234567"})
	require.NoError(t, err)
	said, err := s.Write(t.Context(), hostile, &charla.WriteOptions{
		Welcome: &tickets.Welcome{Text: hostile, Author: hostile[:90]}, File: &charla.Upload{Name: hostile[:60] + ".png", Body: dot(t)},
	})
	require.NoError(t, err)
	_, err = b.account.Agent(agent).Reply(t.Context(), said.Ref, hostile, nil)
	if err != nil { // the name is too long for an agent
		agent.ID, agent.Name = tickets.AgentID(hostile[:90]), hostile[:90]
		_, err = b.account.Agent(agent).Reply(t.Context(), said.Ref, hostile, nil)
	}
	require.NoError(t, err)
	_, err = b.account.Agent(charla.Person{}).SaveQuickReplies(t.Context(), 0, []chatcfg.QuickReply{{Shortcut: strings.ReplaceAll(hostile, " ", "")[:50], Title: hostile[:60], Text: chatcfg.Words{Any: strings.ReplaceAll(hostile, "{", "{{")}}})
	require.NoError(t, err)
	b.post(b.ticket(said.Ref)+"/reply", url.Values{"text": {hostile + "@" + hostile}, "as": {"note"}})
	b.give(said.Ref, tickets.AgentID(hostile[:90]), tickets.TeamID(hostile[:90]))
	b.post(b.ticket(said.Ref)+"/classify", url.Values{"category": {hostile}, "name": {hostile}, "value": {hostile}})
	b.post(b.ticket(said.Ref)+"/describe", url.Values{"name": {hostile}, "value": {hostile}})
	one, err := b.account.Inbox().Ticket(t.Context(), said.Ref)
	require.NoError(t, err)
	require.Equal(t, hostile, one.Typification.Category)
	_, err = b.account.Visitor("").Contact(t.Context(), charla.ContactForm{Name: hostile[:95], Email: "x@example.com", Text: hostile, Scriptless: true}, nil)
	require.NoError(t, err)
	_, err = b.desk.RunDue(t.Context())
	require.NoError(t, err)
	_, _, err = b.desk.CreateAccount(t.Context(), hostile[:95], "otra.cl", nil)
	require.NoError(t, err)

	account := "/desk/a/" + b.account.ID().String()
	for _, path := range []string{
		"/desk/", "/desk/channels", "/desk/?done=" + url.QueryEscape(hostile), b.channel(), b.channel() + "?done=saved.1.2.3." + url.QueryEscape(hostile),
		b.inbox(), b.inbox() + "?view=" + url.QueryEscape(hostile), b.inbox() + "?view=all&q=" + url.QueryEscape(hostile), b.ticket(said.Ref),
		b.ticket(said.Ref) + "?q=" + url.QueryEscape(hostile), account + "/contacts", account + "/outbox?state=sent", account + "/report",
		account + "/report?from=" + url.QueryEscape(hostile) + "&to=" + url.QueryEscape(hostile), account + "/outbox?state=" + url.QueryEscape(hostile),
		account + "/report?by=category", account + "/report?by=agent", account + "/report?by=" + url.QueryEscape(hostile),
		account + "/contacts?cursor=" + url.QueryEscape(hostile),
	} {
		page := b.get(path)
		harmless(t, page, path)
		assert.NotContains(t, page.text, "<no value>", path)
	}
	for path, id := range map[string]string{b.ticket(said.Ref): "messages", b.inbox(): "list", "/desk/channels": "main", b.channel(): "config", account + "/report?by=category": "groups"} {
		assert.Contains(t, words(b.get(path).find(id)), `<script id=`, "%s shows what was written", path)
	}
	for path, values := range map[string]url.Values{
		"/desk/channels":                     {"name": {hostile + hostile}, "domain": {hostile}},
		b.channel() + "/delete":              {"confirm": {hostile}},
		b.ticket(said.Ref) + "/dryrun":       {"text": {hostile}},
		b.ticket(said.Ref) + "/reply":        {"text": {strings.Repeat(hostile, 60)}},
		b.ticket(said.Ref) + "/" + "nothing": {},
		b.ticket(said.Ref) + "/assign":       {"to": {hostile}, "from": {hostile}},
		b.ticket(said.Ref) + "/quick":        {"text": {hostile}, "quick": {hostile}},
		"/desk/preferences":                  {"lang": {hostile}, "theme": {hostile}, "back": {hostile}},
	} {
		harmless(t, b.post(path, values), path)
	}
	gone := b.post(b.channel()+"/delete", url.Values{"confirm": {name}})
	assert.Contains(t, gone.text, "Borrar del todo")
	harmless(t, gone, "deleted")
	harmless(t, b.get(b.ticket(said.Ref)), "history")
}

// TestAddresses: no address of the site fails inside, whatever is asked for.
func TestAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	id := b.account.ID().String()
	for _, path := range []string{
		"/nothing", "/desk/nothing", "/desk/a/" + id, "/desk/assets/x/base.css", "/desk/assets/x/../console.go", "/desk/a/" + strings.ToUpper(id) + "/inbox",
		"/desk/a/00000000-0000-0000-0000-000000000000/inbox", "/desk/channels/00000000-0000-0000-0000-000000000000",
		b.inbox() + "?cursor=x", b.ticket(ref) + "?before=-5", b.ticket(ref) + "?before=x", b.channel() + "/nothing",
		"/desk/a/" + id + "/outbox?cursor=x", "/desk/a/" + id + "x/events",
	} {
		assert.Less(t, b.get(path).status, 500, path)
	}
	big := url.Values{"text": {strings.Repeat("x", 3<<20)}}
	assert.Equal(t, http.StatusRequestEntityTooLarge, b.post(b.ticket(ref)+"/reply", big).status)
}

// TestAccessible: every control has a name, every page a language, a title and
// one main heading.
func TestAccessible(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.config(func(c *chatcfg.Config) { *c = decode(t, rich) })
	_, ref := b.customerWith(charla.Entry{Name: "Carla", Email: "carla@example.com", RUT: "11111111-1"}, "hola")
	account := "/desk/a/" + b.account.ID().String()
	for _, path := range []string{
		"/desk/channels", b.channel(), b.inbox(), b.ticket(ref), account + "/contacts", account + "/outbox", account + "/report",
	} {
		p := b.get(path)
		require.Equal(t, http.StatusOK, p.status, path)
		labels, ids, headings := map[string]bool{}, map[string]bool{}, 0
		p.each(func(n *html.Node) {
			if n.Data == "label" {
				labels[attr(n, "for")] = true
			}
			if n.Data == "h1" {
				headings++
			}
			if n.Data == "html" {
				assert.NotEmpty(t, attr(n, "lang"), path)
			}
			if id := attr(n, "id"); id != "" {
				assert.False(t, ids[id], "%s: two #%s", path, id)
				ids[id] = true
			}
		})
		assert.Equal(t, 1, headings, path)
		p.each(func(n *html.Node) {
			kind := attr(n, "type")
			switch {
			case n.Data == "img":
				assert.True(t, has(n, "alt"), path)
			case n.Data == "button", n.Data == "summary":
				assert.NotEmpty(t, words(n)+attr(n, "aria-label"), "%s: a button without a name", path)
			case (n.Data == "input" && kind != "hidden") || n.Data == "select" || n.Data == "textarea":
				within := n.Parent != nil && n.Parent.Data == "label"
				assert.True(t, within || labels[attr(n, "id")] || attr(n, "aria-label") != "", "%s: %s %s has no label", path, n.Data, attr(n, "name"))
			}
			for _, name := range []string{"aria-describedby", "aria-labelledby", "popovertarget"} {
				if to := attr(n, name); to != "" {
					assert.True(t, ids[to], "%s: %s=%s leads nowhere", path, name, to)
				}
			}
		})
	}
}
