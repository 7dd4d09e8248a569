// Customstore runs a short conversation on a store of its own making, package
// journal, closes it, opens it again and shows that everything is still there.
//
//	go run ./examples/customstore [FILE]
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/examples/customstore/journal"
	"github.com/charlahq/charla/tickets"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "customstore:", err)
		os.Exit(1)
	}
}

// run stores a conversation in a journal, opens the journal again and prints what it
// holds.
func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		folder, err := os.MkdirTemp("", "customstore")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		args = []string{filepath.Join(folder, "chat.journal")}
	}
	ref, err := talk(ctx, args[0])
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "The store was closed. Opened again, it holds:")
	return show(ctx, args[0], ref, out)
}

// talk has a customer ask, and an agent answer and close.
func talk(ctx context.Context, file string) (ref tickets.Ref, err error) {
	store, err := journal.Open(file, nil)
	if err != nil {
		return ref, err
	}
	defer func() {
		if closed := store.Close(); err == nil {
			err = closed
		}
	}()
	desk, err := charla.New(store, nil)
	if err != nil {
		return ref, err
	}
	cfg := chatcfg.Default(chatcfg.English)
	cfg.Automation.ManualClose = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts("Thank you, {customer}. Goodbye!")}
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	if err != nil {
		return ref, err
	}
	carla, _, err := account.Enter(ctx, charla.Entry{Name: "Carla", Email: "carla@example.com"})
	if err != nil {
		return ref, err
	}
	asked, err := carla.Write(ctx, "Where is my order?", nil)
	if err != nil {
		return ref, err
	}
	ana := account.Agent(charla.Person{ID: "ana", Name: "Ana"})
	if _, err := ana.Reply(ctx, asked.Ref, "It left this morning.", nil); err != nil {
		return ref, err
	}
	_, err = ana.Do(ctx, asked.Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	return asked.Ref, err
}

// show prints a ticket and its messages.
func show(ctx context.Context, file string, ref tickets.Ref, out io.Writer) error {
	store, err := journal.Open(file, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	desk, err := charla.New(store, nil)
	if err != nil {
		return err
	}
	account := desk.Account(ref.Account)
	info, err := account.Info(ctx)
	if err != nil {
		return err
	}
	ticket, err := account.Inbox().Ticket(ctx, ref)
	if err != nil {
		return err
	}
	messages, err := account.Inbox().Messages(ctx, ref, charla.MessageQuery{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, ticket %d of %s: %s (%s)\n", info.Name, ticket.Number, ticket.Customer.Name, ticket.Status, ticket.Reason)
	for _, m := range messages.Items {
		fmt.Fprintf(out, "  %s: %s\n", m.From, m.Text)
	}
	return nil
}
