// Package scenario plays scenario files: what an account's rules do, told so that
// an administrator can read it, and checked so that a test can run it (SPEC
// section 9). R4.2 and the like are rules of docs/SPEC.md.
//
// A file is a txtar archive: a comment that says what it shows, config.json with
// the part of the configuration that matters, and script.
//
//	A ticket that the customer abandons is closed by itself.
//	-- config.json --
//	{"automation": {"autoClose": {"enabled": true, "after": {"value": 10, "unit": "minutes"}},
//	                "automaticClose": {"enabled": true, "messages": ["Cerramos por ahora."]}}}
//	-- script --
//	at 2026-03-02 09:00
//	customer juan says "hola"
//	agent ana replies juan "¿en qué ayudo?"
//	wait 10m
//	expect juan closed automatic
//	expect juan got automaticClose
//	expect juan got nothing
//
// # Playing
//
// In a test, [Run] plays a folder of files, each as a subtest; by itself, a file
// is read by [Parse] and played by [Script.Play], whose error is a [*Failure]
// that names the line. From the command line:
//
//	go run ./examples/scenario [-store memory|sqlite|postgres] FILE...
//
// PostgreSQL is found by $CHARLA_POSTGRES or the usual PG* variables; without them
// the command starts a private server, or says what to install and exits 2.
//
// Each file has a fresh store, in memory or as [Options] say, and one account
// called "Tienda" at tienda.cl, unless config.json names it otherwise. Files are
// played on a real [charla.Desk] whose clock only statements move, and whose
// chance is seeded by the file's name, so that the same file plays alike every
// time and takes milliseconds, whatever time passes in it.
//
// # The configuration
//
// config.json is laid over the defaults; unknown keys are errors. Without it the
// defaults hold: every automatic action is off. An account without a name or
// domain in it gets the ones above.
//
// # The script
//
// One statement a line. "#" starts a comment outside double quotes; texts are Go
// strings; the names of customers (C), agents (A, D), bots (B) and teams (T) are letters,
// digits, "-" and "_". A statement ends when everything that is due up to and including the clock
// has been done, e-mails included.
//
//	at DATE HH:MM[:SS]          moves the clock there, in the zone of the hours (else
//	                            UTC), carrying out deadlines on the way; never back. A
//	                            time that exists twice is the first; one that does not
//	                            exist fails. A script starts at 2026-01-05 12:00.
//	wait DURATION               the same, by a duration such as 90s, 1h30m or 2d
//	agent A online|away|offline says whether an agent is available; it lasts
//	customer C says "T"         writes, as the customer who claims the name C, the e-mail
//	                            C@example.com, and a valid RUT where it is asked
//	customer C says "T" in LANG the same, as a visitor of that language (es, en, pt), which
//	                            is told when C first writes
//	anonymous C says "T"        writes without saying who; where anonymous users may
//	anonymous C leaves          ends that session; the next "anonymous C says" is of
//	                            another customer
//	agent A replies C "T"       to C's latest ticket, available or not
//	agent A closes|ignores|opens|pauses|resumes C
//	agent A marks C important|normal
//	agent A takes C             makes the ticket A's, if no other agent has it
//	agent A takes next [of team T…]
//	                            takes the ticket that has waited longest, of these teams
//	                            and of none
//	agent A assigns C to D      says whose the ticket is; "assigns C to team T" says the team
//	agent A assigns C from D to …
//	                            fails unless D, or "nobody", has it
//	agent A unassigns C         takes agent and team away
//	agent A classifies C "T"    sets the category
//	agent A notes C "T"         writes a note for agents, which C never gets
//	agent A starts C "T"        writes first, to a customer whom the host knows by the name C
//	customer C ends             ends the conversation, where visitors may
//	customer C rates N ["T"]    answers how it was, of C's latest ticket, with a comment
//	bot B replies C "T"         as an automated agent, which B is in every later statement
//	bot B hands over C          gives C's latest ticket to the agents
//	bot B closes C              likewise "pauses C", "resumes C", "assigns C to …"
//	config {JSON}               changes the configuration by a merge patch (RFC 7396:
//	                            lists are replaced, null is the default again)
//	config running {JSON}       the same, and the new SLA holds for running waits too
//	crash [DURATION]            ends the process; after DURATION another one starts on the
//	                            same store. Who is available survives.
//	! STATEMENT                 the statement must fail, and change nothing
//	expect C open|ignored|closed
//	expect C closed manual|automatic|customer
//	expect C closed by A        what C is told, or "by bot B"
//	expect C [not] important
//	expect C [not] delayed
//	expect C [not] paused
//	expect C [not] with bot     what C's latest ticket is
//	expect C assigned A|nobody  which agent has C's latest ticket
//	expect C team T|none        which team has it
//	expect C rated N            how C's latest ticket was rated
//	expect C unrated
//	expect C tickets N          how many tickets C has
//	expect C got KEY ["T"]      the next automatic message to C not yet expected is of the
//	                            action KEY (newCustomer, noAgents, outOfHours,
//	                            ticketCreated, manualClose, automaticClose, reminders), and
//	                            one of its texts with the variables filled in; with T, just that
//	expect C got nothing        no automatic message to C is left
//	expect mail ADDRESS         the next notification not yet expected went there
//	expect mail nothing         none is left
//
// What charla refuses fails its statement, with charla's reason. An expectation
// about the ticket of somebody who has none fails, as does "got nothing" for a
// name that nobody has used: it is a slip of the pen.
package scenario
