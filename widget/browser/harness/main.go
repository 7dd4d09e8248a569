// Command harness is what the browser tests talk to: the widget's handler on a
// desk on SQLite, pages of a host on another origin, and a control by which a test
// configures accounts and acts as their agents. It prints its three addresses as
// one line of JSON and serves until it is killed; started again with the same
// flags it goes on, as a restarted service would.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/widget"
)

func main() {
	dir := flag.String("dir", "", "folder of the database and the attachments")
	chat := flag.String("chat", "127.0.0.1:0", "address of the widget's server")
	host := flag.String("host", "127.0.0.1:0", "address of the host's pages")
	control := flag.String("control", "127.0.0.1:0", "address of the control")
	public := flag.String("public", "", "address by which browsers reach the widget's server, if a proxy's")
	hijack := flag.Bool("hijack", false, "serve streams on hijacked connections")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *dir, [3]string{*chat, *host, *control}, *public, *hijack); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// run serves chat, host page and control at three addresses until ctx ends or one fails.
func run(ctx context.Context, dir string, addresses [3]string, public string, hijack bool) error {
	store, err := sqlite.Open(dir+"/charla.db", nil)
	if err != nil {
		return err
	}
	defer store.Close()
	files, err := charla.NewFileDir(dir + "/files")
	if err != nil {
		return err
	}
	defer files.Close()
	mails := &charla.Outgoing{}
	desk, err := charla.New(store, &charla.Options{Mailer: mails, Files: &charla.FileOptions{Store: files}})
	if err != nil {
		return err
	}
	var listeners [3]net.Listener
	for i, address := range addresses {
		if listeners[i], err = net.Listen("tcp", address); err != nil {
			return err
		}
	}
	if public == "" {
		public = listeners[0].Addr().String()
	}
	w := &world{desk: desk, mails: mails, base: "http://" + public + "/chat/"}
	much := widget.Rate{PerSecond: 1000, Burst: 10000} // the tests are one address
	handler, err := widget.New(desk, &widget.Options{
		BaseURL: w.base, Streams: widget.StreamOptions{Hijack: hijack},
		Limits: widget.Limits{Address: much, Session: much, Message: much, Entry: much},
		Logins: []widget.Login{
			provider{"google", "http://" + listeners[2].Addr().String()},
			provider{"facebook", "http://" + listeners[2].Addr().String()},
		},
	})
	if err != nil {
		return err
	}
	if w.console, err = console.New(desk, w.people.who, &console.Options{Login: "/login", WidgetURL: w.base, Colleagues: w.people.colleagues}); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/chat/", handler)
	errs := make(chan error, 4)
	go func() { errs <- desk.Run(ctx) }()
	for i, h := range []http.Handler{mux, w.pages(), w.control()} {
		server := &http.Server{Handler: h, ErrorLog: log.Default(), ReadHeaderTimeout: time.Minute}
		defer server.Close()
		go func() { errs <- server.Serve(listeners[i]) }()
	}
	line, err := json.Marshal(map[string]string{
		"chat": "http://" + listeners[0].Addr().String() + "/chat/", "host": "http://" + listeners[1].Addr().String(), "control": "http://" + listeners[2].Addr().String(),
	})
	if err != nil {
		return err
	}
	if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
		return err
	}
	select {
	case err = <-errs:
	case <-ctx.Done():
	}
	handler.Close()
	w.console.Close()
	return err
}
