// First is the program of the README.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage/sqlite"
)

func main() {
	if err := run(context.Background(), "chat.db"); err != nil {
		log.Fatal(err)
	}
}

// run has a customer ask and an agent answer, and prints both messages.
func run(ctx context.Context, file string) error {
	store, err := sqlite.Open(file, nil) // or storage.NewMemory()
	if err != nil {
		return err
	}
	defer store.Close()
	desk, err := charla.New(store, nil)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- desk.Run(ctx) }() // deadlines and e-mails, until ctx ends
	defer func() { stop(); log.Println("the desk stopped:", <-done) }()

	// An account: one chat channel and its rules; the next run finds it by its ID.
	id, err := chatcfg.ParseAccountID("019a3c5e-7d10-7b6a-9c42-5f0e8d21a764")
	if err != nil {
		return err
	}
	rules, err := chatcfg.Decode([]byte(`{
		"quality":    {"sla": {"value": 5, "unit": "minutes"}},
		"automation": {"newCustomer": {"enabled": true, "messages": ["Welcome, {customer}!"]}},
		"chat":       {"locale": "en"}
	}`))
	if err != nil {
		return err
	}
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{ID: id, Config: &rules})
	if err != nil {
		return err
	}

	// A customer asks, an agent answers.
	carla, _, err := account.Enter(ctx, charla.Entry{Name: "Carla", Email: "carla@example.com"})
	if err != nil {
		return err
	}
	asked, err := carla.Write(ctx, "Where is my order?", nil)
	if err != nil {
		return err
	}
	ana := account.Agent(charla.Person{ID: "ana", Name: "Ana"})
	if _, err := ana.Reply(ctx, asked.Ref, "It left this morning.", nil); err != nil {
		return err
	}

	messages, err := carla.Messages(ctx, charla.MessageQuery{}) // the first page
	if err != nil {
		return err
	}
	for _, m := range messages.Items {
		fmt.Printf("%s: %s\n", m.From, m.Text)
	}
	return nil
}
