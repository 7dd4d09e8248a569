package main

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// What agents say and get. Their console is the host's own, with its own login: this
// one believes everybody.
type (
	// inbox is what changed after a cursor.
	inbox struct {
		Threads []thread `json:"threads"`
		Next    string   `json:"next"`
	}
	// thread is a conversation with its latest ticket.
	thread struct {
		Conversation tickets.ConversationID `json:"conversation"`
		Version      int64                  `json:"version"`
		Ticket       tickets.Number         `json:"ticket"`
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

// agentPages are what the agents' console asks for.
func agentPages(desk *charla.Desk, account chatcfg.AccountID) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /agent/inbox", func(w http.ResponseWriter, r *http.Request) {
		page, err := desk.Changes(r.Context(), account, r.URL.Query().Get("after"), 0)
		in := inbox{Next: page.Next}
		for _, c := range page.Items {
			var t tickets.Ticket
			if err == nil {
				t, err = desk.Ticket(r.Context(), tickets.Ref{Account: account, Conversation: c.Conversation})
			}
			waiting := t.Status == tickets.StatusOpen && t.LastWord == tickets.SideCustomer
			in.Threads = append(in.Threads, thread{c.Conversation, c.Version, t.Number, waiting})
		}
		answer(w, in, err)
	})
	mux.HandleFunc("POST /agent/act", func(w http.ResponseWriter, r *http.Request) {
		var a act
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&a); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		agent := charla.Person{ID: a.Agent, Name: string(a.Agent)}
		ref := tickets.Ref{Account: account, Conversation: a.Conversation, Number: a.Ticket}
		once := &charla.CallOptions{Key: a.Key}
		var result charla.Result
		var err error
		if a.Text == "" {
			result, err = desk.Close(r.Context(), agent, ref, once)
		} else {
			result, err = desk.Reply(r.Context(), agent, ref, a.Text, once)
		}
		answer(w, result, err)
	})
	return mux
}

// answer says what came of it: whether to repeat it, above all.
func answer(w http.ResponseWriter, body any, err error) {
	status := http.StatusOK
	switch {
	case err == nil:
	case errors.Is(err, charla.ErrCursor):
		status = http.StatusGone // read from the beginning
	case errors.Is(err, tickets.ErrTransition), errors.Is(err, tickets.ErrNotLatest):
		status = http.StatusConflict // the ticket is no longer as the agent saw it
	case errors.Is(err, charla.ErrBusy), errors.Is(err, storage.ErrBusy):
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
