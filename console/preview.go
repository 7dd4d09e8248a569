package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
)

// Limits of previews.
const (
	// previewFor is how long one can be looked at.
	previewFor = 15 * time.Minute
	// maxOwnPreviews is how many a person has, the newest; maxPreviews how many all have together.
	maxOwnPreviews, maxPreviews = 2, 64
)

// previewHost is the site on which a preview's chat is, which exists nowhere.
const previewHost = "preview.invalid"

// preview is the widget with settings that are not saved: the real one, on a desk of its own
// in memory, which sends nothing and knows of no customer but the sample's. Who has its address
// may look at it: the frame in which it is shown has no cookies and no storage.
type preview struct {
	owner  tickets.AgentID
	until  time.Time
	desk   *charla.Desk
	widget *widget.Handler
	// account is its only one, of the sample conversation.
	account  *charla.Account
	key      string
	identity string
	lang     chatcfg.Locale
}

// previews are those that can be looked at, by what stands in their address.
type previews struct {
	mu  sync.Mutex
	all map[string]*preview
}

// sample is who talks in a preview.
var sample = charla.Proof{Subject: "preview", Name: "Carla", Email: "carla@example.com", RUT: "12345678-5", Phone: "+56912345678"}

// makePreview answers with the address of a preview of what was typed, or with its problems.
func (v *visit) makePreview() error {
	base, _, err := v.account.Config(v.r.Context())
	if err != nil {
		return err
	}
	_, cfg, _, err := v.read(base)
	var one *preview
	if err == nil {
		one, err = v.newPreview(&cfg)
	}
	var found chatcfg.Problems
	if errors.As(err, &found) {
		return v.sayPreview(http.StatusUnprocessableEntity, map[string]string{"problem": v.t("Lo que escribiste tiene problemas: corrígelos para verlo.")})
	} else if err != nil {
		return err
	}
	name := v.previews.add(one, v.now())
	return v.sayPreview(http.StatusOK, map[string]string{"frame": v.up + "preview/" + name + "/frame"})
}

// sayPreview answers a page's script.
func (v *visit) sayPreview(status int, what map[string]string) error {
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(status)
	_ = json.NewEncoder(v.w).Encode(what)
	return nil
}

// newPreview makes the preview of a configuration, with the account's pictures. It fails with
// [chatcfg.Problems] for one that is not valid.
func (v *visit) newPreview(cfg *chatcfg.Config) (*preview, error) {
	ctx := v.r.Context()
	cfg.Chat.Hidden, cfg.Chat.ExtraDomains = false, nil
	desk, err := charla.New(storage.NewMemory(), nil)
	if err != nil {
		return nil, fmt.Errorf("console: preview: %w", err)
	}
	account, secret, err := desk.CreateAccount(ctx, cfg.Chat.Name, previewHost, &charla.AccountOptions{Config: cfg})
	if err != nil {
		return nil, err
	}
	for kind, is := range map[charla.ImageKind]*chatcfg.Image{charla.ImagePicture: v.account.info.Picture, charla.ImageLogo: v.account.info.Logo} {
		if is == nil {
			continue
		}
		body, err := v.account.Image(ctx, kind)
		if err == nil {
			err = account.SetImage(ctx, kind, body)
		}
		if err != nil {
			return nil, err
		}
	}
	p := &preview{owner: v.person.ID, until: v.now().Add(previewFor), desk: desk, account: account, lang: v.prefs.Lang}
	if p.identity, err = charla.SignIdentity(secret, account.ID(), sample, desk.Now(), previewFor); err != nil {
		return nil, fmt.Errorf("console: preview: %w", err)
	}
	if err := p.talk(ctx, v.t("Hola, ¿tienen la taza azul?"), v.t("¡Sí! Quedan tres.")); err != nil {
		return nil, err
	}
	info, err := account.Info(ctx)
	if err != nil {
		return nil, err
	}
	p.key = info.Key
	p.widget, err = widget.New(desk, nil)
	return p, err
}

// agent returns who answers in the preview.
func (p *preview) agent() *charla.Agent {
	return p.account.Agent(charla.Person{ID: "ana", Name: "Ana"})
}

// talk makes the sample conversation.
func (p *preview) talk(ctx context.Context, asks, answers string) error {
	if err := p.agent().Heartbeat(ctx, tickets.Online); err != nil {
		return err
	}
	proof, err := p.account.VerifyIdentity(ctx, p.identity)
	if err != nil {
		return err
	}
	visitor, _, err := p.account.Enter(ctx, charla.Entry{Proof: &proof, Locale: p.lang})
	if err != nil {
		return err
	}
	said, err := visitor.Write(ctx, asks, nil)
	if err == nil {
		_, err = p.agent().Reply(ctx, said.Ref, answers, nil)
	}
	return err
}

// add keeps a preview, in place of the person's oldest if they have too many, or else of the oldest
// of all if all have together, and returns what stands in its address.
func (s *previews) add(one *preview, now time.Time) string {
	name := randomText()
	for _, other := range s.put(name, one, now) {
		other.widget.Close()
	}
	return name
}

// put does add, and returns the previews that have to be closed.
func (s *previews) put(name string, one *preview, now time.Time) (over []*preview) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own, oldest, oldestOwn := 0, "", ""
	older := func(a, b string) bool { return b == "" || s.all[a].until.Before(s.all[b].until) }
	drop := func(name string) {
		over = append(over, s.all[name])
		delete(s.all, name)
	}
	for name, other := range s.all {
		if !now.Before(other.until) {
			drop(name)
			continue
		}
		if older(name, oldest) {
			oldest = name
		}
		if other.owner != one.owner {
			continue
		}
		if own++; older(name, oldestOwn) {
			oldestOwn = name
		}
	}
	switch {
	case own >= maxOwnPreviews:
		drop(oldestOwn)
	case len(s.all) >= maxPreviews:
		drop(oldest)
	}
	if s.all == nil {
		s.all = map[string]*preview{}
	}
	s.all[name] = one
	return over
}

// find returns a preview; nil: there is none, or its time is over.
func (s *previews) find(name string, now time.Time) *preview {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.all[name]; one != nil && now.Before(one.until) {
		return one
	}
	return nil
}

// close ends all previews.
func (s *previews) close() {
	s.mu.Lock()
	all := s.all
	s.all = nil
	s.mu.Unlock()
	for _, one := range all {
		one.widget.Close()
	}
}

// previewPolicy lets the frame run the widget and ask its own preview. It is an origin of its own,
// without cookies and storage, wherever it is opened.
const previewPolicy = "sandbox allow-scripts; default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; " +
	"style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// servePreview serves a preview's frame, and the widget in it: whose address it is knows that
// from the settings page. It asks for no login, as the frame has none.
func (c *Console) servePreview(w http.ResponseWriter, r *http.Request) {
	p := c.previews.find(r.PathValue("preview"), c.now())
	if p == nil {
		http.NotFound(w, r)
		return
	}
	head := w.Header()
	for _, name := range []string{"X-Frame-Options", "Content-Security-Policy", "Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy"} {
		head.Del(name)
	}
	head.Set("Cross-Origin-Resource-Policy", "cross-origin")
	rest := r.PathValue("rest")
	switch {
	case r.Method == http.MethodGet && rest == "frame":
		p.frame(w, r)
	case r.Method == http.MethodGet && rest == "preview.js":
		head.Set("Content-Type", kinds["js"])
		_, _ = w.Write(c.assets["preview.js"].body)
	default:
		inner := r.Clone(r.Context())
		inner.URL.Path, inner.URL.RawPath, inner.RequestURI = "/"+rest, "", "/"+rest
		if inner.Header.Get("Origin") != "" || strings.HasPrefix(rest, "v1/") {
			inner.Header.Set("Origin", "https://"+previewHost)
		}
		p.widget.ServeHTTP(&anyOrigin{ResponseWriter: w}, inner)
	}
}

// frame answers with the page that shows the widget, in the state that the address names.
func (p *preview) frame(w http.ResponseWriter, r *http.Request) {
	presence := tickets.Online
	state := r.URL.Query().Get("state")
	if state == "form" {
		presence = tickets.Offline
	}
	if err := p.agent().Heartbeat(r.Context(), presence); err != nil {
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", previewPolicy)
	identity := ""
	if state == "chat" {
		identity = p.identity
	}
	_, _ = fmt.Fprintf(w, `<!doctype html><html lang="%s"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%s</title>
<script src="preview.js" data-state="%s" data-theme="%s" data-identity="%s"></script><script async src="loader.js" data-charla="%s"></script></html>
`, p.lang, html.EscapeString(translate(p.lang, "Vista previa")), html.EscapeString(state), html.EscapeString(r.URL.Query().Get("theme")), identity, html.EscapeString(p.key))
}

// anyOrigin lets a frame without an origin read the answers of its preview.
type anyOrigin struct {
	http.ResponseWriter
	begun bool
}

// begin sets the headers that differ from what the widget says.
func (w *anyOrigin) begin() {
	if !w.begun {
		w.begun = true
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
}

// WriteHeader sends the header.
func (w *anyOrigin) WriteHeader(status int) {
	w.begin()
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (w *anyOrigin) Write(b []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(b) //nolint:wrapcheck // the widget's own answer
}

// FlushError sends what is written so far, and the header.
func (w *anyOrigin) FlushError() error {
	w.begin()
	return http.NewResponseController(w.ResponseWriter).Flush() //nolint:wrapcheck // for [http.ResponseController]
}

// Unwrap returns the writer below, for [http.ResponseController].
func (w *anyOrigin) Unwrap() http.ResponseWriter { return w.ResponseWriter }
