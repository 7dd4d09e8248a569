// Shards is charla on several databases, each with the whole of some accounts: what a
// host does when one database is no longer enough.
//
//	go run ./examples/shards one.db two.db
//
// It makes an account in the last of these SQLite files at each start, and prints the
// address of its chat. Control-C ends it.
//
// A visitor's request goes to the database that has its account, by the public key in
// its path; the service's own calls by the account's ID. New accounts are made in the
// last database, so that one more is taken into use by naming it. With PostgreSQL it is
// the same: storage/postgres's Open in place of storage/sqlite's.
//
// Accounts do not move: charla has no tool that takes one from a database to another.
// Social logins, whose way back names no account, need a handler and a BaseURL for each
// database.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/widget"
)

// base is where the chat is on the server.
const base = "/chat/"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", "localhost:8090")
	if err == nil {
		err = run(ctx, listener, os.Args[1:], os.Stdout)
	}
	if err != nil {
		log.Fatal("shards: ", err)
	}
}

// run serves on a listener until ctx ends, which is no error.
func run(ctx context.Context, listener net.Listener, files []string, out io.Writer) error {
	defer listener.Close()
	if len(files) == 0 || strings.HasPrefix(files[0], "-") {
		return errors.New("usage: shards FILE [FILE…]: the SQLite files, which are made if they are not there")
	}
	var stores []storage.Store
	for _, file := range files {
		store, err := sqlite.Open(file, nil)
		if err != nil {
			return err
		}
		stores = append(stores, store)
	}
	address := listener.Addr().String()
	s, err := open(stores, nil, &widget.Options{BaseURL: "http://" + address + base})
	defer func() { _ = s.close() }()
	if err != nil {
		return err
	}
	account, _, err := s.newest().CreateAccount(ctx, "Tienda", address, nil)
	if err != nil {
		return err
	}
	info, err := account.Info(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "The chat of a new account in %s: http://%s%spage/%s\n", files[len(files)-1], address, base, info.Key)

	mux := http.NewServeMux()
	mux.Handle(base, s)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	server.RegisterOnShutdown(s.end)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	s.run(ctx)
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(soon); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
