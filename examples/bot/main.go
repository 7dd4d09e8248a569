// Bot answers customers' first questions by itself, as an automated colleague of the
// agents: what it does not know it hands over to them, and so does its silence.
//
//	go run ./examples/bot
//
// It plays a short conversation in memory. bot.go is the part to take from.
package main

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

const hours = "We are here from Monday to Friday, 9:00 to 18:00."

// known returns the answer to a question; empty: it is none of the few that are known.
func known(question string) string {
	if strings.Contains(strings.ToLower(question), "hours") {
		return hours
	}
	return ""
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// open makes a desk in memory with one account, whose tickets begin with the bot.
func open(ctx context.Context) (*charla.Desk, *charla.Account, error) {
	desk, err := charla.New(storage.NewMemory(), nil)
	if err != nil {
		return nil, nil, err
	}
	cfg := chatcfg.Default(chatcfg.English)
	cfg.General.Bot.Enabled = true
	account, _, err := desk.CreateAccount(ctx, "Shop", "shop.example", &charla.AccountOptions{Config: &cfg})
	return desk, account, err
}

// run has a customer ask and prints the conversation until the bot has answered.
func run(ctx context.Context) error {
	_, account, err := open(ctx)
	if err != nil {
		return err
	}
	carla, _, err := account.Enter(ctx, charla.Entry{Name: "Carla", Email: "carla@example.com"})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- serve(ctx, account, known) }()
	defer func() { stop(); log.Println("the bot stopped:", <-done) }()

	if _, err := carla.Write(ctx, "What are your hours?", nil); err != nil {
		return err
	}
	for update, err := range carla.Live(ctx, 0, 0) {
		if err != nil {
			return err
		}
		if m := update.Message; m != nil {
			fmt.Printf("%s: %s\n", m.From, m.Text)
			if m.Text == hours {
				break
			}
		}
	}
	return nil
}
