package site

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/widget"
)

// configPage is an account's configuration.
type configPage struct {
	Sections []sectionView
	Top      []note
	// Version is what the form is based on, Key names this one save.
	Version chatcfg.Version
	Key     string
	Running bool
	// Stale says that somebody else saved meanwhile; Differs names what they and
	// the form have differently.
	Stale   bool
	Differs []string

	Snippet, SnippetProblem string
	// Secret is shown this once.
	Secret string
	// Problem is of the dialogs: a wrong name, a picture that is none.
	Dialog, Problem string
	Zones           []string
	Deleted         bool
}

// configure shows the saved configuration.
func (v *visit) configure() error {
	return v.configPage(func(*configPage) {})
}

// configPage shows the saved configuration on a page that change may add to.
func (v *visit) configPage(change func(*configPage)) error {
	a, err := v.account()
	if err != nil {
		return err
	}
	cfg, version, err := v.desk.Account(a.ID).Config(v.r.Context())
	if err != nil {
		return err
	}
	doc, err := documentOf(cfg)
	if err != nil {
		return err
	}
	p := configPage{Version: version}
	change(&p)
	return v.showConfig(a, doc, &cfg, p, nil, v.desk.Lint(cfg))
}

// showConfig shows a document, valid or not, with its problems and warnings. cfg is
// what could be read of it.
func (v *visit) showConfig(a charla.AccountInfo, doc document, cfg *chatcfg.Config, p configPage, problems, warnings []chatcfg.Problem) error {
	b := builder{lang: v.session.Lang, all: v.Site.settings, doc: doc}
	p.Sections = b.sections(problems, warnings)
	p.Top, p.Zones, p.Key = b.top, zones, rand.Text()
	p.Deleted = !a.DeletedAt.IsZero()
	open := strings.Split(v.r.FormValue("open"), " ")
	for i := range p.Sections {
		s := &p.Sections[i]
		s.Open = s.Open || slices.Contains(open, s.ID)
	}
	var err error
	if p.Snippet, err = widget.Snippet(v.origin+"/chat/", a.Key); err != nil {
		return err
	}
	if !cfg.Chat.Allows(v.origin) {
		p.SnippetProblem = v.t("La tienda de este programa no está entre los dominios de la cuenta: ahí el chat no cargará.")
	}
	return v.render("configure", page{Title: a.Name, Nav: "channels", Account: a, Data: p})
}

// saveConfig saves what was typed, whole (R1.4). If it has problems, or is stale, it
// shows the form again.
func (v *visit) saveConfig() error {
	a, err := v.account()
	if err != nil {
		return err
	}
	base, current, err := v.desk.Account(a.ID).Config(v.r.Context())
	if err != nil {
		return err
	}
	all, form := v.Site.settings, v.r.PostForm
	doc := typed(all, form)
	body, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("desk: form: %w", err)
	}
	number, _ := strconv.ParseInt(form.Get("version"), 10, 64)
	p := configPage{Version: chatcfg.Version(number), Running: form.Has("running")}
	cfg, err := chatcfg.Apply(base, body)
	var saved charla.Saved
	if err == nil {
		saved, err = v.desk.Account(a.ID).SaveConfig(v.r.Context(), p.Version, cfg, &charla.SaveOptions{
			Running: p.Running, Key: trim(form.Get("key"), 200),
		})
	}
	var found chatcfg.Problems
	switch {
	case errors.As(err, &found):
		v.status = http.StatusUnprocessableEntity
		return v.showConfig(a, whole(doc, all, base), &cfg, p, found, nil)
	case errors.Is(err, charla.ErrStale):
		v.status = http.StatusConflict
		p.Stale, p.Version = true, current
		p.Differs = v.differs(all, base, cfg)
		return v.showConfig(a, whole(doc, all, base), &cfg, p, nil, nil)
	case err != nil:
		return err
	}
	text := v.t("Los cambios se guardaron: versión %d.", saved.Version)
	kind := "good"
	if saved.Overdue > 0 {
		text += " " + v.t("Tickets abiertos que quedan vencidos: %d.", saved.Overdue)
	}
	if len(saved.Warnings) > 0 {
		kind = "warn"
		text += " " + v.t("Hay advertencias: %d.", len(saved.Warnings))
	}
	v.say(kind, text)
	return v.redirect("/desk/channels/" + a.ID.String() + "?open=" + strings.Join(strings.Fields(form.Get("open")), "+"))
}

// whole returns a document with the saved values in place of what a form left out.
func whole(doc document, all map[string]setting, base chatcfg.Config) document {
	saved, err := documentOf(base)
	if err != nil {
		return doc
	}
	for path := range all {
		if s, ok := parentOf(doc, path); !ok {
			doc.set(path, saved.at(path))
		} else if _, there := s[lastKey(path)]; !there {
			doc.set(path, saved.at(path))
		}
	}
	return doc
}

// parentOf returns the object that holds the last key of a path; false: there is none.
func parentOf(d document, path string) (map[string]any, bool) {
	before, _, found := cutLast(path, ".")
	if !found {
		return d, true
	}
	parent, ok := d.at(before).(map[string]any)
	return parent, ok
}

// lastKey returns the last key of a path.
func lastKey(path string) string {
	_, key, _ := cutLast(path, ".")
	return key
}

// differs returns the names of the settings in which two configurations differ.
func (v *visit) differs(all map[string]setting, saved, mine chatcfg.Config) []string {
	a, errA := documentOf(saved)
	b, errB := documentOf(mine)
	if errA != nil || errB != nil {
		return nil
	}
	var names []string
	page := builder{lang: v.session.Lang, all: all, doc: document{}}
	for _, section := range page.sections(nil, nil) {
		for _, g := range section.Groups {
			fields := g.Fields
			if g.Toggle != nil {
				fields = append([]*fieldView{g.Toggle}, fields...)
			}
			for _, f := range fields {
				if fmt.Sprint(a.at(f.Path)) != fmt.Sprint(b.at(f.Path)) {
					names = append(names, f.Name)
				}
			}
		}
	}
	return names
}

// trim returns at most the first length bytes of a text.
func trim(s string, length int) string { return s[:min(len(s), length)] }
