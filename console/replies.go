package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// repliesPage is the account's quick replies (R11.5), each with a form, and one for another.
type repliesPage struct {
	// Version is that of the list which the forms were made of.
	Version chatcfg.Version
	Items   []replyView
	New     replyView
	// Teams are those that the host lists.
	Teams   []tickets.TeamID
	Deleted bool
}

// replyView is a quick reply with its form.
type replyView struct {
	chatcfg.QuickReply
	// Was is the shortcut by which it is stored; empty: it is not.
	Was string
	// ID begins the IDs of its fields.
	ID string
	// Open says that the form has what is not saved, and Problems why, by field.
	Open     bool
	Problems map[string]string
}

// replies shows the quick replies.
func (v *visit) replies() error { return v.showReplies(nil, nil) }

// showReplies shows the quick replies, one of them as it was typed; nil: none.
func (v *visit) showReplies(typed *replyView, f *flash) error {
	list, version, err := v.agent().QuickReplies(v.r.Context())
	if err != nil {
		return err
	}
	people, err := v.colleagues()
	if err != nil {
		return err
	}
	p := repliesPage{Version: version, New: replyView{ID: "new"}, Teams: teamsOf(people), Deleted: !v.account.info.DeletedAt.IsZero()}
	for i := range list {
		p.Items = append(p.Items, replyView{QuickReply: list[i], Was: list[i].Shortcut, ID: "r" + strconv.Itoa(i)})
	}
	if typed != nil {
		to := &p.New // also where it was removed meanwhile
		if i := slices.IndexFunc(list, func(q chatcfg.QuickReply) bool { return q.Shortcut == typed.Was }); i >= 0 {
			to = &p.Items[i]
		} else {
			typed.Was = ""
		}
		typed.ID, typed.Open = to.ID, true
		*to = *typed
	}
	return v.render("replies", page{Title: v.t("Respuestas rápidas"), Nav: "replies", Flash: f, Data: p})
}

// typedReply returns the quick reply that a form has.
func (v *visit) typedReply() replyView {
	form := v.r.PostForm
	line := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	text := func(name string) string { return strings.TrimSpace(unix(form.Get(name))) }
	return replyView{Was: form.Get("was"), QuickReply: chatcfg.QuickReply{
		Shortcut: line("shortcut"), Title: line("title"), Team: line("team"),
		Text: chatcfg.Words{Any: text("text"), ES: text("text.es"), EN: text("text.en"), PT: text("text.pt")},
	}}
}

// saveReply adds, changes or removes one of the quick replies. If somebody has changed the
// list since, it shows that, with what was typed; the same form again changes nothing.
func (v *visit) saveReply() error {
	typed, remove := v.typedReply(), v.r.PostForm.Get("remove") != ""
	list, version, err := v.agent().QuickReplies(v.r.Context())
	if err != nil {
		return err
	}
	list = slices.Clone(list)
	what, at := "reply", slices.IndexFunc(list, func(q chatcfg.QuickReply) bool { return q.Shortcut == typed.Was })
	if remove {
		what = "noreply"
	}
	stale := v.r.PostForm.Get("version") != strconv.FormatInt(int64(version), 10)
	if stale && v.saved(list, &typed, remove) {
		return v.done(accountPath(v.account.ID(), "replies"), what)
	}
	switch {
	case remove && at >= 0:
		list = slices.Delete(list, at, at+1)
	case remove:
	case typed.Was != "" && at >= 0:
		list[at] = typed.QuickReply
	default:
		at = len(list)
		list = append(list, typed.QuickReply)
	}
	if err = charla.ErrStale; !stale {
		_, err = v.account.Agent(v.person.agent()).SaveQuickReplies(v.r.Context(), version, list)
	}
	var found chatcfg.Problems
	switch {
	case err == nil:
		return v.done(accountPath(v.account.ID(), "replies"), what)
	case errors.Is(err, charla.ErrStale):
		v.status = http.StatusConflict
		return v.showReplies(&typed, &flash{Kind: "bad", Text: v.t("Alguien cambió las respuestas mientras escribías. Aquí están las de ahora con lo tuyo, sin guardar.")})
	case errors.As(err, &found):
		v.status = http.StatusUnprocessableEntity
		return v.showReplies(&typed, v.replyProblems(&typed, found, at))
	}
	return err
}

// saved reports whether a list has what a form asks for already.
func (v *visit) saved(list []chatcfg.QuickReply, typed *replyView, remove bool) bool {
	of := func(shortcut string) bool {
		return slices.ContainsFunc(list, func(q chatcfg.QuickReply) bool { return q.Shortcut == shortcut })
	}
	if remove {
		return !of(typed.Was)
	}
	return slices.ContainsFunc(list, func(q chatcfg.QuickReply) bool {
		return q.Shortcut == typed.Shortcut && q.Title == typed.Title && q.Team == typed.Team && sameWords(q.Text, typed.Text)
	})
}

// sameWords reports whether two texts are written the same way.
func sameWords(a, b chatcfg.Words) bool {
	one, err := a.MarshalJSON()
	two, err2 := b.MarshalJSON()
	return err == nil && err2 == nil && string(one) == string(two)
}

// replyProblems fills in the problems of the quick reply at a place of the list, and returns
// what the page says of any other; nil: nothing.
func (v *visit) replyProblems(typed *replyView, found chatcfg.Problems, at int) *flash {
	typed.Problems = map[string]string{}
	var other []string
	for _, p := range found {
		if field, ok := strings.CutPrefix(p.Path, fmt.Sprintf("replies[%d].", at)); ok {
			typed.Problems[field] = strings.TrimSpace(typed.Problems[field] + " " + p.Message(v.prefs.Lang))
		} else {
			other = append(other, p.Message(v.prefs.Lang))
		}
	}
	if len(other) == 0 {
		return nil
	}
	return &flash{Kind: "bad", Text: strings.Join(other, " ")}
}
