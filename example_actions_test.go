package charla_test

import (
	"context"
	"fmt"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// The automatic actions, each in the smallest shop that shows it.

// newCustomer answers the first message ever of a customer.
func Example_newCustomer() {
	s := open(func(c *chatcfg.Config) {
		c.Automation.NewCustomer = text("Welcome to {account}, {customer|friend}!")
	})
	ref := s.says("hello")
	s.says("anybody there?")
	s.print(ref)
	// Output:
	// customer: hello
	// newCustomer: Welcome to Tienda, Carla!
	// customer: anybody there?
}

// ticketCreated answers whatever creates a ticket: a customer who comes back
// after a close, too.
func Example_ticketCreated() {
	s := open(func(c *chatcfg.Config) { c.Automation.TicketCreated = text("We opened a ticket for you.") })
	ref := s.says("hello")
	must(s.account.Agent(ana).Do(context.Background(), ref, tickets.Command{Kind: tickets.CommandClose}, nil))
	s.says("hello again")
	s.print(ref)
	// Output:
	// customer: hello
	// ticketCreated: We opened a ticket for you.
	// customer: hello again
	// ticketCreated: We opened a ticket for you.
}

// outOfHours answers outside the business hours, once per ticket and closed
// interval.
func Example_outOfHours() {
	s := open(func(c *chatcfg.Config) {
		c.Hours = chatcfg.Hours{
			Timezone: "America/Santiago",
			Weekly: []chatcfg.Interval{
				{Day: chatcfg.Monday, Open: "10:00", Close: "18:00"},
				{Day: chatcfg.Tuesday, Open: "10:00", Close: "18:00"},
			},
		}
		c.Automation.OutOfHours = text("We are closed until {nextOpen}.")
	})
	ref := s.says("hello") // Monday, 09:00 in Santiago
	s.says("anybody there?")
	s.wait(2 * time.Hour)
	s.says("good morning")
	s.wait(8 * time.Hour)
	s.says("good evening")
	s.print(ref)
	// Output:
	// customer: hello
	// outOfHours: We are closed until Monday 5 January, 10:00.
	// customer: anybody there?
	// customer: good morning
	// customer: good evening
	// outOfHours: We are closed until Tuesday 6 January, 10:00.
}

// noAgents answers while no agent is available, once per ticket and absence.
func Example_noAgents() {
	s := open(func(c *chatcfg.Config) { c.Automation.NoAgents = text("Nobody is here right now.") })
	available := func(a tickets.Availability) {
		check(s.account.Agent(ana).Heartbeat(context.Background(), a))
	}
	ref := s.says("hello")
	s.says("anybody there?")
	available(tickets.Online)
	s.says("now?")
	available(tickets.Away)
	s.says("and now?")
	s.print(ref)
	// Output:
	// customer: hello
	// noAgents: Nobody is here right now.
	// customer: anybody there?
	// customer: now?
	// customer: and now?
	// noAgents: Nobody is here right now.
}

// manualClose is said when an agent closes.
func Example_manualClose() {
	s := open(func(c *chatcfg.Config) {
		c.Automation.ManualClose = text("{agent} closed the conversation. Goodbye, {customer}!")
	})
	ref := s.says("thank you")
	must(s.account.Agent(ana).Do(context.Background(), ref, tickets.Command{Kind: tickets.CommandClose}, nil))
	s.print(ref)
	// Output:
	// customer: thank you
	// manualClose: Ana closed the conversation. Goodbye, Carla!
}

// autoClose closes a ticket whose customer does not answer, and automaticClose
// says so. The customer's next word disarms it.
func Example_autoClose() {
	s := open(func(c *chatcfg.Config) {
		c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
	})
	ref := s.says("hello")
	s.replies(ref, "Hello! What is your order number?")
	for _, d := range []time.Duration{10*time.Minute - time.Second, time.Second} {
		s.wait(d)
		ticket := must(s.account.Inbox().Ticket(context.Background(), ref))
		fmt.Printf("%s %s %q\n", s.clock.Now().Format("15:04:05"), ticket.Status, ticket.Reason)
	}
	// Output:
	// 12:09:59 open ""
	// 12:10:00 closed "automatic"
}

// automaticClose is said when autoClose closes: one of up to three texts, chosen
// at random in the same commit.
func Example_automaticClose() {
	s := open(func(c *chatcfg.Config) {
		c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
		c.Automation.AutomaticClose = text("We close for now. Write again at any time.")
	})
	ref := s.says("hello")
	s.replies(ref, "Hello! What is your order number?")
	s.wait(10 * time.Minute)
	s.print(ref)
	// Output:
	// customer: hello
	// agent: Hello! What is your order number?
	// automaticClose: We close for now. Write again at any time.
}

// A ticket with a keyword is important, and an e-mail says so.
func Example_important() {
	s := open(func(c *chatcfg.Config) {
		c.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{"refund", "gift card", "complain*"}}
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyImportant, To: []string{"team@tienda.cl"}}
	})
	ref := s.says("My GIFT  CARD does not work, I want to complain.")
	s.wait(0)
	fmt.Println("important:", must(s.account.Inbox().Ticket(context.Background(), ref)).Important)
	for _, m := range s.mails.Mails() {
		fmt.Printf("to %s: %s\n", m.To, m.Subject)
	}
	// Output:
	// important: true
	// to team@tienda.cl: New important ticket: Carla <carla@example.com>, Tienda [cahtkxr6d1t5j-1]
}

// reminders are sent to a customer who does not answer, before the ticket closes.
func Example_reminders() {
	s := open(func(c *chatcfg.Config) {
		c.Automation.Reminders = chatcfg.Reminders{Enabled: true, Steps: []chatcfg.Reminder{
			{After: minutes(5), Messages: chatcfg.Texts("Are you still there, {customer|friend}?")},
		}}
	})
	ref := s.says("hello")
	s.replies(ref, "How can I help?")
	s.wait(5 * time.Minute)
	s.print(ref)
	// Output:
	// customer: hello
	// agent: How can I help?
	// reminders: Are you still there, Carla?
}
