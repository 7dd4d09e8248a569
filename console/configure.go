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
	// Flash says what was done beside saving; nil: nothing.
	Flash *flash
	// Unsaved says that the form holds what is not saved.
	Unsaved bool
	// Where are the pages that may show the chat: the account's domains, and the server of
	// the chat itself.
	Where   []string
	Server  string
	Zones   []zoneView
	Deleted bool
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
	return v.showConfig(doc, p, nil, v.lint(cfg))
}

// showConfig shows a document, valid or not, with its problems and warnings.
func (v *visit) showConfig(doc document, p configPage, problems, warnings []chatcfg.Problem) error {
	saved, _, err := v.account.Config(v.r.Context())
	if err != nil {
		return err
	}
	if v.account.info, err = v.account.Info(v.r.Context()); err != nil { // an image or a token may be new
		return err
	}
	b := builder{lang: v.prefs.Lang, now: v.now(), all: v.settings, doc: doc, lacks: v.lacks(saved)}
	p.Sections = b.sections(problems, warnings)
	p.Top, p.Zones, p.Key = b.top, zoneViews(v.prefs.Lang), randomText()
	p.Where = append([]string{saved.Chat.Domain}, saved.Chat.ExtraDomains...)
	p.Deleted = !v.account.info.DeletedAt.IsZero()
	if v.o.WidgetURL != "" {
		if p.Snippet, err = widget.Snippet(v.o.WidgetURL, v.account.info.Key); err != nil {
			return err
		}
		if u, err := url.Parse(v.o.WidgetURL); err == nil && !slices.Contains(p.Where, u.Host) {
			p.Server = u.Host
		}
	}
	return v.render("configure", page{Title: v.account.info.Name, Nav: "channels", Data: p, Flash: p.Flash})
}

// lacks returns what this host is not able to do, by the settings that need it, also where they
// are off: who would switch one on knows before.
func (v *visit) lacks(cfg chatcfg.Config) map[string]string {
	const anybody = "x@example.com"
	cfg.Chat.Facebook.Enabled, cfg.Chat.Google.Enabled, cfg.Chat.ContactForm.Enabled = true, true, true
	cfg.Chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: anybody}
	cfg.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{anybody}}
	all := map[string]string{}
	for _, p := range v.lint(cfg) {
		if p.Code == chatcfg.WarnNoLogin || p.Code == chatcfg.WarnNoMailer {
			all[p.Path] = p.Message(v.prefs.Lang)
		}
	}
	return all
}

// read returns what was typed, the saved configuration with it, and a page for both. It
// fails with [chatcfg.Problems] for what is no configuration.
func (v *visit) read(base chatcfg.Config) (doc document, cfg chatcfg.Config, p configPage, err error) {
	form := v.r.PostForm
	doc = typed(v.settings, form)
	body, err := json.Marshal(doc)
	if err != nil {
		return doc, base, p, fmt.Errorf("console: form: %w", err)
	}
	number, _ := strconv.ParseInt(form.Get("version"), 10, 64)
	p = configPage{Version: chatcfg.Version(number), Running: form.Has("running")}
	cfg, err = chatcfg.Apply(base, body)
	return whole(doc, v.settings, base), cfg, p, err
}

// saveConfig saves what was typed, whole (R1.4), and says what has changed. If it has
// problems, or is stale, it shows the form again.
func (v *visit) saveConfig() error {
	base, current, err := v.account.Config(v.r.Context())
	if err != nil {
		return err
	}
	doc, cfg, p, err := v.read(base)
	var saved charla.Saved
	if err == nil {
		by := v.person.agent()
		saved, err = v.account.SaveConfig(v.r.Context(), p.Version, cfg, &charla.SaveOptions{
			Running: p.Running, Key: trim(v.r.PostForm.Get("key"), 200), By: &by,
		})
	}
	var found chatcfg.Problems
	switch {
	case errors.As(err, &found):
		v.status, p.Unsaved = http.StatusUnprocessableEntity, true
		return v.showConfig(doc, p, found, nil)
	case errors.Is(err, charla.ErrStale):
		v.status, p.Unsaved = http.StatusConflict, true
		p.Stale, p.Version = true, current
		p.Differs = v.names(v.differs(base, cfg))
		return v.showConfig(doc, p, nil, nil)
	case err != nil:
		return err
	}
	numbers := []int64{int64(saved.Overdue), int64(len(saved.Warnings))}
	if p.Version == current { // else a repetition: what it changed is in base already
		changed := v.differs(base, cfg.Normalize())
		numbers = append(numbers, int64(len(changed)))
		for _, order := range changed[:min(len(changed), maxNamed)] {
			numbers = append(numbers, int64(order))
		}
	}
	return v.done(channelPath(v.account.ID()), "saved", numbers...)
}

// maxNamed is how many of the changed settings a page names.
const maxNamed = 4

// beside shows the settings after a change that is no save, with what was typed and not
// saved, if the request holds that; change adds to the page.
func (v *visit) beside(change func(*configPage)) error {
	if !v.r.PostForm.Has("version") {
		return v.configPage(change)
	}
	base, _, err := v.account.Config(v.r.Context())
	if err != nil {
		return err
	}
	doc, cfg, p, err := v.read(base)
	p.Unsaved = err != nil || len(v.differs(base, cfg.Normalize())) > 0
	change(&p)
	return v.showConfig(doc, p, nil, nil)
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

// differs returns the settings, by their order, in which two configurations differ.
func (v *visit) differs(saved, mine chatcfg.Config) []int {
	a, errA := documentOf(saved)
	b, errB := documentOf(mine)
	if errA != nil || errB != nil {
		return nil
	}
	var list []int
	for path, s := range v.settings {
		if fmt.Sprint(a.at(path)) != fmt.Sprint(b.at(path)) {
			list = append(list, s.Order)
		}
	}
	slices.Sort(list)
	return list
}

// names returns what settings are called, by their order; one that is none is left out.
func (v *visit) names(orders []int) []string {
	page := builder{lang: v.prefs.Lang, all: v.settings, doc: document{}}
	page.sections(nil, nil)
	byOrder := map[int]string{}
	for _, f := range page.fields {
		byOrder[f.Order] = f.Name
	}
	var names []string
	for _, order := range orders {
		if name, ok := byOrder[order]; ok {
			names = append(names, name)
		}
	}
	return names
}

// savedFlash returns what the page says after a save: how many tickets are overdue now, how
// many warnings there are, how many settings changed, and which are the first of them.
func (v *visit) savedFlash(n []int) *flash {
	f := &flash{Kind: "good", Text: v.t("Los cambios se guardaron.")}
	if len(n) > 2 {
		names := strings.Join(v.names(n[3:min(len(n), 3+maxNamed)]), "; ")
		switch more := n[2] - maxNamed; {
		case n[2] == 0:
			f.Text = v.t("No había cambios: todo sigue como estaba.")
		case more > 0:
			f.Text = v.t("Se guardó: %s; y %d más.", names, more)
		default:
			f.Text = v.t("Se guardó: %s.", names)
		}
	}
	if len(n) > 0 && n[0] > 0 {
		f.Text += " " + v.t("Tickets abiertos que quedan vencidos: %d.", n[0])
	}
	if len(n) > 1 && n[1] > 0 {
		f.Kind = "warn"
		f.Text += " " + v.t("Hay advertencias: %d.", n[1])
	}
	return f
}

// trim returns at most the first length bytes of a text.
func trim(s string, length int) string { return s[:min(len(s), length)] }
