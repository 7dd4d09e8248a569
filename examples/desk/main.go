// Desk is the whole product in a browser: a shop with the chat on it, the agents'
// console, the administrator's pages and the reports, in one program on one
// SQLite file.
//
//	go run ./examples/desk [-addr localhost:8080] [-db desk.db] [-base URL] [-proxies NETS] [-demo=false]
//
// The first start makes an account "Almacén Sur" with two weeks of invented
// conversations (-demo=false: none) and prints the password of its administrator,
// who adds people and their roles at /people. They, with hashes of their passwords
// and sessions, are in FILE.people beside the database, of mode 0600. E-mails are not
// sent but shown.
//
// Behind a proxy, -base is the address that browsers see, and -proxies the networks
// that the proxy's connections come from, or all visitors count as one. With https in
// -base the session's cookie is a secure one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/examples/desk/internal/site"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "desk:", err)
		stop()
		os.Exit(1)
	}
}

// shutdownTime is how long requests that are under way may still take.
const shutdownTime = 10 * time.Second

// run serves until ctx ends, and prints on out where.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("desk", flag.ContinueOnError)
	addr := flags.String("addr", "localhost:8080", "the `address` to listen on")
	file := flags.String("db", "desk.db", "the SQLite `file`; made if it is not there")
	base := flags.String("base", "", "the `URL` by which browsers find it; default: http:// and the address")
	proxies := flags.String("proxies", "", "the `networks` of proxies, as in 127.0.0.1/32,10.0.0.0/8; their X-Forwarded-For is believed")
	demo := flags.Bool("demo", true, "begin an empty database with an invented account")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	trusted, err := networks(*proxies)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	if *base == "" {
		*base = "http://" + visible(*addr, listener.Addr())
	}
	*base = strings.TrimSuffix(*base, "/")
	if _, err := site.ParseBase(*base); err != nil {
		return err
	}

	store, err := sqlite.Open(*file, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	logger := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelInfo}))
	mailbox := &site.Mailbox{Logger: logger}
	attachments, err := charla.NewFileDir(*file + ".files")
	if err != nil {
		return err
	}
	book, err := site.OpenBook(*file + ".people")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	desk, err := charla.New(store, &charla.Options{
		Mailer: mailbox, Logger: logger, Files: &charla.FileOptions{Store: attachments},
		Abilities: &chatcfg.Abilities{Logins: []string{}}, Observer: &charla.Observer{Security: book.Security},
		TicketURL: func(ref tickets.Ref) string { return console.TicketURL(*base+"/desk/", ref) },
	})
	if err != nil {
		return err
	}
	chat, err := widget.New(desk, &widget.Options{BaseURL: *base + "/chat/", Logger: logger, TrustedProxies: trusted})
	if err != nil {
		return err
	}
	if *demo {
		if err := site.Demo(ctx, store, mailbox, *base, desk.Now()); err != nil {
			return err
		}
	}
	pages, password, err := site.New(desk, site.Options{
		Base: *base, Book: book, Mailbox: mailbox, Widget: chat, Logger: logger, Proxies: trusted,
	})
	if err != nil {
		return err
	}

	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	group.Go(func() { _ = desk.Run(work) }) // deadlines and e-mails
	defer func() { stop(); group.Wait() }()

	server := &http.Server{
		Handler: pages, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		// Streams, and what the widget takes, set their own times.
		ReadTimeout: 2 * time.Minute, WriteTimeout: 2 * time.Minute,
		// "Too many open files" is said here and nowhere else.
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	server.RegisterOnShutdown(func() { pages.Close(); chat.Close() })
	fmt.Fprintf(out, "\n  Shop      %s/\n  Agents    %s/desk/\n  Accounts  %s/desk/channels\n", *base, *base, *base)
	if password != "" {
		fmt.Fprintf(out, "\n  Log in as %s\n  Password  %s\n  It is shown this once; remove %s.people to get another.\n", site.FirstPerson, password, *file)
	}
	fmt.Fprintln(out)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	fmt.Fprintln(out, "Closing…")
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// networks reads a list of networks between commas.
func networks(list string) (nets []netip.Prefix, err error) {
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		p, err := netip.ParsePrefix(one)
		if err != nil {
			return nil, fmt.Errorf("-proxies: %w", err)
		}
		nets = append(nets, p)
	}
	return nets, nil
}

// visible returns an address as a browser on this machine can use it.
func visible(flagged string, actual net.Addr) string {
	host, _, err := net.SplitHostPort(flagged)
	_, port, err2 := net.SplitHostPort(actual.String())
	if err != nil || err2 != nil {
		return flagged
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if port == "80" {
		return host
	}
	return net.JoinHostPort(host, port)
}
