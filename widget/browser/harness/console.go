package main

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
)

// people are the logins of the host of the console: the cookie "who" names one. They are
// kept in memory, so that a restart ends all.
type people struct {
	mu sync.Mutex
	m  map[tickets.AgentID]console.Person
}

// who tells the console who makes a request.
func (p *people) who(r *http.Request) (console.Person, error) {
	cookie, err := r.Cookie("who")
	if err != nil {
		return console.Person{}, console.ErrNobody
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.m[tickets.AgentID(cookie.Value)]
	if !ok {
		return one, console.ErrNobody
	}
	return one, nil
}

// colleagues tells the console who is logged in.
func (p *people) colleagues(context.Context, chatcfg.AccountID) ([]console.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(p.m)), nil
}

// set logs a person in; one without a role it logs out.
func (p *people) set(one console.Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.m == nil {
		p.m = map[tickets.AgentID]console.Person{}
	}
	if p.m[one.ID] = one; one.Role == 0 {
		delete(p.m, one.ID)
	}
}
