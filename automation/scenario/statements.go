package scenario

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// statement reads a statement by its first word and returns its step. What it returns
// counts only if the line has not failed (l.err). parseLine reads "config" and "!"
// itself: they stand here for the error that names all first words.
func (l *line) statement() step {
	switch l.oneOf("at", "wait", "agent", "bot", "customer", "anonymous", "config", "crash", "!", "expect") {
	case "at":
		return l.at()
	case "wait":
		d := l.duration()
		return func(ctx context.Context, p *player) error { return p.advance(ctx, p.clock.Now().Add(d)) }
	case "agent":
		return l.agent()
	case "bot":
		return l.bot()
	case "customer":
		return l.customer()
	case "anonymous":
		return l.anonymous()
	case "crash":
		var d time.Duration
		if len(l.tokens) > 0 {
			d = l.duration()
		}
		return func(ctx context.Context, p *player) error { return p.crash(ctx, d) }
	case "expect":
		return l.expect()
	}
	return nil
}

// timeOfDay is how a time is written; [time.Parse] takes more.
var timeOfDay = regexp.MustCompile(`^\d\d:\d\d(:\d\d)?$`)

// at reads a date and a time of day, and returns the step that goes there. If they are
// malformed, the line fails.
func (l *line) at() step {
	date := l.word("a date YYYY-MM-DD")
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		l.fail("a date YYYY-MM-DD", strconv.Quote(date))
	}
	const want = "a time HH:MM or HH:MM:SS"
	clock := l.word(want)
	long := clock
	if len(clock) == len("15:04") {
		long += ":00"
	}
	wall, err := time.Parse(time.DateTime, date+" "+long)
	if err != nil || !timeOfDay.MatchString(clock) {
		l.fail(want, strconv.Quote(clock))
	}
	return func(ctx context.Context, p *player) error { return p.at(ctx, wall) }
}

// days are the numbers of days in a duration.
var days = regexp.MustCompile(`([0-9]+\.?[0-9]*|\.[0-9]+)d`)

// duration takes a Go duration that may also have days of 24 hours, and returns it;
// else the line fails.
func (l *line) duration() time.Duration {
	const want = "a duration such as 90s, 1h30m or 2d"
	text := l.word(want)
	d, err := time.ParseDuration(days.ReplaceAllStringFunc(text, func(n string) string {
		return strings.Repeat(strings.TrimSuffix(n, "d")+"h", 24)
	}))
	if err != nil {
		l.fail(want, strconv.Quote(text))
	}
	return d
}

// agentVerbs are what an agent does, with the command of each; none: the agent's availability.
var agentVerbs = []struct {
	word string
	kind tickets.CommandKind
}{
	{"online", ""},
	{"away", ""},
	{"offline", ""},
	{"replies", tickets.CommandReply},
	{"closes", tickets.CommandClose},
	{"ignores", tickets.CommandIgnore},
	{"opens", tickets.CommandOpen},
	{"pauses", tickets.CommandPause},
	{"resumes", tickets.CommandResume},
	{"marks", tickets.CommandMark},
	{"takes", tickets.CommandTake},
	{"assigns", tickets.CommandAssign},
	{"unassigns", tickets.CommandAssign},
	{"notes", tickets.CommandNote},
	{"classifies", tickets.CommandClassify},
	{"starts", tickets.CommandStart},
}

// agent reads what an agent does and returns the step that does it. If it is malformed,
// the line fails.
func (l *line) agent() step {
	name := l.name("an agent")
	agent := charla.Person{ID: tickets.AgentID(name), Name: name}
	var verbs []string
	for _, v := range agentVerbs {
		verbs = append(verbs, v.word)
	}
	verb := l.oneOf(verbs...)
	var command tickets.Command
	if at := slices.Index(verbs, verb); at >= 0 {
		command.Kind = agentVerbs[at].kind
	}
	if command.Kind == "" {
		return func(ctx context.Context, p *player) error {
			return p.account().Agent(agent).Heartbeat(ctx, tickets.Availability(verb))
		}
	}
	customer := l.name("a customer")
	if verb == "takes" && customer == "next" && (len(l.tokens) == 0 || l.peek() == "of") {
		return l.takesNext(agent)
	}
	if command.Kind == tickets.CommandStart {
		text := l.text()
		return func(ctx context.Context, p *player) error { return p.starts(ctx, agent, customer, text) }
	}
	if command.Kind == tickets.CommandReply || command.Kind == tickets.CommandNote {
		text, write := l.text(), (*charla.Agent).Reply
		if command.Kind == tickets.CommandNote {
			write = (*charla.Agent).Note
		}
		return func(ctx context.Context, p *player) error {
			_, err := write(p.account().Agent(agent), ctx, p.latest(customer), text, nil)
			return err
		}
	}
	switch verb {
	case "assigns":
		l.assignment(&command)
	case "classifies":
		command.Typification = &tickets.Typification{Category: l.text()}
	case "unassigns":
		command.Assignee, command.Team = new(tickets.Assignee), new(tickets.TeamID)
	}
	if verb == "marks" && l.oneOf("important", "normal") == "normal" {
		command.Kind = tickets.CommandUnmark
	}
	return func(ctx context.Context, p *player) error {
		_, err := p.account().Agent(agent).Do(ctx, p.latest(customer), command, nil)
		return err
	}
}

// assignment reads who must have a ticket, or nothing, and who shall have it into the command.
// If it is malformed, the line fails.
func (l *line) assignment(command *tickets.Command) {
	if l.oneOf("to", "from") == "from" {
		command.From = new(tickets.AgentID(l.name("an agent or nobody")))
		if *command.From == "nobody" {
			*command.From = ""
		}
		l.oneOf("to")
	}
	to := l.name("an agent or team")
	if to == "team" && len(l.tokens) > 0 {
		command.Team = new(tickets.TeamID(l.name("a team")))
		return
	}
	command.Assignee = &tickets.Assignee{Agent: tickets.AgentID(to), Name: to}
}

// bot reads what an automated agent does and returns the step that does it. If it is
// malformed, the line fails.
func (l *line) bot() step {
	name := l.name("a bot")
	bot := charla.Person{ID: tickets.AgentID(name), Name: name, Automated: true}
	var command tickets.Command
	verb := l.oneOf("replies", "hands", "closes", "pauses", "resumes", "assigns")
	switch verb {
	case "hands":
		l.oneOf("over")
		command.Kind = tickets.CommandHandOver
	case "closes":
		command.Kind = tickets.CommandClose
	case "pauses":
		command.Kind = tickets.CommandPause
	case "resumes":
		command.Kind = tickets.CommandResume
	case "assigns":
		command.Kind = tickets.CommandAssign
	}
	customer := l.name("a customer")
	if verb == "replies" {
		text := l.text()
		return func(ctx context.Context, p *player) error {
			_, err := p.bot(bot).Reply(ctx, p.latest(customer), text, nil)
			return err
		}
	}
	if verb == "assigns" {
		l.assignment(&command)
	}
	return func(ctx context.Context, p *player) error {
		_, err := p.bot(bot).Do(ctx, p.latest(customer), command, nil)
		return err
	}
}

// takesNext reads of which teams an agent takes the next ticket.
func (l *line) takesNext(agent charla.Person) step {
	var teams []tickets.TeamID
	if l.skip("of") {
		l.oneOf("team")
		for teams = append(teams, tickets.TeamID(l.name("a team"))); len(l.tokens) > 0; {
			teams = append(teams, tickets.TeamID(l.name("a team")))
		}
	}
	return func(ctx context.Context, p *player) error {
		_, err := p.account().Agent(agent).TakeNext(ctx, teams, nil)
		return err
	}
}

// customer reads what a customer says or does, and returns the step that says it. If it is
// malformed, the line fails.
func (l *line) customer() step {
	name := l.name("a customer")
	switch l.oneOf("says", "ends", "rates") {
	case "ends":
		return func(ctx context.Context, p *player) error { return p.ends(ctx, name) }
	case "rates":
		rating := charla.Rating{Score: l.score()}
		if len(l.tokens) > 0 {
			rating.Comment = l.text()
		}
		return func(ctx context.Context, p *player) error { return p.rates(ctx, name, rating) }
	}
	text := l.text()
	var language chatcfg.Locale
	if l.skip("in") {
		language = chatcfg.Locale(l.oneOf(string(chatcfg.Spanish), string(chatcfg.English), string(chatcfg.Portuguese)))
	}
	return func(ctx context.Context, p *player) error { return p.says(ctx, name, false, language, text) }
}

// score takes a whole number and returns it; else the line fails.
func (l *line) score() int {
	const want = "a score"
	text := l.word(want)
	n, err := strconv.Atoi(text)
	if err != nil {
		l.fail(want, strconv.Quote(text))
	}
	return n
}

// anonymous reads what an anonymous visitor says, or that they leave, and returns the
// step. If it is malformed, the line fails.
func (l *line) anonymous() step {
	name := l.name("a customer")
	if l.oneOf("says", "leaves") == "leaves" {
		return func(ctx context.Context, p *player) error { return p.leaves(ctx, name) }
	}
	text := l.text()
	return func(ctx context.Context, p *player) error { return p.says(ctx, name, true, "", text) }
}

// expect reads an expectation and returns the step that checks it. If it is malformed,
// the line fails. A customer may be called "mail": then the next word is neither
// "nothing" nor an address.
func (l *line) expect() step {
	if l.peek() == "mail" && len(l.tokens) == 2 &&
		(l.tokens[1].text == "nothing" || strings.Contains(l.tokens[1].text, "@")) {
		l.skip("mail")
		address := l.word("an address or nothing")
		return func(_ context.Context, p *player) error { return p.expectMail(address) }
	}
	name := l.name("a customer")
	not := l.skip("not")
	words := []string{"important", "delayed", "paused", "with"}
	if !not {
		words = append(words, "open", "ignored", "closed", "tickets", "got", "assigned", "team", "rated", "unrated")
	}
	switch word := l.oneOf(words...); word {
	case "tickets":
		const want = "how many tickets"
		text := l.word(want)
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			l.fail(want, strconv.Quote(text))
		}
		return func(ctx context.Context, p *player) error { return p.expectTickets(ctx, name, int(n)) }
	case "got":
		return l.got(name)
	case "assigned":
		agent := l.name("an agent or nobody")
		return func(ctx context.Context, p *player) error { return p.expectAssigned(ctx, name, agent) }
	case "team":
		team := l.name("a team or none")
		return func(ctx context.Context, p *player) error { return p.expectTeam(ctx, name, team) }
	case "rated":
		word += " " + strconv.Itoa(l.score())
		fallthrough
	case "unrated":
		return func(ctx context.Context, p *player) error { return p.expectRated(ctx, name, word) }
	case "with":
		l.oneOf("bot")
		return func(ctx context.Context, p *player) error { return p.expectFlag(ctx, name, "with bot", not) }
	case "important", "delayed", "paused":
		return func(ctx context.Context, p *player) error { return p.expectFlag(ctx, name, word, not) }
	default:
		want := word
		if word == "closed" && len(l.tokens) > 0 {
			want = l.oneOf(string(tickets.ReasonManual), string(tickets.ReasonAutomatic), string(tickets.ReasonCustomer), "by")
			if want == "by" {
				return l.closedBy(name)
			}
			want = word + " " + want
		}
		return func(ctx context.Context, p *player) error { return p.expectStatus(ctx, name, want) }
	}
}

// closedBy reads who closed a ticket and returns the step that checks what its visitor is told.
// If it is malformed, the line fails.
func (l *line) closedBy(name string) step {
	want := "closed by "
	if l.skip("bot") {
		want += "bot "
	}
	want += l.name("an agent")
	return func(ctx context.Context, p *player) error { return p.expectClosedBy(ctx, name, want) }
}

// texts are the actions that send a text, by their keys.
var texts = []string{
	string(automation.RuleNewCustomer), string(automation.RuleNoAgents), string(automation.RuleOutOfHours),
	string(automation.RuleTicketCreated), string(automation.RuleManualClose), string(automation.RuleAutomaticClose),
	string(automation.RuleReminders),
}

// got reads which automatic message a customer got, or "nothing", and returns the step
// that checks it. If it is malformed, the line fails.
func (l *line) got(name string) step {
	key := l.oneOf(slices.Concat(texts, []string{"nothing"})...)
	if key == "nothing" {
		return func(ctx context.Context, p *player) error { return p.expectNothing(ctx, name) }
	}
	var exactly *string
	if len(l.tokens) > 0 {
		text := l.text()
		exactly = &text
	}
	return func(ctx context.Context, p *player) error {
		return p.expectGot(ctx, name, tickets.RuleKey(key), exactly)
	}
}
