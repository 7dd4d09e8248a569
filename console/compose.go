package console

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// draft is what a composer has in it.
type draft struct {
	Text string
	// Note says that it is to be a note.
	Note bool
}

// typedDraft returns what the composer had in it when its form was sent.
func (v *visit) typedDraft() draft {
	return draft{v.r.PostForm.Get("text"), v.r.PostForm.Get("as") == "note"}
}

// write stores what the composer has: a reply, or a note, which no customer gets. It fails
// with an [*answeredError] if somebody has answered since the page that sends it.
func (v *visit) write(ref tickets.Ref) error {
	ctx, form := v.r.Context(), v.r.PostForm
	agent := v.agent()
	o := &charla.WriteOptions{Key: v.key()}
	v.draft = v.typedDraft()
	text := unix(v.draft.Text)
	var err error
	if o.File, err = v.upload(); err != nil {
		return err
	}
	if v.draft.Note {
		if o.Mentions, err = v.mentions(text); err == nil {
			_, err = agent.Note(ctx, ref, text, o)
		}
		return err
	}
	seen, err := strconv.ParseInt(form.Get("seen"), 10, 64)
	if err != nil || seen < 1 { // a form that does not say what was on the page
		_, err = agent.Reply(ctx, ref, text, o)
		return err
	}
	if err := v.answered(ref, seen); err != nil {
		return err
	}
	if _, err = agent.Reply(ctx, ref, text, o); err == nil && !v.scripted {
		err = agent.MarkRead(ctx, ref, seen)
	}
	return err
}

// answeredError says that somebody has answered meanwhile.
type answeredError struct {
	by string
	// last is the sequence of the last message that there is.
	last int64
}

// Error says who answered.
func (e *answeredError) Error() string { return fmt.Sprintf("console: %s answered meanwhile", e.by) }

// answered fails with an [*answeredError] if a colleague or a bot has answered in a
// conversation after a message.
func (v *visit) answered(ref tickets.Ref, seen int64) error {
	page, err := v.account.Inbox().Messages(v.r.Context(), ref, charla.MessageQuery{After: seen, Newest: true})
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(page.Items) {
		if m.From == tickets.FromBot || m.From == tickets.FromAgent && m.Agent != v.person.ID {
			return &answeredError{(&Person{ID: m.Agent, Name: m.Name}).called(), page.Items[len(page.Items)-1].Seq}
		}
	}
	return nil
}

// mentions returns the colleagues whom a note names: "@" and the name or the ID.
func (v *visit) mentions(text string) ([]tickets.AgentID, error) {
	if !strings.Contains(text, "@") {
		return nil, nil
	}
	people, err := v.colleagues()
	names := map[string]tickets.AgentID{}
	for i := range people {
		names[people[i].called()], names[string(people[i].ID)] = people[i].ID, people[i].ID
	}
	var named []tickets.AgentID
	for _, part := range strings.Split(text, "@")[1:] {
		longest := "" // "@Ana Rojas" does not name Ana
		for name := range names {
			rest, ok := strings.CutPrefix(part, name)
			next, _ := utf8.DecodeRuneInString(rest)
			if ok && !unicode.IsLetter(next) && !unicode.IsDigit(next) && len(name) > len(longest) {
				longest = name
			}
		}
		if longest != "" {
			named = append(named, names[longest])
		}
	}
	slices.Sort(named)
	named = slices.Compact(named)
	return named[:min(len(named), charla.MaxMentions)], err
}

// quickReplies returns the account's quick replies that are for the person: those of their
// teams and those of no team.
func (v *visit) quickReplies() ([]chatcfg.QuickReply, error) {
	all, _, err := v.agent().QuickReplies(v.r.Context())
	return slices.DeleteFunc(slices.Clone(all), func(q chatcfg.QuickReply) bool {
		return q.Team != "" && !slices.Contains(v.person.Teams, tickets.TeamID(q.Team))
	}), err
}

// quick puts a quick reply for the ticket into the composer, below what is in it; a script
// gets its text alone. Nothing is sent.
func (v *visit) quick(ref tickets.Ref) error {
	form := v.r.PostForm
	v.draft = v.typedDraft()
	if form.Get("quick") == "" && !v.scripted {
		return v.showInbox(nil, nil)
	}
	text, err := v.agent().QuickReply(v.r.Context(), ref, form.Get("quick"))
	if err != nil && !v.scripted { // it may have been renamed: what is typed stays
		status, text := v.failure(err)
		v.status = status
		return v.showInbox(nil, &flash{Kind: "bad", Text: text})
	}
	if err != nil {
		return err
	}
	if v.scripted {
		v.status = http.StatusOK
		v.json(map[string]string{"text": text})
		return nil
	}
	v.draft.Text = strings.TrimLeft(v.draft.Text+"\n"+text, "\r\n")
	return v.showInbox(nil, nil)
}

// activity tells colleagues what the person does in the conversation (R11.7).
func (v *visit) activity(ref tickets.Ref) error {
	err := v.agent().SetActivity(v.r.Context(), ref, charla.Activity(v.r.PostFormValue("does")))
	if err == nil {
		v.w.WriteHeader(http.StatusNoContent)
	}
	return err
}
