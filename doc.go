// Package charla is a chat channel for websites, as a library: customers write,
// agents answer, and between the two stand tickets, an SLA and eight automatic
// actions. A service imports it, hands it a store, and puts its own pages, users
// and e-mail around it.
//
//	store, err := sqlite.Open("chat.db", nil)
//	...
//	desk, err := charla.New(store, &charla.Options{Mailer: mailer})
//	...
//	ctx, stop := context.WithCancel(ctx)
//	done := make(chan error)
//	go func() { done <- desk.Run(ctx) }() // deadlines and e-mails, until ctx ends
//	defer func() { stop(); <-done; store.Close() }()
//
//	account, secret, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", nil)
//	carla, token, err := account.Enter(ctx, charla.Entry{Name: "Carla", Email: "carla@example.com"})
//	asked, err := carla.Write(ctx, "Where is my order?", nil)
//	ana := account.Agent(charla.Person{ID: "ana", Name: "Ana"})
//	_, err = ana.Reply(ctx, asked.Ref, "It left this morning.", nil)
//
// A store is closed after Run has returned: Run finishes what is under way. The
// program examples/first does just that, examples/quickstart is a whole channel in
// a terminal, and examples/desk one in a browser: package widget puts the chat on
// a page.
//
// R4.2 and the like, wherever they stand in the documentation, are rules of
// docs/SPEC.md, and so is "SPEC section 4".
//
// # Words
//
// An account is one chat channel with its configuration. A visitor is somebody on
// a page, with a session: a browser's stay. Who writes is a customer. All that one
// customer and the agents of an account say is a conversation, and a ticket is one
// episode of it: open, ignored or closed. An automatic message is one that charla
// sends by itself.
//
// # Handles
//
// A [Desk] is charla on a store. Everything of one account goes through its
// handles, one for each role. A handle is made without I/O, is safe for concurrent
// use, and may be kept or made again for each request. Nothing of another account
// is reachable through it: a foreign ticket is [ErrNotFound].
//
//   - [Account]: settings. [Account.Config] and [Account.SaveConfig], which refuses
//     a configuration with all its problems at once ([chatcfg.Problems]) and warns of
//     what is legal but doubtful; pictures, [Account.RotateSecret],
//     [Account.EndSessions], [Account.Delete].
//   - [Visitor]: what a session may see and do. [Account.Enter] lets somebody in and
//     returns a [Token] for their browser; [Account.Visitor] makes the handle of a
//     token. Every call checks the token with what it loads; one that does not hold
//     is [ErrSession]. An empty token is a stranger's, who may ask for
//     [Visitor.Status] and send a contact form.
//   - [Agent]: who answers. [Account.Agent] makes the handle of a [Person] of the
//     host's; [Agent.Reply] answers, [Agent.Do] closes, ignores, opens, pauses, marks
//     and classifies, [Agent.Heartbeat] says that they are there.
//   - [Inbox]: what agents read. [Account.Inbox] has lists, conversations, files,
//     customers, contact forms and reports.
//
// Who is an administrator or an agent is the host's to decide: charla believes its
// caller. The desk itself has what is about all accounts: [Desk.CreateAccount],
// [Desk.Accounts], the outbox ([Desk.Deliveries], [Desk.Replay]), [Desk.Purge], and
// the time.
//
// # Reading
//
// A list is a [Page]: its Next, as the Cursor of the same query, continues it.
// [Inbox.Tickets] lists what a screen of tickets shows, [Inbox.Messages] and
// [Visitor.Messages] a conversation, as each may see it.
//
// What a screen shows live is a range over updates, which ends with the context:
//
//	for row, err := range account.Inbox().Live(ctx, cursor, 20*time.Second) {
//		...
//	}
//
// [Inbox.Live] yields tickets as they change, [Inbox.Follow] and [Visitor.Live] one
// conversation with typing, marks and colleagues. Each says when it has yielded all that is
// stored, and can go on, in any process, from a cursor or a sequence that it yielded
// before. It reads only when the range asks for more, so a slow reader slows nobody
// else. examples/agents serves an inbox so, as JSON and server-sent events;
// examples/bot is an automated colleague, examples/router assigns.
//
// [Inbox.History] has what every rule answered to every message, [Inbox.Explain]
// says it in words, [Visitor.DryRun] and [Inbox.DryRun] say what would happen.
//
// # Time
//
// [Desk.Run] carries out deadlines and delivers the outbox. Without it nothing
// happens by itself. E-mails go through the host's [Mailer]; without one they end
// dead in the outbox, where [Desk.Deliveries] lists them and from where
// [Desk.Replay] takes them again. [Options].Observer is told what a desk does, for
// metrics and traces, and [Desk.Lag] is how late its work is.
//
// Deadlines are not timers: each conversation's next one is a column in the store,
// written in the same commit. Whichever process runs claims what is due. Deadlines
// while nothing ran are carried out at the start, as of the time at which they were due.
//
// # How a change happens
//
// Every change of a conversation goes the same way: load it, decide, commit one
// batch, and signal that there is news. The decision is a pure function of the
// state, the command, the time, one random number, who is available and the
// configuration. If another change was committed meanwhile, it is taken again on
// the new state. So a text and what follows from it are stored together or not at
// all, and a deadline is decided on the ticket's state at the time it is carried out.
//
// # Promises
//
//   - A call that returned nil is durable, on a durable store. One that failed did
//     nothing, or is [ErrOutcomeUnknown].
//   - A changing call with a key ([CallOptions], [WriteOptions]) can be repeated: it
//     answers as before and does nothing.
//   - Changes and automatic messages happen exactly once in the store, whatever
//     crashes, with any number of desks on it, and when a clock steps back.
//   - What leaves the system goes through the outbox. Hooks ([Options].Hooks) are
//     told at least once. An e-mail is tried again only if the server certainly did
//     not take it; otherwise it is left to the host ([Desk.Deliveries],
//     [Desk.Replay]).
//   - Streams are in order and without a gap, and go on from any message.
//   - Nothing waits without a bound: what is too much fails with [ErrBusy].
//
// # Errors
//
// Wrong input is [chatcfg.Problems], with a path, a code and a text in Spanish,
// English or Portuguese for each. What a ticket's state does not allow is
// [tickets.ErrTransition]; package tickets has others. The rest are this package's
// variables. Use errors.Is and errors.As. A handler needs no list of them:
//
//	var problems chatcfg.Problems
//	var refusal chatcfg.Refusal // as all errors by which something is refused are
//	switch {
//	case errors.Is(err, charla.ErrNotFound): // 404
//	case errors.As(err, &problems):          // 422
//	case errors.As(err, &refusal):           // 409: nothing was done
//	case errors.Is(err, charla.ErrBusy):     // 503: nothing was done, try again
//	default:                                 // 500: try again with the same key
//	}
//
// # Packages
//
//   - [chatcfg]: the configuration document, its validation and warnings, business
//     hours, values such as e-mails and RUTs.
//   - [tickets]: conversation, ticket, message, history; the transition table.
//   - [automation]: which automatic actions follow from what happened, and the
//     explanations.
//   - [storage]: the contract of a store, and the one in memory. storage/sqlite and
//     storage/postgres are modules beside it; storage/kv is a store on any ordered
//     key-value database, by seven methods; storage/storagetest checks stores that
//     others write.
//   - console, a module of its own: the agents' and administrators' pages, with the
//     host's login.
//   - widget: the chat on a page, and the HTTP handler behind it. widget/login, a
//     module: logins with Google and Facebook.
//   - automation/scenario: rules told and tested as text files.
//   - automation/mail, a module: a [Mailer] that speaks SMTP.
//   - webhook: a hook that posts to a web address.
//   - broker/nats, a module: a [Broker] over NATS.
//   - otel, a module: an [Observer] for OpenTelemetry.
//
// Imports point down only: the first three are pure functions of values, without a
// clock, a file or a goroutine.
//
// # Testing
//
// A test controls time in one of two ways. Inside a bubble of
// testing/synctest time passes at once when everything waits, for charla's default
// clock, too: [Desk.Run], streams and timeouts run as they do in production, and a
// store in memory is all that they need.
//
//	synctest.Test(t, func(t *testing.T) {
//		desk, err := charla.New(storage.NewMemory(), nil)
//		...
//		ctx, stop := context.WithCancel(t.Context())
//		go desk.Run(ctx)
//		time.Sleep(10 * time.Minute) // takes no time
//		synctest.Wait()
//		...
//		stop()
//	})
//
// Outside of one, [Options] take the clock and the entropy. With a clock that stands
// still, such as github.com/benbjohnson/clock's mock, and [Desk.RunDue] in place of
// [Desk.Run], a test moves time by hand and nothing runs beside it; that also works
// with databases and sockets, which a bubble cannot wait for:
//
//	mock := clock.NewMock()
//	desk, err := charla.New(store, &charla.Options{Clock: mock, HeartbeatTTL: -1})
//	...
//	mock.Add(10 * time.Minute)
//	_, err = desk.RunDue(ctx)
//
// [Outgoing] is a mailer that keeps its mails. Rules are best told as scenario
// files, which package automation/scenario plays in a test:
//
//	customer juan says "hola"
//	agent ana replies juan "¿en qué ayudo?"
//	wait 10m
//	expect juan closed automatic
package charla
