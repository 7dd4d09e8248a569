package main

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"

	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
)

// logins are who is logged in, by what stands in their cookies. A real host has people,
// hashes of their passwords and sessions that end.
type logins struct {
	password string
	mu       sync.Mutex
	names    map[string]string
}

func newLogins() *logins { return &logins{password: rand.Text(), names: map[string]string{}} }

const sessionCookie = "session"

// who says who makes a request: an agent of every account.
func (l *logins) who(r *http.Request) (console.Person, error) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return console.Person{}, console.ErrNobody
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	name, ok := l.names[cookie.Value]
	if !ok {
		return console.Person{}, console.ErrNobody
	}
	return console.Person{ID: tickets.AgentID(name), Name: name, Role: console.RoleAgent, AllAccounts: true}, nil
}

const loginPage = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Log in</title>
<form method="post"><label>Name <input name="name" required></label>
<label>Password <input name="password" type="password" required></label> <button>Log in</button></form></html>`

// login shows the form, or logs in by it and goes to the front end.
func (l *logins) login(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSpace(r.PostFormValue("name"))
	if r.Method != http.MethodPost || name == "" || subtle.ConstantTimeCompare([]byte(r.PostFormValue("password")), []byte(l.password)) != 1 {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(loginPage))
		return
	}
	session := rand.Text()
	l.mu.Lock()
	l.names[session] = name
	l.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// logout ends the login.
func (l *logins) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		l.mu.Lock()
		delete(l.names, cookie.Value)
		l.mu.Unlock()
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}
