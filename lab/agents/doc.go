// Command agents shows what a team costs: a process with the console on SQLite, agents who
// each follow all events by one stream of the API and work off the tickets that come in. It
// prints how long their calls took, how long a customer's word was on its way to them, and
// the memory of the process. It fails if a call fails, or if a stream misses a ticket.
//
//	go run ./lab/agents -agents 50 -tickets 2000 -for 5m
package main
