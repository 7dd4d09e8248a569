package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// console is the agents' inbox of an account, as JSON and server-sent events.
type console struct {
	account      *charla.Account
	who          func(*http.Request) (charla.Person, error) // the host's own login
	writeTimeout time.Duration                              // for a live page that stopped reading
}

// handler returns the agents' API: lists, conversations, answers, commands, what an agent has
// read, presence and the live inbox. Rows count what the agent who asks has not read.
func (c *console) handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, do func(*http.Request, *charla.Agent) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			person, err := c.who(r)
			if err != nil {
				http.Error(w, "log in", http.StatusUnauthorized)
				return
			}
			answer(w, func() (any, error) { return do(r, c.account.Agent(person)) })
		})
	}
	handle("GET /tickets", func(r *http.Request, agent *charla.Agent) (any, error) {
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		return agent.Inbox().Tickets(r.Context(), charla.TicketQuery{
			Status: tickets.Status(q.Get("status")), Waiting: q.Has("waiting"), Text: q.Get("q"),
			PageQuery: charla.PageQuery{Cursor: q.Get("cursor"), Limit: cmp.Or(limit, 50)},
		})
	})
	handle("GET /tickets/{conversation}/messages", func(r *http.Request, agent *charla.Agent) (any, error) {
		inbox := agent.Inbox()
		if _, err := inbox.Ticket(r.Context(), ref(r)); err != nil {
			return nil, err
		}
		page := charla.PageQuery{Cursor: r.URL.Query().Get("cursor"), Limit: 100}
		return inbox.Messages(r.Context(), ref(r), charla.MessageQuery{Newest: true, PageQuery: page})
	})
	handle("POST /tickets/{conversation}/replies", func(r *http.Request, agent *charla.Agent) (any, error) {
		return agent.Reply(r.Context(), ref(r), r.FormValue("text"), &charla.WriteOptions{Key: r.FormValue("key")})
	})
	handle("POST /tickets/{conversation}/{command}", func(r *http.Request, agent *charla.Agent) (any, error) {
		command := tickets.Command{Kind: tickets.CommandKind(r.PathValue("command"))} // close, ignore, open, mark…
		return agent.Do(r.Context(), ref(r), command, &charla.CallOptions{Key: r.FormValue("key")})
	})
	handle("POST /tickets/{conversation}/read", func(r *http.Request, agent *charla.Agent) (any, error) {
		seq, _ := strconv.ParseInt(r.FormValue("seq"), 10, 64)
		return nil, agent.MarkRead(r.Context(), ref(r), seq)
	})
	handle("POST /presence", func(r *http.Request, agent *charla.Agent) (any, error) {
		return nil, agent.Heartbeat(r.Context(), tickets.Availability(r.FormValue("is")))
	})
	mux.HandleFunc("GET /live", c.live)
	return http.NewCrossOriginProtection().Handler(http.MaxBytesHandler(mux, 1<<16))
}

// live sends each ticket that changes as a server-sent event. A page whose connection
// broke comes back with the ID of the last event it got, and misses nothing. What a
// beat sends keeps proxies from closing an idle connection.
func (c *console) live(w http.ResponseWriter, r *http.Request) {
	person, err := c.who(r)
	if err != nil {
		http.Error(w, "log in", http.StatusUnauthorized)
		return
	}
	cursor := cmp.Or(r.Header.Get("Last-Event-ID"), charla.InboxEnd)
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	for row, err := range c.account.Agent(person).Inbox().Live(r.Context(), cursor, 20*time.Second) {
		event := "ticket"
		if errors.Is(err, charla.ErrCursor) { // of another database: the page reads its list again
			event, err = "again", nil
		} else if row.Number == 0 {
			event = "ready"
		}
		if _, denied := c.who(r); err != nil || denied != nil { // somebody may have logged out
			return
		}
		_ = out.SetWriteDeadline(time.Now().Add(c.writeTimeout))
		body, _ := json.Marshal(row)
		if _, err := fmt.Fprintf(w, "event: %s\nid: %s\ndata: %s\n\n", event, row.Cursor, body); err != nil || out.Flush() != nil {
			return // it stopped reading
		}
	}
}

// ref returns the ref of the latest ticket of the conversation that a path names.
func ref(r *http.Request) tickets.Ref {
	id, _ := tickets.ParseConversationID(r.PathValue("conversation")) // zero: not found
	return tickets.Ref{Conversation: id}
}

// answer answers with a result as JSON, or with the status and text of an error.
func answer(w http.ResponseWriter, do func() (any, error)) {
	result, err := do()
	var problems chatcfg.Problems
	var refusal chatcfg.Refusal
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(result)
	case errors.Is(err, charla.ErrNotFound):
		http.Error(w, "not found", http.StatusNotFound)
	case errors.As(err, &problems), errors.Is(err, charla.ErrCursor), errors.Is(err, tickets.ErrCommand):
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
	case errors.As(err, &refusal): // taken by a colleague, closed meanwhile, of an anonymous customer…
		http.Error(w, err.Error(), http.StatusConflict)
	case errors.Is(err, charla.ErrBusy):
		http.Error(w, "busy: try again", http.StatusServiceUnavailable)
	default:
		http.Error(w, "failed: try again with the same key", http.StatusInternalServerError)
	}
}
