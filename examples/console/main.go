// Console is a host that mounts the agents' console with its own login, and beside it a front
// end of its own on the console's API: a page that lists the open tickets of all accounts
// live, opens one and replies.
//
//	go run ./examples/console [-addr localhost:8096]
//
// It prints the addresses of two chats, and a password for any name. front.html and front.js
// are the part to take from. What it stores is in memory.
package main

import (
	"context"
	"embed"
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
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/widget"
)

//go:embed front.html front.js
var files embed.FS

func main() {
	addr := flag.String("addr", "localhost:8096", "the `address` to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", *addr)
	if err == nil {
		err = run(ctx, listener, os.Stdout)
	}
	if err != nil {
		log.Fatal("console: ", err)
	}
}

// run serves until ctx ends, and prints on out where.
func run(ctx context.Context, listener net.Listener, out io.Writer) error {
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	host := "localhost:" + port
	desk, err := charla.New(storage.NewMemory(), nil)
	if err != nil {
		return err
	}
	chat, err := widget.New(desk, &widget.Options{BaseURL: "http://" + host + "/chat/"})
	if err != nil {
		return err
	}
	mux, logins := http.NewServeMux(), newLogins()
	agents, err := console.New(desk, logins.who, &console.Options{Login: "/login", Logout: "/logout"})
	if err != nil {
		return err
	}
	mux.Handle("/desk/", http.StripPrefix("/desk", agents))
	mux.Handle("/chat/", chat)
	own := http.NewCrossOriginProtection() // of what is the host's own; the chat's pages are anybody's
	mux.Handle("/login", own.Handler(http.HandlerFunc(logins.login)))
	mux.Handle("POST /logout", own.Handler(http.HandlerFunc(logins.logout)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "front.html") })
	mux.HandleFunc("GET /front.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "front.js") })

	for _, name := range []string{"Tienda", "Taller"} {
		account, _, err := desk.CreateAccount(ctx, name, host, nil)
		if err != nil {
			return err
		}
		info, err := account.Info(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "The chat of %s: http://%s/chat/page/%s\n", name, host, info.Key)
	}
	fmt.Fprintf(out, "The agents' page: http://%s/\nTheir password: %s\n", host, logins.password)

	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	server.RegisterOnShutdown(func() { chat.Close(); agents.Close() })
	running, stopRun := context.WithCancel(context.WithoutCancel(ctx))
	ran, served := make(chan error, 1), make(chan error, 1)
	go func() { ran <- desk.Run(running) }()
	go func() { served <- server.Serve(listener) }()
	<-ctx.Done()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = server.Shutdown(last) // streams end, what else is under way finishes
	stopRun()
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	if ended := <-ran; !errors.Is(ended, context.Canceled) {
		err = errors.Join(err, ended)
	}
	return err
}
