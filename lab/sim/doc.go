// Package sim proves charla's core by simulation: two to five desks on one store,
// with every choice of the world (who runs next, what fails, what time it is) taken
// by one schedule from one seed. It is test-only; nothing imports it.
//
//	make sim SEEDS=1000                 # the memory store
//	make sim SEEDS=50 STORE=sqlite      # real databases, postgres too
//	make sim SEEDS=1 SEED=1111 TRACE=1  # one seed again, with what happens in it
//	make mutants                        # do planted bugs show?
//
// # One schedule
//
// Each call of a desk runs on a goroutine of its own, but only one runs at a time.
// Every call of the store, the mailer and the hook is a yield point ([through]): the
// goroutine parks, and the schedule ([World.step]) later lets it go on with a
// verdict: carry it out, fail before or after it, conflict, carry it out but linger,
// or crash. A goroutine may also wait for what the simulation does not see: at the
// desk's gate for a conversation, for a timer, for news. So the schedule runs in a
// testing/synctest bubble, and synctest.Wait says when everybody is parked or
// waiting. The bubble's own time stands still; desks read [deskClock].
//
// A run is a [Spec]: a seed that makes the world, and a list of steps. Each step has
// a seed from which all of its choices come, so that a step can be left out and the
// others mean nearly the same. [Shrink] uses that: it drops steps, and then the
// faults of single steps, while the run still fails in the same way. What is left is
// a file in testdata/regress, which the tests replay. Steps are choices among what
// there is, so when the simulation itself changes an old file becomes just another
// run; it costs nothing to keep.
//
// The trace of a run is hashed. Tests run seeds twice and compare. What could differ:
// a map's order in a decision, a select with two ready cases, a goroutine that the
// schedule does not own.
//
// # What happens
//
// Steps let a parked call go on (most of them), start a call, let time pass, or end
// and start desks; see schedule.go. Visitors enter, log in, leave, write, repeat
// themselves with the same key while or after a call whose outcome they do not know, and
// use a key that was used for something else;
// agents do all that R3.3 knows, with and without effect, and take the next ticket; heartbeats come and run
// out; administrators change everything in a configuration at any time, delete
// accounts and purge them, rotate secret tokens and change pictures; readers follow
// streams, feeds and inboxes, sessions across their login and end, and search; dry runs go
// before the real thing; somebody probes with
// another account's identifiers. Time moves by microseconds or by a day, often to
// where a deadline is for one desk, exactly or beside it, and then somebody acts
// there. Clocks differ and step back, by hours, days and years, and for weeks nobody comes. Desks crash at any yield point, alone or all
// together for hours, and then a store that lasts is closed and opened again; on some seeds certain deliveries crash the process that makes them.
//
// Then comes a quiet phase (quiet.go): no more faults, every page follows again what it
// followed, every request with an unknown outcome is repeated, and time goes on until
// nothing is due.
//
// # What must hold
//
// The model (model.go, oracle.go, hours.go, outbox.go) is the other half: a second
// account of the rules, written from the specification and sharing no code with the
// library but types. It does not look at what desks say. It is shown what really
// reached the store, reads it back, and checks it by the rules at once:
//
//   - sequences and entries without a gap; no message without an entry that explains
//     it, and none more than the rules want, so at most one for each rule and cause,
//     and automatic ones trigger nothing (conv.go, follows)
//   - transitions of R3.3 only, one ticket not closed, one conversation for an
//     identity (oracle.go, apply; conv.go, compare)
//   - deadlines are carried out as of the instant at which they were due, first, in order, and
//     never over what somebody said at the same instant; the next deadline is the one
//     that the store was told (conv.go, follows and compare)
//   - every field of a message, a ticket and a conversation is what the rules and what was
//     asked for make of it: level, agent, name, session, instants, typification, metadata,
//     what is known of the customer, what rules remember (fields.go)
//   - an automatic message is one of its action's texts, in the visitor's language or what
//     comes next (conv.go, text)
//   - read marks only rise, never beyond the last message, and lists count what is unread
//     by them (marks.go)
//   - figures of a report over any period, and of its groups (report.go)
//   - who takes the next ticket gets one that fits and that waited longest, but for those that
//     others have in hand, and is told that there is none only where there is none (next.go)
//   - out of hours by an oracle that looks at each minute by its wall time (hours.go)
//   - nothing decided under an older configuration lands after a save, nothing at all
//     after a deletion (conv.go, committed; outbox.go)
//   - an outbox row for each cause and none besides; no mail taken twice; attempts
//     bounded; every row ends sent, dead or unknown (outbox.go)
//   - what was acknowledged is in the log once, what was refused is not, and a
//     repeated request answers as before (people.go, answered and ledger)
//   - a key used again for something else, by whom it belongs to, is refused and changes
//     nothing, before a login and after it; anybody else's same key is another (keys.go)
//   - streams yield the log, feeds skip nothing, inboxes end up with the latest ticket of
//     every conversation, sessions read only what is theirs (read.go)
//   - a dry run changes nothing, and says what then happens, where nothing came between;
//     every entry can be explained; a search finds exactly what was said; an identity
//     is verified by the tokens that hold then, a picture is the last one (look.go)
//   - nothing that landed is ever different later
//     (quiet.go, last)
//
// The texts that an action chooses from are chosen evenly, over a whole run of seeds
// (harness.go, uniform).
//
// # What it cannot see
//
// Durability (a crash here loses the desk, not the disk), data races (the calls take
// turns; use go test -race elsewhere), the order of goroutines between two yield
// points, the wording of mails, and pages beyond the first few hundred rows.
//
// # Mutants
//
// The command mutants plants bugs in copies of the sources, by -overlay, and demands
// that each is found. A new rule comes with a mutant in the table; one that
// survives means that an invariant is missing here.
package sim
