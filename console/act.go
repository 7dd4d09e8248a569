package console

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// commands are the buttons of a conversation, by the last part of their addresses.
var commands = map[string]tickets.CommandKind{
	"close": tickets.CommandClose, "ignore": tickets.CommandIgnore, "open": tickets.CommandOpen,
	"pause": tickets.CommandPause, "resume": tickets.CommandResume,
	"important": tickets.CommandMark, "normal": tickets.CommandUnmark,
	"take": tickets.CommandTake, "classify": tickets.CommandClassify, "describe": tickets.CommandDescribe,
}

// act does what a button of the conversation says, and shows it again. What the library
// refuses is shown on the page.
func (v *visit) act() error {
	ref, err := v.ref()
	if err != nil {
		return err
	}
	ctx, form := v.r.Context(), v.r.PostForm
	agent := v.account.Agent(v.person.agent())
	key, action := v.key(), v.r.PathValue("action")
	switch action {
	case "typing":
		if err := agent.SetActivity(ctx, ref, charla.Replying); err != nil {
			return err
		}
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	case "read":
		seq, err := strconv.ParseInt(form.Get("seq"), 10, 64)
		if err != nil {
			return statusError(http.StatusBadRequest)
		}
		if err := agent.MarkRead(ctx, ref, seq); err != nil {
			return err
		}
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	case "dryrun":
		return v.dryRun(ref)
	case "reply":
		o := &charla.WriteOptions{Key: key}
		if o.File, err = v.upload(); err == nil {
			_, err = agent.Reply(ctx, ref, unix(form.Get("text")), o)
		}
	case "assign":
		var command tickets.Command
		if command, err = v.assign(); err == nil {
			_, err = agent.Do(ctx, ref, command, &charla.CallOptions{Key: key})
		}
	default:
		command := tickets.Command{Kind: commands[action]}
		switch command.Kind {
		case "":
			return charla.ErrNotFound
		case tickets.CommandClassify:
			if fields := pairsIn(form); form.Get("category") != "" || len(fields) > 0 {
				command.Typification = &tickets.Typification{Category: form.Get("category"), Fields: fields}
			}
		case tickets.CommandDescribe:
			command.Metadata = pairsIn(form)
		}
		_, err = agent.Do(ctx, ref, command, &charla.CallOptions{Key: key})
	}
	if err != nil {
		return v.refused(err)
	}
	return v.back(ticketPath(ref))
}

// key returns the form's key, by which it does nothing a second time; another for a form
// without one.
func (v *visit) key() string {
	if key := trim(v.r.PostFormValue("key"), 200); key != "" {
		return key
	}
	return randomText()
}

// refusedList shows the list with what was wrong; a script is only told.
func (v *visit) refusedList(err error) error {
	status, text := v.failure(err)
	if v.scripted || status == http.StatusNotFound {
		return err
	}
	v.status = status
	return v.showInbox(nil, &flash{Kind: "warn", Text: text})
}

// refused shows the conversation again with what was wrong, and what was typed: a script is
// only told, since it has both.
func (v *visit) refused(err error) error {
	status, text := v.failure(err)
	if v.scripted || status == http.StatusNotFound {
		return err
	}
	v.status = status
	return v.showInbox(nil, &flash{Kind: "bad", Text: text, Draft: v.r.PostFormValue("text")})
}

// pairsIn reads the rows of names and values; a row without a name is skipped.
func pairsIn(form url.Values) map[string]string {
	pairs := map[string]string{}
	for i, name := range form["name"] {
		if name != "" && i < len(form["value"]) {
			pairs[name] = form["value"][i]
		}
	}
	return pairs
}
