package console

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// upload is a file that goes with a message.
type upload struct {
	// Name is what it is called.
	Name string `json:"name"`
	// Body is the file, in base64. Its type is known by its content.
	Body []byte `json:"body"`
}

// options returns what goes with a message of the request.
func (u *upload) options(v *visit) *charla.WriteOptions {
	o := &charla.WriteOptions{Key: v.callKey}
	if u != nil {
		o.File = &charla.Upload{Name: u.Name, Body: u.Body}
	}
	return o
}

// replyBody is an answer.
type replyBody struct {
	// Text is up to 4,000 characters; it may be empty beside a File.
	Text string  `json:"text,omitempty"`
	File *upload `json:"file,omitempty"`
}

var apiReply = post("reply", "Answers the customer. It opens an ignored ticket, and takes one that nobody has unless the account says otherwise.",
	func(v *visit, b *replyBody) (charla.Result, error) {
		ref, err := v.ref()
		if err != nil {
			return charla.Result{}, err
		}
		return v.agent().Reply(v.r.Context(), ref, b.Text, b.File.options(v))
	})

// noteBody is a note.
type noteBody struct {
	// Text is up to 4,000 characters; it may be empty beside a File.
	Text string `json:"text,omitempty"`
	// Mentions are agents whom the note names, at most 20.
	Mentions []tickets.AgentID `json:"mentions,omitempty"`
	File     *upload           `json:"file,omitempty"`
}

var apiNote = post("note", "Writes for agents: no customer gets it. It goes to tickets of any status, also older ones.",
	func(v *visit, b *noteBody) (charla.Result, error) {
		ref, err := v.ref()
		if err != nil {
			return charla.Result{}, err
		}
		people, err := v.colleagues()
		if err != nil {
			return charla.Result{}, err
		}
		for _, id := range b.Mentions {
			if v.o.Colleagues != nil && id != "" && !slices.Contains(idsOf(people), id) {
				return charla.Result{}, notOneOf("mentions", id, idsOf(people))
			}
		}
		o := b.File.options(v)
		o.Mentions = b.Mentions
		return v.agent().Note(v.r.Context(), ref, b.Text, o)
	})

// commandBody is a command. A kind takes only the fields that say so.
type commandBody struct {
	// Kind is close, ignore, open, pause, resume, mark, unmark, take, classify, describe or
	// assign.
	Kind tickets.CommandKind `json:"kind"`
	// Typification is for classify; absent: it is cleared.
	Typification *tickets.Typification `json:"typification,omitempty"`
	// Metadata is for describe: it replaces all of it.
	Metadata map[string]string `json:"metadata,omitempty"`
	// Assignee and Team are for assign; absent: as it was. The empty agent is nobody, the
	// empty team none.
	Assignee *tickets.Assignee `json:"assignee,omitempty"`
	Team     *tickets.TeamID   `json:"team,omitempty"`
	// From is for assign: who must still have the ticket, else it is refused; empty: nobody;
	// absent: it does not matter.
	From *tickets.AgentID `json:"from,omitempty"`
}

var apiDo = post("do", "Carries out a command on a ticket.", func(v *visit, b *commandBody) (charla.Result, error) {
	ref, err := v.ref()
	if err != nil {
		return charla.Result{}, err
	}
	if err := v.known(b); err != nil {
		return charla.Result{}, err
	}
	return v.agent().Do(v.r.Context(), ref, tickets.Command{
		Kind: b.Kind, Typification: b.Typification, Metadata: b.Metadata, Assignee: b.Assignee, Team: b.Team, From: b.From,
	}, &charla.CallOptions{Key: v.callKey})
})

// known returns a problem of a command that gives a ticket to somebody, or to a team, that
// the host does not list, and puts the name that the host has for them; nil where the host
// lists nobody.
func (v *visit) known(b *commandBody) error {
	if v.o.Colleagues == nil || b.Assignee == nil && b.Team == nil {
		return nil
	}
	people, err := v.colleagues()
	if err != nil {
		return err
	}
	if b.Assignee != nil && b.Assignee.Agent != "" {
		who := slices.IndexFunc(people, func(p Person) bool { return p.ID == b.Assignee.Agent })
		if who < 0 {
			return notOneOf("assignee.agent", b.Assignee.Agent, idsOf(people))
		}
		b.Assignee.Name = people[who].Name
	}
	if teams := teamsOf(people); b.Team != nil && *b.Team != "" && !slices.Contains(teams, *b.Team) {
		return notOneOf("team", *b.Team, teams)
	}
	return nil
}

// idsOf returns the IDs of people.
func idsOf(people []Person) []tickets.AgentID {
	ids := make([]tickets.AgentID, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	return ids
}

// notOneOf returns the problem of a field that has none of the values that it may have.
func notOneOf[T ~string](path string, value T, may []T) error {
	texts := make([]string, len(may))
	for i, one := range may {
		texts[i] = string(one)
	}
	return chatcfg.Problems{{Path: path, Code: chatcfg.CodeInvalidChoice, Args: []any{string(value), strings.Join(texts, ", ")}}}
}

// readBody is how far the person has read.
type readBody struct {
	// Seq is the sequence of the last message that was on the screen.
	Seq int64 `json:"seq"`
}

var apiRead = post("read", "Says that the person has read a conversation up to a message. Marks only rise.", func(v *visit, b *readBody) (nothing, error) {
	ref, err := v.ref()
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, v.agent().MarkRead(v.r.Context(), ref, b.Seq)
})

// activityBody is what the person does in a ticket.
type activityBody struct {
	// Activity is what it is; absent: they have left it. Say it again every few seconds:
	// looking holds for 30, writing for 6.
	Activity charla.Activity `json:"activity,omitempty"`
}

var apiActivity = post("activity", "Says what the person does in a ticket just now: colleagues see it, and the customer sees that an agent is typing.",
	func(v *visit, b *activityBody) (nothing, error) {
		ref, err := v.ref()
		if err != nil {
			return nothing{}, err
		}
		return nothing{}, v.agent().SetActivity(v.r.Context(), ref, b.Activity)
	})

// teamsBody is of which teams to take a ticket.
type teamsBody struct {
	// Teams are some of the person's: a ticket of these counts, and one of no team. Absent:
	// all of theirs.
	Teams []tickets.TeamID `json:"teams,omitempty"`
}

var apiTakeNext = post("takeNext", "Takes the ticket that has waited longest of those that nobody has.", func(v *visit, b *teamsBody) (charla.Result, error) {
	teams := v.person.Teams
	if b.Teams != nil {
		teams = b.Teams
	}
	for i, team := range teams {
		if !slices.Contains(v.person.Teams, team) {
			return charla.Result{}, badRequest(nil).add(fmt.Sprintf("teams[%d]", i), chatcfg.CodeUnwanted)
		}
	}
	return v.agent().TakeNext(v.r.Context(), teams, &charla.CallOptions{Key: v.callKey})
})

// startBody is a first message to a customer.
type startBody struct {
	// Subject is the host's lasting name for the customer, as in a signed identity.
	Subject string `json:"subject"`
	// Name, Email, RUT and Phone are used only if the customer has no conversation yet.
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	RUT   string `json:"rut,omitempty"`
	Phone string `json:"phone,omitempty"`
	// Text is up to 4,000 characters; it may be empty beside a File.
	Text string  `json:"text,omitempty"`
	File *upload `json:"file,omitempty"`
}

var apiStart = post("start", "Writes to a customer first, whom the host knows by a subject.", func(v *visit, b *startBody) (charla.Result, error) {
	proof := charla.Proof{Subject: b.Subject, Name: b.Name, Email: b.Email, RUT: b.RUT, Phone: b.Phone}
	return v.agent().Start(v.r.Context(), proof, b.Text, b.File.options(v))
})

// presenceBody is whether the person is there.
type presenceBody struct {
	Is tickets.Availability `json:"is"`
}

var apiPresence = post("presence", "Says in every account that the person sees whether they are there. Online holds for 60 seconds, or as the host says: say it again before.",
	func(v *visit, b *presenceBody) (nothing, error) {
		if !validPresence(b.Is) {
			return nothing{}, badRequest(nil).add("is", chatcfg.CodeInvalidChoice, string(b.Is), "online, away, offline")
		}
		return nothing{}, v.heartbeat(v.r.Context(), &v.person, b.Is)
	})
