// Router gives each ticket that agents have to answer to the one of them who has the fewest.
//
//	go run ./examples/router
//
// It plays some customers in memory. router.go is the part to take from.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var team = []tickets.Assignee{{Agent: "ana", Name: "Ana"}, {Agent: "eva", Name: "Eva"}, {Agent: "luis", Name: "Luis"}}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// open makes a desk on a store whose hook is a router.
func open(store storage.Store) (*charla.Desk, error) {
	r := &router{team: team}
	desk, err := charla.New(store, &charla.Options{Hooks: map[string]charla.Hook{"router": r.hear}})
	r.desk = desk
	return desk, err
}

// run has six customers write, and prints how many of them each agent got.
func run(ctx context.Context) error {
	desk, err := open(storage.NewMemory())
	if err != nil {
		return err
	}
	cfg := chatcfg.Default(chatcfg.English)
	account, _, err := desk.CreateAccount(ctx, "Shop", "shop.example", &charla.AccountOptions{Config: &cfg})
	if err != nil {
		return err
	}
	for i := range 6 {
		customer, _, err := account.Enter(ctx, charla.Entry{Name: fmt.Sprint("Customer ", i), Email: fmt.Sprintf("c%d@shop.example", i)})
		if err != nil {
			return err
		}
		if _, err := customer.Write(ctx, "Hello?", nil); err != nil {
			return err
		}
		if _, err := desk.RunDue(ctx); err != nil { // a service has [charla.Desk.Run] going
			return err
		}
	}
	for _, who := range team {
		page, err := account.Inbox().Tickets(ctx, charla.TicketQuery{Assignee: who.Agent})
		if err != nil {
			return err
		}
		fmt.Println(who.Name, len(page.Items))
	}
	return nil
}
