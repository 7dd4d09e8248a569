// Bot answers customers' first questions by itself, as an automated colleague of the
// agents: what it does not know it leaves to them.
//
//	go run ./examples/bot
//
// It plays a short conversation in memory. bot.go is the part to take from.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
)

const hours = "We are here from Monday to Friday, 9:00 to 18:00."

var known = [][2]string{
	{"hours", hours},
	{"order", "Please tell me the number of your order; a colleague looks it up."},
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// run has a customer ask and prints the conversation until the bot has answered.
func run(ctx context.Context) error {
	desk, err := charla.New(storage.NewMemory(), nil)
	if err != nil {
		return err
	}
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", nil)
	if err != nil {
		return err
	}
	carla, _, err := account.Enter(ctx, charla.Entry{Name: "Carla", Email: "carla@example.com"})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- newBot(account, known).run(ctx) }()
	defer func() { stop(); log.Println("the desk stopped:", <-done) }()

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
