package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
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

	// Snippet is the code for the account's page; empty: the host has no widget.
	Snippet string
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
	cfg, version, err := v.account.Config(v.r.Context())
	if err != nil {
		return err
	}
	doc, err := documentOf(cfg)
	if err != nil {
		return err
	}
	p := configPage{Version: version}
	change(&p)
	return v.showConfig(doc, &cfg, p, nil, v.lint(cfg))
}

// showConfig shows a document, valid or not, with its problems and warnings. cfg is
// what could be read of it.
func (v *visit) showConfig(doc document, cfg *chatcfg.Config, p configPage, problems, warnings []chatcfg.Problem) error {
	b := builder{lang: v.prefs.Lang, all: v.settings, doc: doc}
	p.Sections = b.sections(problems, warnings)
	p.Top, p.Zones, p.Key = b.top, zones, randomText()
	p.Deleted = !v.account.info.DeletedAt.IsZero()
	open := strings.Split(v.r.FormValue("open"), " ")
	for i := range p.Sections {
		s := &p.Sections[i]
		s.Open = s.Open || slices.Contains(open, s.ID)
	}
	if v.o.WidgetURL != "" {
		var err error
		if p.Snippet, err = widget.Snippet(v.o.WidgetURL, v.account.info.Key); err != nil {
			return err
		}
	}
	return v.render("configure", page{Title: v.account.info.Name, Nav: "channels", Data: p})
}

// saveConfig saves what was typed, whole (R1.4). If it has problems, or is stale, it
// shows the form again.
func (v *visit) saveConfig() error {
	base, current, err := v.account.Config(v.r.Context())
	if err != nil {
		return err
	}
	all, form := v.settings, v.r.PostForm
	doc := typed(all, form)
	body, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("console: form: %w", err)
	}
	number, _ := strconv.ParseInt(form.Get("version"), 10, 64)
	p := configPage{Version: chatcfg.Version(number), Running: form.Has("running")}
	cfg, err := chatcfg.Apply(base, body)
	var saved charla.Saved
	if err == nil {
		saved, err = v.account.SaveConfig(v.r.Context(), p.Version, cfg, &charla.SaveOptions{
			Running: p.Running, Key: trim(form.Get("key"), 200),
		})
	}
	var found chatcfg.Problems
	switch {
	case errors.As(err, &found):
		v.status = http.StatusUnprocessableEntity
		return v.showConfig(whole(doc, all, base), &cfg, p, found, nil)
	case errors.Is(err, charla.ErrStale):
		v.status = http.StatusConflict
		p.Stale, p.Version = true, current
		p.Differs = v.differs(all, base, cfg)
		return v.showConfig(whole(doc, all, base), &cfg, p, nil, nil)
	case err != nil:
		return err
	}
	open := strings.Join(strings.Fields(form.Get("open")), " ")
	return v.done(channelPath(v.account.ID())+"?open="+url.QueryEscape(open), "saved", int64(saved.Version), int64(saved.Overdue), int64(len(saved.Warnings)))
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
	page := builder{lang: v.prefs.Lang, all: all, doc: document{}}
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
