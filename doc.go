// Package charla is a chat channel for websites, as a library: customers write,
// agents answer, and between the two stand tickets, an SLA and seven automatic
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
//	session, token, err := desk.StartSession(ctx, account.ID, charla.Entry{Name: "Carla", Email: "carla@example.com"})
//	asked, err := desk.Write(ctx, session, "Where is my order?", nil)
//	_, err = desk.Reply(ctx, charla.Person{ID: "ana", Name: "Ana"}, asked.Ref, "It left this morning.", nil)
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
// An account is one chat channel with its configuration. A customer writes in a
// session, a browser's stay. All that one customer and the agents of an account
// say is a conversation, and a ticket is one episode of it: open, ignored or
// closed. An automatic message is one that charla sends by itself.
//
// # What a desk does
//
// [Desk] is the only part that does anything.
//
//   - Accounts: [Desk.CreateAccount], [Desk.Config] and [Desk.SaveConfig], which
//     refuses a configuration with all its problems at once ([chatcfg.Problems])
//     and warns of what is legal but doubtful; pictures, [Desk.RotateSecret],
//     [Desk.DeleteAccount], [Desk.Purge].
//   - Visitors: [Desk.StartSession], [Desk.Session], [Desk.Login], [Desk.Status],
//     [Desk.Write], [Desk.Read] and [Desk.Live], [Desk.Typing], [Desk.MarkRead],
//     [Desk.File], and [Desk.Contact] for the contact form.
//   - Agents: [Desk.Reply], [Desk.Close], [Desk.Ignore], [Desk.Open],
//     [Desk.Pause], [Desk.Resume], [Desk.Mark], [Desk.Classify], [Desk.Describe],
//     and [Desk.Heartbeat], which says that they are there.
//   - Reading: [Desk.Tickets], [Desk.Messages], [Desk.LiveTicket], [Desk.Changes] for
//     an inbox, [Desk.Contacts], [Desk.Report].
//   - Why: [Desk.History] has what every rule answered to every message,
//     [Desk.Explain] says it in words, [Desk.DryRun] says what would happen.
//   - Time: [Desk.Run] lets happen what falls due and delivers the outbox. Without
//     it nothing happens by itself. E-mails go through the host's [Mailer]; without
//     one they end dead in the outbox, where [Desk.Deliveries] lists them and from
//     where [Desk.Replay] takes them again.
//   - Watching it: [Options].Observer is told what a desk does, for metrics and
//     traces, and [Desk.Lag] is how late its work is.
//
// Who is an administrator or an agent is the host's to decide: a desk believes
// its caller.
//
// # The rooms
//
//   - [chatcfg]: the configuration document, its validation and warnings, business
//     hours, values such as e-mails and RUTs.
//   - [tickets]: conversation, ticket, message, history; the transition table.
//   - [automation]: which automatic actions follow from what happened, and the
//     explanations.
//   - [storage]: the contract of a store, and the one in memory. storage/sqlite and
//     storage/postgres are modules beside it; storage/storagetest checks stores
//     that others write.
//   - widget: the chat on a page, and the HTTP handler behind it. widget/login, a
//     module: logins with Google and Facebook.
//   - automation/scenario: rules told and tested as text files.
//   - automation/mail, a module: a [Mailer] that speaks SMTP.
//   - webhook: [Options].OnEvent told to a web address.
//   - broker/nats, a module: a [Broker] over NATS.
//   - otel, a module: an [Observer] for OpenTelemetry.
//
// Arrows point down only: the first three are pure functions of values, without a
// clock, a file or a goroutine.
//
// # The one road
//
// Every change of a conversation takes the same road: load it, decide, commit one
// batch, and signal that there is news. The decision is a pure function of the
// state, the command, the time, one random number, who is available and the
// configuration. If somebody else was quicker, it is taken again on the new
// state. So a text and what caused it are stored together or not at all, and a
// deadline is decided on the ticket as it is then, not as it was when it began.
//
// Deadlines are not timers: each conversation's next one is a column in the store,
// written in the same commit. Whichever process runs claims what is due. What fell
// due while nothing ran happens at the start, as of the time at which it was due.
//
// # Promises
//
//   - A call that returned nil is durable, on a durable store. One that failed did
//     nothing, or is [ErrOutcomeUnknown].
//   - A changing call with a key ([CallOptions]) can be repeated: it answers as
//     before and does nothing.
//   - Changes and automatic messages happen exactly once in the store, whatever
//     crashes, with any number of desks on it, and when a clock steps back.
//   - What leaves the system goes through the outbox. Events ([Options].OnEvent)
//     are told at least once. An e-mail is tried again only if the server certainly
//     did not take it; otherwise it is left to the host ([Desk.Deliveries],
//     [Desk.Replay]).
//   - Streams are in order and without a gap, and go on from any message.
//   - Nothing waits without a bound: what is too much fails with [ErrBusy].
//
// # Errors
//
// Wrong input is [chatcfg.Problems], with a path, a code and a text in Spanish,
// English or Portuguese for each. What a ticket's state does not allow is
// [tickets.ErrTransition]. The rest are this package's variables. Use errors.Is
// and errors.As.
//
// # Testing
//
// [Options] take the clock and the entropy. With a clock that stands still, such
// as github.com/benbjohnson/clock's mock, and [Desk.RunDue] in place of
// [Desk.Run], a test moves time by hand and nothing runs beside it:
//
//	mock := clock.NewMock()
//	desk, err := charla.New(storage.NewMemory(), &charla.Options{Clock: mock, HeartbeatTTL: -1})
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
