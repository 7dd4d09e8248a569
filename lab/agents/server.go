package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
)

// ready is what the server says when it serves.
type ready struct {
	Address string
	Account chatcfg.AccountID
}

// word is what a customer writes: their first one without Token.
type word struct {
	Name, Text string
	Token      charla.Token
}

// serve is the server's process: the console below /desk/, and customers at /customer. The
// header "Agent" says who asks. It serves until ctx ends.
func serve(ctx context.Context, dir string) error {
	store, err := sqlite.Open(dir+"/charla.db", nil)
	if err != nil {
		return err
	}
	defer store.Close()
	desk, err := charla.New(store, nil)
	if err != nil {
		return err
	}
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.example", nil)
	if err != nil {
		return err
	}
	pages, err := console.New(desk, func(r *http.Request) (console.Person, error) {
		id := tickets.AgentID(r.Header.Get("Agent"))
		if id == "" {
			return console.Person{}, console.ErrNobody
		}
		return console.Person{ID: id, Name: string(id), Role: console.RoleAgent, AllAccounts: true}, nil
	}, nil)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/desk/", http.StripPrefix("/desk", pages))
	mux.HandleFunc("POST /customer", func(w http.ResponseWriter, r *http.Request) {
		var said word
		err := json.NewDecoder(r.Body).Decode(&said)
		visitor := account.Visitor(said.Token)
		if err == nil && said.Token == "" {
			visitor, said.Token, err = account.Enter(r.Context(), charla.Entry{Name: said.Name, Email: said.Name + "@example.com"})
		}
		if err == nil {
			_, err = visitor.Write(r.Context(), said.Text, nil)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(said)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = desk.Run(ctx) }()
	go func() { <-ctx.Done(); pages.Close(); _ = server.Close() }()
	if err := json.NewEncoder(os.Stdout).Encode(ready{listener.Addr().String(), account.ID()}); err != nil {
		return err
	}
	return server.Serve(listener)
}
