package console

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// page is what a template gets.
type page struct {
	Title string
	// Nav is the entry of the menu that is lit.
	Nav  string
	Data any
	// Account is the one that the page is about: by default the visit's, else the first.
	Account charla.AccountInfo
	Flash   *flash
	Zone    *time.Location

	// Wide says that the page is of all accounts that the person sees.
	Wide bool

	// The rest is filled in by render.
	Accounts []charla.AccountInfo
	// Sites tell those of Accounts apart that have one name.
	Sites map[chatcfg.AccountID]string
	// In says that somebody is logged in: the page has a menu.
	In     bool
	Person Person
	Prefs  preferences
	// Path is the page's own, below the root.
	Path   string
	Logout string
	Links  []Link
	Now    time.Time
	// Online says whether a customer who writes now finds somebody.
	Online bool
}

// Supervises reports whether the menu has what supervisors see.
func (p page) Supervises() bool { return p.Person.Role >= RoleSupervisor }

// Administers reports whether the menu has what administrators see.
func (p page) Administers() bool { return p.Person.Role >= RoleAdministrator }

// Languages returns the languages of the console, as choices.
func (p page) Languages() []choiceView {
	var list []choiceView
	for _, lang := range tongues {
		list = append(list, choiceView{string(lang), languageNames[lang], lang == p.Prefs.Lang})
	}
	return list
}

// pages are the parsed templates, by language and name.
type pages map[chatcfg.Locale]map[string]*template.Template

// loadPages parses each page with the layout and the parts that pages share, for each
// language.
func (c *Console) loadPages() (pages, error) {
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("console: templates: %w", err)
	}
	all := pages{}
	for lang := range languages {
		all[lang] = map[string]*template.Template{}
		shared := template.New("").Funcs(template.FuncMap{
			"t":     func(text string, args ...any) string { return translate(lang, text, args...) },
			"n":     func(n int, one, many string) string { return plural(lang, n, one, many) },
			"lang":  func(l chatcfg.Locale) string { return cmp.Or(languageNames[l], string(l)) },
			"rule":  func(key tickets.RuleKey) string { return automation.RuleName(key, lang) },
			"root":  func() string { return c.mark },
			"whose": func() string { return c.whose },
			"asset": func(name string) string { return c.mark + "assets/" + c.assets[name].hash + "/" + name },
			"args":  func(pairs ...any) map[string]any { return pairsOf(pairs) },
			"hue":   hue,
			"init":  initials,
			"parts": addressParts,
		})
		if _, err := shared.ParseFS(files, "templates/_*.html"); err != nil {
			return nil, fmt.Errorf("console: templates: %w", err)
		}
		for _, path := range names {
			name := strings.TrimSuffix(strings.TrimPrefix(path, "templates/"), ".html")
			if name[0] == '_' {
				continue
			}
			one, err := shared.Clone()
			if err == nil {
				_, err = one.ParseFS(files, path)
			}
			if err != nil {
				return nil, fmt.Errorf("console: templates: %w", err)
			}
			all[lang][name] = one
		}
	}
	return all, nil
}

// pairsOf makes a map of keys and values that alternate.
func pairsOf(pairs []any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m
}

// link returns the address of a path below the root, for a page that render writes.
func (c *Console) link(path string) string { return c.mark + strings.TrimPrefix(path, "/") }

// render answers with a page and the visit's status; zero: 200. It writes nothing if it
// fails.
func (v *visit) render(name string, p page) error {
	p.Person, p.Prefs, p.In, p.Now, p.Logout = v.person, v.prefs, v.person.ID != "", v.now(), v.o.Logout
	if p.Path = local(v.r.PostForm.Get("back"), "/"); v.r.Method == http.MethodGet {
		query := v.r.URL.Query()
		if p.Flash == nil {
			p.Flash = v.flashOf(query.Get(doneField))
		}
		query.Del(doneField)
		p.Path = v.r.URL.EscapedPath()
		if len(query) > 0 {
			p.Path += "?" + query.Encode()
		}
	}
	if p.In {
		if err := v.fill(&p); err != nil {
			return err
		}
	}
	if p.Zone == nil {
		p.Zone = time.Local
	}
	var body bytes.Buffer
	if err := v.pages[v.prefs.Lang][name].ExecuteTemplate(&body, "layout", p); err != nil {
		return fmt.Errorf("console: page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.status == 0 {
		v.status = http.StatusOK
	}
	v.w.WriteHeader(v.status)
	_, _ = strings.NewReplacer(v.mark, v.root, v.whose, ownerOf(&v.person)).WriteString(v.w, body.String())
	return nil
}

// fill adds to a page what the menu shows.
func (v *visit) fill(p *page) (err error) {
	if p.Accounts, _, err = v.accounts(v.r.Context(), &v.person); err != nil {
		return err
	}
	if p.Sites, err = v.sites(v.r.Context(), p.Accounts); err != nil {
		return err
	}
	one := v.account
	switch {
	case !p.Account.ID.IsZero():
		one = nil
	case one != nil:
		p.Account = one.info
	case len(p.Accounts) > 0:
		p.Account = p.Accounts[0]
	default:
		return nil
	}
	if one == nil {
		if one, err = v.open(v.r.Context(), p.Account.ID); err != nil {
			return err
		}
	}
	for _, link := range v.o.Links {
		link.URL = strings.ReplaceAll(link.URL, "{key}", url.QueryEscape(p.Account.Key))
		p.Links = append(p.Links, link)
	}
	here, err := one.Inbox().Presence(v.r.Context())
	if err != nil {
		return err
	}
	p.Online = here.Available
	if p.Zone == nil {
		p.Zone, err = one.zone(v.r.Context())
	}
	return err
}

// zone returns the time zone of the visit's account.
func (v *visit) zone() (*time.Location, error) { return v.account.zone(v.r.Context()) }

// zone returns the time zone of an account's hours, else the machine's.
func (a *account) zone(ctx context.Context) (*time.Location, error) {
	cfg, _, err := a.Config(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Hours.Timezone == "" {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(cfg.Hours.Timezone)
	if err != nil {
		return time.Local, nil //nolint:nilerr // a zone that this machine lost does no harm here
	}
	return zone, nil
}

// In an account's time, At is "14:05" today and with the day before that, Clock is "14:05"
// of any day, and Stamp is exact.

// At returns an instant in as few words as it takes; empty for the zero time.
func (p page) At(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	at, now := at.In(p.Zone), p.Now.In(p.Zone)
	switch {
	case at.Format(time.DateOnly) == now.Format(time.DateOnly):
		return at.Format("15:04")
	case at.Year() == now.Year():
		return p.day(at) + " " + at.Format("15:04")
	}
	return p.day(at) + at.Format(" 2006")
}

// Clock returns an instant without its day.
func (p page) Clock(at time.Time) string { return at.In(p.Zone).Format("15:04") }

// Day returns a date: "2 mar", with the year if it is another.
func (p page) Day(at time.Time) string {
	at = at.In(p.Zone)
	if at.Year() == p.Now.In(p.Zone).Year() {
		return p.day(at)
	}
	return p.day(at) + at.Format(" 2006")
}

// day returns a date without the year.
func (p page) day(at time.Time) string {
	month := months[p.Prefs.Lang][at.Month()-1]
	return fmt.Sprintf("%d %s", at.Day(), month)
}

// days returns the days from one, inclusive, to another, exclusive: "2 mar", "2–8 mar", "28 feb
// – 6 mar", with the year if it is another.
func (p page) days(from, end time.Time) string {
	first, last := from.In(p.Zone), end.In(p.Zone).AddDate(0, 0, -1)
	text := p.day(last)
	switch {
	case first.Format(time.DateOnly) == last.Format(time.DateOnly):
	case first.Year() != last.Year():
		return p.day(first) + first.Format(" 2006") + " – " + text + last.Format(" 2006")
	case first.Month() == last.Month():
		text = fmt.Sprintf("%d–%s", first.Day(), text)
	default:
		text = p.day(first) + " – " + text
	}
	if last.Year() != p.Now.In(p.Zone).Year() {
		text += last.Format(" 2006")
	}
	return text
}

// Stamp returns an instant to the second: "2 mar 2026, 14:05:07"; empty for the zero time.
func (p page) Stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	at = at.In(p.Zone)
	return p.day(at) + at.Format(" 2006, 15:04:05")
}

// ISO returns an instant for scripts; empty for the zero time.
func (p page) ISO(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// Span returns a duration in two units: "2 h 05 min".
func (p page) Span(d tickets.Span) string { return span(d.Std()) }

// span is Span.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	two := func(big, small time.Duration, bigName, smallName string) string {
		if rest := d % big / small; rest > 0 {
			return fmt.Sprintf("%d %s %02d %s", d/big, bigName, rest, smallName)
		}
		return fmt.Sprintf("%d %s", d/big, bigName)
	}
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return two(time.Minute, time.Second, "min", "s")
	case d < 24*time.Hour:
		return two(time.Hour, time.Minute, "h", "min")
	}
	return two(24*time.Hour, time.Hour, "d", "h")
}

// hue returns one of eight colours for a name, 0 to 7.
func hue(text string) int {
	h := uint32(2166136261)
	for _, b := range []byte(text) {
		h = (h ^ uint32(b)) * 16777619
	}
	return int(h % 8)
}

// initials returns up to two letters for a name; "?" for an empty one.
func initials(name string) string {
	var out []rune
	for _, word := range strings.Fields(name) {
		if len(out) < 2 {
			out = append(out, []rune(strings.ToUpper(string([]rune(word)[:1])))...)
		}
	}
	if len(out) == 0 {
		return "?"
	}
	return string(out[:min(len(out), 2)])
}

// addressParts returns an e-mail address in the parts between which a line may break: before
// the "@". Any other text is one part.
func addressParts(text string) []string {
	if at := strings.LastIndexByte(text, '@'); at > 0 {
		return []string{text[:at], text[at:]}
	}
	return []string{text}
}
