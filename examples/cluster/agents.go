package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// The requests and answers of the agents' console. It is the host's own, with its own
// login: this one has none.
type (
	// inbox is what changed after a cursor.
	inbox struct {
		Threads []thread `json:"threads"`
		Next    string   `json:"next"`
	}
	// thread is a conversation with its latest ticket.
	thread struct {
		Conversation tickets.ConversationID `json:"conversation"`
		Ticket       tickets.Number         `json:"ticket"`
		ChangedAt    time.Time              `json:"changedAt"`
		// Waiting says that the customer spoke last, and the ticket is open.
		Waiting bool `json:"waiting"`
	}
	// act is an answer to a ticket, or its end if Text is empty.
	act struct {
		thread
		Agent tickets.AgentID `json:"agent"`
		Key   string          `json:"key"`
		Text  string          `json:"text"`
	}
)

// agentPages returns the API of the agents' console: the inbox and what an agent does.
func agentPages(account *charla.Account) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /agent/inbox", func(w http.ResponseWriter, r *http.Request) {
		in := inbox{Next: r.URL.Query().Get("after")}
		for row, err := range account.Inbox().Live(r.Context(), in.Next, 0) {
			if err != nil {
				answer(w, nil, err)
				return
			}
			in.Next = row.Cursor
			if row.Number == 0 {
				break // this was all for now
			}
			waiting := row.Status == tickets.StatusOpen && row.LastWord == tickets.SideCustomer
			in.Threads = append(in.Threads, thread{row.Ref.Conversation, row.Number, row.ChangedAt, waiting})
		}
		answer(w, in, nil)
	})
	mux.HandleFunc("POST /agent/act", func(w http.ResponseWriter, r *http.Request) {
		var a act
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&a); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		agent := account.Agent(charla.Person{ID: a.Agent, Name: string(a.Agent)})
		ref := tickets.Ref{Conversation: a.Conversation, Number: a.Ticket}
		var result charla.Result
		var err error
		if a.Text == "" {
			closing := tickets.Command{Kind: tickets.CommandClose}
			result, err = agent.Do(r.Context(), ref, closing, &charla.CallOptions{Key: a.Key})
		} else {
			result, err = agent.Reply(r.Context(), ref, a.Text, &charla.WriteOptions{Key: a.Key})
		}
		answer(w, result, err)
	})
	return mux
}

// answer answers with a body, or with a status that says whether to repeat the request.
func answer(w http.ResponseWriter, body any, err error) {
	status := http.StatusOK
	switch {
	case err == nil:
	case errors.Is(err, charla.ErrCursor):
		status = http.StatusGone // read from the beginning
	case errors.Is(err, tickets.ErrTransition), errors.Is(err, tickets.ErrNotLatest):
		status = http.StatusConflict // the ticket is no longer as the agent saw it
	case errors.Is(err, charla.ErrBusy):
		status = http.StatusServiceUnavailable // nothing happened: again
	default:
		status = http.StatusInternalServerError // perhaps it happened: again, with the same key
	}
	if err != nil {
		http.Error(w, http.StatusText(status), status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}
