// Agents is an agents' inbox in one's own service, as JSON and server-sent events:
//
//	go run ./examples/agents [-addr localhost:8095] [-db agents.db]
//
// It prints the address of a chat and a password. Write there as a customer, then be an
// agent:
//
//	curl -u ana:PASSWORD 'localhost:8095/agents/tickets?status=open&limit=20'
//	curl -u ana:PASSWORD localhost:8095/agents/tickets/CONVERSATION/messages
//	curl -u ana:PASSWORD -d text=Hello -d key=1 localhost:8095/agents/tickets/CONVERSATION/replies
//	curl -u ana:PASSWORD -X POST localhost:8095/agents/tickets/CONVERSATION/close
//	curl -u ana:PASSWORD -N localhost:8095/agents/live
//
// agents.go is the part to take from. The login is the host's own; here it is a name and
// one password.
package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
)

func main() {
	addr := flag.String("addr", "localhost:8095", "the `address` to listen on")
	file := flag.String("db", "agents.db", "the SQLite `file`; made if it is not there")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", *addr)
	if err == nil {
		err = run(ctx, listener, visible(*addr, listener.Addr()), *file, os.Stdout)
	}
	if err != nil {
		log.Fatal("agents: ", err)
	}
}

// visible returns the host of an address as it was given, where pages will be, and the port
// of the one that is listened on.
func visible(given string, listened net.Addr) string {
	host, _, _ := net.SplitHostPort(given)
	_, port, _ := net.SplitHostPort(listened.String())
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// run serves at a host with a port until ctx ends, and prints on out where.
func run(ctx context.Context, listener net.Listener, host, file string, out io.Writer) (err error) {
	defer listener.Close()
	store, err := sqlite.Open(file, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	desk, err := charla.New(store, nil)
	if err != nil {
		return err
	}
	account, err := first(ctx, desk, host)
	if err != nil {
		return err
	}
	chat, err := widget.New(desk, &widget.Options{BaseURL: "http://" + host + "/chat/"})
	if err != nil {
		return err
	}
	password := rand.Text()
	agents := &console{account: desk.Account(account.ID), who: basic(password), writeTimeout: 10 * time.Second}

	mux := http.NewServeMux()
	mux.Handle("/chat/", chat)
	mux.Handle("/agents/", http.StripPrefix("/agents", agents.handler()))
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	running, stopRun := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRun()
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return streams },
	}
	server.RegisterOnShutdown(func() { chat.Close(); endStreams() })
	fmt.Fprintf(out, "The chat: http://%s/chat/page/%s\nThe agents' password: %s\n", host, account.Key, password)
	ran, served := make(chan error, 1), make(chan error, 1)
	go func() { ran <- desk.Run(running) }()
	go func() { served <- server.Serve(listener) }()
	<-ctx.Done()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = server.Shutdown(last) // streams end, what else is under way finishes
	stopRun()
	_, _ = <-served, <-ran
	return err
}

// first returns the account of the database; it makes one if there is none.
func first(ctx context.Context, desk *charla.Desk, domain string) (charla.AccountInfo, error) {
	list, err := desk.Accounts(ctx, charla.AccountQuery{Hidden: true})
	if err != nil {
		return charla.AccountInfo{}, err
	}
	if len(list.Items) > 0 {
		return list.Items[0], nil
	}
	account, _, err := desk.CreateAccount(ctx, "Tienda", domain, nil)
	if err != nil {
		return charla.AccountInfo{}, err
	}
	return account.Info(ctx)
}

// basic returns a login by any name and a password.
func basic(password string) func(*http.Request) (charla.Person, error) {
	return func(r *http.Request) (charla.Person, error) {
		name, given, _ := r.BasicAuth()
		if name == "" || subtle.ConstantTimeCompare([]byte(given), []byte(password)) != 1 {
			return charla.Person{}, errors.New("a name and the password, please")
		}
		return charla.Person{ID: tickets.AgentID(name), Name: name}, nil
	}
}
