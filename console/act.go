package console

import (
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// commands are the buttons of a conversation, by the last part of their addresses.
var commands = map[string]tickets.CommandKind{
	"close": tickets.CommandClose, "ignore": tickets.CommandIgnore, "open": tickets.CommandOpen,
	"pause": tickets.CommandPause, "resume": tickets.CommandResume,
	"important": tickets.CommandMark, "normal": tickets.CommandUnmark,
	"take": tickets.CommandTake, "assign": tickets.CommandAssign,
	"classify": tickets.CommandClassify, "describe": tickets.CommandDescribe,
}

// act does what a button of the conversation says, and shows it again. What the library
// refuses is shown on the page.
func (v *visit) act() error {
	ref, err := v.ref()
	if err != nil {
		return err
	}
	action := v.r.PathValue("action")
	switch action {
	case "activity":
		return v.activity(ref)
	case "read":
		return v.markRead(ref)
	case "dryrun":
		return v.dryRun(ref)
	case "quick":
		return v.quick(ref)
	case "reply":
		err = v.write(ref)
	default:
		err = v.command(ref, action)
	}
	if err != nil {
		return v.refused(err)
	}
	switch action {
	case "classify", "describe": // whose fields look the same before and after
		return v.done(local(v.r.PostFormValue("back"), ticketPath(ref)), action)
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

// markRead says that the person has read the conversation up to a message.
func (v *visit) markRead(ref tickets.Ref) error {
	seq, err := strconv.ParseInt(v.r.PostFormValue("seq"), 10, 64)
	if err != nil {
		return statusError(http.StatusBadRequest)
	}
	if err := v.agent().MarkRead(v.r.Context(), ref, seq); err != nil {
		return err
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// command carries out the command of a button. It fails with [charla.ErrNotFound] for a
// button that there is not.
func (v *visit) command(ref tickets.Ref, action string) (err error) {
	form := v.r.PostForm
	command := tickets.Command{Kind: commands[action]}
	switch command.Kind {
	case "":
		return charla.ErrNotFound
	case tickets.CommandAssign:
		command, err = v.assign()
	case tickets.CommandClassify:
		if fields := pairsIn(form); form.Get("category") != "" || len(fields) > 0 {
			command.Typification = &tickets.Typification{Category: form.Get("category"), Fields: fields}
		}
	case tickets.CommandDescribe:
		command.Metadata = pairsIn(form)
	}
	if err == nil {
		_, err = v.agent().Do(v.r.Context(), ref, command, &charla.CallOptions{Key: v.key()})
	}
	return err
}

// refused shows the conversation again with what was wrong, and what was typed: a script is
// only told, since it has both. A browser does not choose a file again by itself.
func (v *visit) refused(err error) error {
	status, text := v.failure(err)
	if v.scripted || status == http.StatusNotFound {
		return err
	}
	if m := v.r.MultipartForm; m != nil && slices.ContainsFunc(m.File["file"], func(f *multipart.FileHeader) bool { return f.Filename != "" }) {
		text += " " + v.t("Elige otra vez el archivo.")
	}
	v.status = status
	return v.showInbox(nil, &flash{Kind: "bad", Text: text})
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
