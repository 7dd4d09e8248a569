package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// savesPerPage is of how many saves the history shows at once what they changed.
const savesPerPage = 20

// historyPage is the history of an account's settings.
type historyPage struct {
	Saves []saveView
	// More is the address of the saves before these; empty: there are none.
	More    string
	Deleted bool
}

// saveView is a save, and what it changed.
type saveView struct {
	charla.Save
	// Who saved; empty: the host's program.
	Who     string
	Changes []changeView
	// First says that there is nothing before it that it could have changed.
	First bool
	// Current says that it made the version that holds now.
	Current bool
}

// changeView is a setting that a save changed.
type changeView struct {
	Path, Name, Before, After string
	// Later says that it has another value now than the save gave it, and Undone that this is
	// the one that it had before.
	Later, Undone bool
}

// history shows who saved the account's settings, when, and what that changed (R1.4).
func (v *visit) history() error { return v.showHistory(nil) }

// showHistory is history with something to say; nil: what the address says.
func (v *visit) showHistory(says *flash) error {
	saves, err := v.account.Saves().List(v.r.Context())
	if err != nil {
		return err
	}
	before, err := strconv.ParseInt(v.r.URL.Query().Get("before"), 10, 64)
	if err == nil {
		saves = slices.DeleteFunc(saves, func(s charla.Save) bool { return s.Version >= chatcfg.Version(before) })
	}
	p := historyPage{Deleted: !v.account.info.DeletedAt.IsZero()}
	if len(saves) > savesPerPage {
		saves = saves[:savesPerPage]
		p.More = "?before=" + strconv.FormatInt(int64(saves[savesPerPage-1].Version), 10)
	}
	now, current, err := v.account.Config(v.r.Context())
	if err != nil {
		return err
	}
	docs := v.versions(saves)
	held, err := documentOf(now)
	if err != nil {
		return err
	}
	w := v.wording()
	for _, s := range saves {
		view := saveView{Save: s, Current: s.Version == current, First: docs[s.Version-1] == nil || docs[s.Version] == nil}
		if s.By != "" {
			view.Who = (&Person{ID: s.By, Name: s.Name}).called()
		}
		if !view.First {
			view.Changes = w.changes(docs[s.Version-1], docs[s.Version], held)
		}
		p.Saves = append(p.Saves, view)
	}
	return v.render("history", page{Title: v.t("Historial de cambios"), Nav: "channels", Data: p, Flash: says})
}

// versions returns what saves made and what was there before them, by version. One that cannot
// be read is left out.
func (v *visit) versions(saves []charla.Save) map[chatcfg.Version]document {
	docs := map[chatcfg.Version]document{}
	for _, s := range saves {
		for _, version := range []chatcfg.Version{s.Version, s.Version - 1} {
			if _, there := docs[version]; there || version < 1 {
				continue
			}
			if cfg, err := v.account.Saves().Config(v.r.Context(), version); err == nil {
				docs[version], _ = documentOf(cfg) // of a type that always encodes
			}
		}
	}
	return docs
}

// wording writes the values of settings in the page's words.
type wording struct {
	b *builder
	// order are the settings' paths in the order of the page.
	order []string
}

// wording returns the page's words for settings.
func (v *visit) wording() *wording {
	w := &wording{b: &builder{lang: v.prefs.Lang, now: v.now(), all: v.settings, doc: document{}}}
	w.b.sections(nil, nil)
	for path := range v.settings {
		w.order = append(w.order, path)
	}
	slices.SortFunc(w.order, func(a, b string) int { return v.settings[a].Order - v.settings[b].Order })
	return w
}

// changes returns the settings in which two documents differ, and what has become of them.
func (w *wording) changes(before, after, now document) []changeView {
	var list []changeView
	for _, path := range w.order {
		a, b := before.at(path), after.at(path)
		if reflect.DeepEqual(a, b) {
			continue
		}
		s := w.b.all[path].Setting
		list = append(list, changeView{
			Path: path, Name: w.b.fields[path].Name, Before: w.say(s, a), After: w.say(s, b),
			Later: !reflect.DeepEqual(now.at(path), b), Undone: reflect.DeepEqual(now.at(path), a),
		})
	}
	return list
}

// say returns a setting's value in words; empty: it has none.
func (w *wording) say(s chatcfg.Setting, value any) string {
	switch value := value.(type) {
	case bool:
		if value {
			return w.b.t("Sí")
		}
		return w.b.t("No")
	case []any:
		texts := make([]string, len(value))
		for i, one := range value {
			if texts[i] = w.say(s, one); s.Kind == chatcfg.KindTemplate {
				texts[i] = "«" + texts[i] + "»"
			}
		}
		return strings.Join(texts, "; ")
	case map[string]any:
		return w.sayObject(s, value)
	}
	text := plain(value)
	for _, choice := range s.Choices {
		if choice.Value == text {
			return w.b.say(choice.Label)
		}
	}
	return text
}

// sayObject returns a duration, a row of a list or a text by language in words.
func (w *wording) sayObject(s chatcfg.Setting, value map[string]any) string {
	var parts []string
	switch {
	case s.Kind == chatcfg.KindDuration:
		unit := plain(value["unit"])
		for _, choice := range chatcfg.Units() {
			if choice.Value == unit {
				unit = w.b.say(choice.Label)
			}
		}
		return plain(value["value"]) + " " + unit
	case len(s.Columns) > 0:
		for _, column := range s.Columns {
			if text := w.say(column, value[column.Path]); text != "" {
				parts = append(parts, text)
			}
		}
		return strings.Join(parts, " · ")
	}
	for _, l := range tongues {
		if text := plain(value[string(l)]); text != "" {
			parts = append(parts, string(l)+": "+text)
		}
	}
	return strings.Join(parts, " / ")
}

// undo gives settings that a save changed the values that they had before it, by a new save. One
// that was changed again since then stays as it is, and the page says so.
func (v *visit) undo() error {
	form := v.r.PostForm
	number, err := strconv.ParseInt(form.Get("version"), 10, 64)
	version := chatcfg.Version(number)
	if err != nil || version < 2 {
		return statusError(http.StatusBadRequest)
	}
	before, err := v.account.Saves().Config(v.r.Context(), version-1)
	if err != nil {
		return err
	}
	after, err := v.account.Saves().Config(v.r.Context(), version)
	if err != nil {
		return err
	}
	now, current, err := v.account.Config(v.r.Context())
	if err != nil {
		return err
	}
	cfg, done, kept, err := v.undone(form, before, after, now)
	if err != nil {
		return err
	}
	if done > 0 {
		by := v.person.agent()
		_, err = v.account.SaveConfig(v.r.Context(), current, cfg, &charla.SaveOptions{By: &by})
	}
	var found chatcfg.Problems
	says := v.t("Alguien guardó otra cosa mientras tanto: mira de nuevo.")
	switch {
	case errors.Is(err, charla.ErrStale):
		v.status = http.StatusConflict
	case errors.As(err, &found):
		v.status, says = v.failure(err)
	case err != nil:
		return err
	default:
		return v.done(channelPath(v.account.ID())+"/history", "undone", append([]int64{done}, kept...)...)
	}
	return v.showHistory(&flash{Kind: "bad", Text: v.t("No se deshizo nada.") + " " + says})
}

// undone returns the configuration of now in which the settings that a form names have the
// values of before, if they still have those of after: how many these are, and, by their
// order, those that have others now.
func (v *visit) undone(form url.Values, before, after, now chatcfg.Config) (cfg chatcfg.Config, done int64, kept []int64, err error) {
	a, errA := documentOf(before)
	b, errB := documentOf(after)
	held, errC := documentOf(now)
	if err := errors.Join(errA, errB, errC); err != nil {
		return now, 0, nil, err
	}
	for path, s := range v.settings {
		was := a.at(path)
		switch {
		case !slices.Contains(form["setting"], path) || reflect.DeepEqual(was, b.at(path)) || reflect.DeepEqual(was, held.at(path)):
			continue
		case !reflect.DeepEqual(held.at(path), b.at(path)):
			kept = append(kept, int64(s.Order))
			continue
		}
		done++
		if was != nil {
			held.set(path, was)
		} else if parent, ok := parentOf(held, path); ok {
			delete(parent, lastKey(path))
		}
	}
	slices.Sort(kept)
	body, err := json.Marshal(held)
	if err == nil {
		cfg, err = chatcfg.Decode(body)
	}
	if err != nil {
		err = fmt.Errorf("console: undo: %w", err)
	}
	return cfg, done, kept, err
}

// undoneFlash returns what the page says after undo: how many settings have the values that they
// had, and which stay as they are.
func (v *visit) undoneFlash(n []int) *flash {
	f := &flash{Kind: "good", Text: v.t("No había nada que deshacer.")}
	if len(n) > 0 && n[0] > 0 {
		f.Text = v.n(int64(n[0]), "Se deshizo un cambio.", "Se deshicieron %d cambios.")
	}
	if len(n) > 1 {
		f.Kind = "warn"
		f.Text += " " + v.t("Esto cambió después y se dejó como está: %s.", strings.Join(v.names(n[1:min(len(n), 1+maxNamed)]), "; "))
	}
	return f
}
