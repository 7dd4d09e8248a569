package console

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// The most that a request's body may hold.
const (
	maxForm   = 2 << 20 // a configuration of 256 KiB, as a form writes it
	maxUpload = 8 << 20 // a picture, or an attachment of 5 MiB
)

// policy lets a page load what the console serves and nothing else: no script or
// style inside a page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// visit is one request of one person.
type visit struct {
	*Console
	w      http.ResponseWriter
	r      *http.Request
	route  *route
	person Person
	// account is the one that the address names; nil: it names none.
	account *account
	prefs   preferences
	// up leads from the request's address to the console's root, and root from the page
	// on which the answer is shown, which may be another: "./", "../" and so on.
	up, root string
	// scripted says that a script asks, not a browser that goes to a page.
	scripted bool
	// callKey is the key by which the API's client may repeat a call; empty: none.
	callKey string
	// draft is what the composer has in it.
	draft draft
	// status is what render answers; zero: 200.
	status int
}

// rootHeader is what a page's script sends along: the way from that page to the root.
const rootHeader = "Charla-Root"

var rootPattern = regexp.MustCompile(`^(\./|(\.\./){1,9})$`)

// visitOf returns a request's visit, before it is admitted.
func (c *Console) visitOf(w http.ResponseWriter, r *http.Request, to *route) *visit {
	v := &visit{Console: c, w: w, r: r, route: to, up: "./"}
	if depth := strings.Count(r.URL.EscapedPath(), "/") - 1; depth > 0 {
		v.up = strings.Repeat("../", depth)
	}
	v.root = v.up
	if root := r.Header.Get(rootHeader); rootPattern.MatchString(root) {
		v.root, v.scripted = root, true
	}
	accept := r.Header.Get("Accept")
	v.scripted = v.scripted || strings.Contains(accept, "text/event-stream") || strings.Contains(accept, "application/json")
	return v
}

// handler returns the handler of a route: it asks who it is and whether they may, and
// calls the route's serve or shows its error.
func (c *Console) handler(to *route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := c.visitOf(w, r, to)
		serve, fail := to.serve, v.fail
		if to.api != nil {
			serve, fail = to.api.do, v.failAPI
		}
		v.boundBody()
		var err error
		v.person, v.account, err = c.admit(to, r)
		v.prefs = preferencesOf(r, &v.person)
		if another := v.meantFor(r.Header.Get(personHeader)); another != nil {
			err = another
		}
		if err == nil && strings.HasPrefix(to.pattern, http.MethodPost+" ") && to.api == nil {
			err = v.parseForm()
		}
		switch {
		case err == nil:
			err = serve(v)
		case errors.Is(err, errAnother) && to.api == nil:
			err = v.refuseAnother(err)
		}
		if err != nil {
			fail(err)
		}
	})
}

// setHeaders sets what every answer of the console has.
func setHeaders(head http.Header) {
	head.Set("Content-Security-Policy", policy)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("X-Frame-Options", "DENY")
	head.Set("Referrer-Policy", "same-origin")
	head.Set("Cross-Origin-Opener-Policy", "same-origin")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	head.Set("Cache-Control", "no-store")
}

// multipart reports whether the request's body is a form that can have files.
func (v *visit) multipart() bool {
	return strings.HasPrefix(v.r.Header.Get("Content-Type"), "multipart/")
}

// parseForm reads the request's form. It fails with a statusError, as bodyRead does, and
// with errAnother.
func (v *visit) parseForm() error {
	parse := v.r.ParseForm
	if v.multipart() {
		parse = func() error { return v.r.ParseMultipartForm(maxUpload) }
	}
	if err := v.bodyRead(parse()); err != nil {
		return err
	}
	return v.meantFor(v.r.PostForm.Get(personField))
}

// statusError is an error that is only its status.
type statusError int

// Error returns the status in words.
func (e statusError) Error() string { return http.StatusText(int(e)) }

// failure returns the status and the sentence for an error, and logs one that it does
// not know.
func (v *visit) failure(err error) (status int, text string) {
	var status0 statusError
	var found chatcfg.Problems
	var taken *tickets.TakenError
	var answered *answeredError
	switch {
	case errors.Is(err, ErrNobody):
		return http.StatusUnauthorized, v.t("Tu sesión terminó. Entra de nuevo.")
	case errors.Is(err, errAnother):
		return http.StatusConflict, v.t("Esta página era de otra persona; ahora entró %s. No se hizo nada: si todavía hace falta, hazlo otra vez.", v.person.called())
	case errors.As(err, &status0):
		return int(status0), v.t(map[statusError]string{
			http.StatusBadRequest: "La petición no se entiende.", http.StatusForbidden: "Tu rol no permite esto.", http.StatusMethodNotAllowed: "La petición no se entiende.",
			http.StatusRequestTimeout: "La petición no se entiende.", http.StatusRequestEntityTooLarge: "Es demasiado grande.", http.StatusUnprocessableEntity: "La petición no se entiende.",
		}[status0])
	case errors.As(err, &found):
		var texts []string
		for _, p := range found {
			texts = append(texts, p.Message(v.prefs.Lang))
		}
		return http.StatusUnprocessableEntity, strings.Join(texts, " ")
	case errors.Is(err, charla.ErrNotFound):
		return http.StatusNotFound, v.t("Aquí no hay nada.")
	case errors.Is(err, charla.ErrDeleted):
		return http.StatusGone, v.t("Esta cuenta fue eliminada.")
	case errors.Is(err, tickets.ErrTransition):
		return http.StatusConflict, v.t("El estado del ticket ya no permite eso.")
	case errors.As(err, &answered):
		return http.StatusConflict, v.t("%s respondió mientras escribías. Lee su respuesta; si quieres enviar la tuya, envíala otra vez.", answered.by)
	case errors.As(err, &taken) && taken.By.Agent == "":
		return http.StatusConflict, v.t("Ya no lo tiene nadie: mira otra vez a quién se lo das.")
	case errors.As(err, &taken) && taken.By.Agent == v.person.ID:
		return http.StatusConflict, v.t("Ya lo tienes tú.")
	case errors.As(err, &taken):
		return http.StatusConflict, v.t("%s lo tomó antes.", (&Person{ID: taken.By.Agent, Name: taken.By.Name}).called())
	case errors.Is(err, charla.ErrNoneWaiting):
		return http.StatusConflict, v.t("Nadie espera: no hay un siguiente.")
	case errors.Is(err, tickets.ErrNotLatest):
		return http.StatusConflict, v.t("Hay un ticket más nuevo de este cliente: este solo se puede tipificar y describir.")
	case errors.Is(err, tickets.ErrAutomated):
		return http.StatusConflict, v.t("Es un bot: no se le dan tickets.")
	case errors.Is(err, tickets.ErrCategory):
		return http.StatusUnprocessableEntity, v.t("Esa categoría no está en la lista de la cuenta.")
	case errors.Is(err, tickets.ErrAnonymous):
		return http.StatusConflict, v.t("El cliente es anónimo: no se puede tipificar ni describir.")
	case errors.Is(err, charla.ErrKeyReused):
		return http.StatusConflict, v.t("Esto ya se envió con otro contenido.")
	case errors.Is(err, charla.ErrNotDead), errors.Is(err, charla.ErrNotDeleted):
		return http.StatusConflict, v.t("Ya no es necesario.")
	case errors.Is(err, charla.ErrCursor):
		return http.StatusBadRequest, v.t("La lista cambió; vuelve a empezar.")
	case errors.Is(err, charla.ErrBusy):
		return http.StatusServiceUnavailable, v.t("Hay demasiado trabajo en este momento. Inténtalo de nuevo.")
	}
	if v.r.Context().Err() == nil {
		v.o.Logger.Error("console: request failed", slog.String("path", v.r.URL.Path), slog.Any("error", err))
	}
	return http.StatusInternalServerError, v.t("Algo falló. Puede que se haya hecho o no: compruébalo antes de repetir.")
}

// fail answers with an error: a script gets JSON, who is not logged in the host's login,
// anybody else a page.
func (v *visit) fail(err error) {
	var text string
	v.status, text = v.failure(err)
	switch {
	case v.scripted:
		said := map[string]any{"error": text, "code": v.problemOf(err).Code}
		if answered := (*answeredError)(nil); errors.As(err, &answered) {
			said["seen"] = answered.last
		}
		v.json(said)
		return
	case v.status == http.StatusUnauthorized && v.o.Login != "":
		http.Redirect(v.w, v.r, v.loginURL(), http.StatusSeeOther)
		return
	}
	v.account = nil
	if err := v.render("error", page{Title: strings.TrimSuffix(text, "."), Data: text}); err != nil {
		v.o.Logger.Error("console: error page", slog.Any("error", err))
		http.Error(v.w, http.StatusText(v.status), v.status)
	}
}

// json answers with a value and the visit's status.
func (v *visit) json(value any) {
	body, err := json.Marshal(value)
	if err != nil {
		panic("console: " + err.Error()) // of types that always encode
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(v.status)
	_, _ = v.w.Write(body)
}

// loginURL returns the host's login, which gets the address that was asked for as "next";
// for a request that was no GET the console's root.
func (v *visit) loginURL() string {
	next := v.r.RequestURI
	if u, err := url.ParseRequestURI(next); err != nil || v.r.Method != http.MethodGet {
		next = "/"
		if err == nil {
			next = strings.TrimSuffix(u.EscapedPath(), v.r.URL.EscapedPath()) + "/"
		}
	} else {
		next = u.RequestURI()
	}
	login := *v.login
	query := login.Query()
	query.Set("next", next)
	login.RawQuery = query.Encode()
	return login.String()
}

// redirect sends the browser to a path below the console's root. It does not fail.
func (v *visit) redirect(path string) error {
	// Not http.Redirect, which makes an absolute path and knows nothing of the prefix.
	v.w.Header().Set("Location", v.up+strings.TrimPrefix(path, "/"))
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// back sends the browser to the path in the form's field "back", else to other.
func (v *visit) back(other string) error {
	return v.redirect(local(v.r.PostFormValue("back"), other))
}

// local returns a path if it is one below the console's root, else other.
func local(path, other string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") ||
		strings.ContainsAny(path, "\\\r\n") || strings.Contains(u.Path, "/.") {
		return other
	}
	return u.RequestURI()
}

// query returns the query of the page that is shown: the request's, or that of the page to
// which a form goes back.
func (v *visit) query() url.Values {
	if v.r.Method == http.MethodGet {
		return v.r.URL.Query()
	}
	u, err := url.Parse(local(v.r.PostForm.Get("back"), "/"))
	if err != nil {
		return url.Values{}
	}
	return u.Query()
}

// flash is what the page after a change says.
type flash struct {
	// Kind is "good", "bad" or "warn".
	Kind, Text string
}

// doneField is the query's field by which an address says what was just done: a word of
// flashOf and its numbers, between dots.
const doneField = "done"

// done sends the browser to a path that says what was done.
func (v *visit) done(path, what string, numbers ...int64) error {
	for _, n := range numbers {
		what += "." + strconv.FormatInt(n, 10)
	}
	between := "?"
	if strings.Contains(path, "?") {
		between = "&"
	}
	return v.redirect(path + between + doneField + "=" + what)
}

// flashOf returns what a page says of the field done; nil: nothing.
func (v *visit) flashOf(done string) *flash {
	what, rest, _ := strings.Cut(done, ".")
	n := make([]int, 3)
	for i, text := range strings.SplitN(rest, ".", 8) {
		if i >= len(n) {
			n = append(n, 0)
		}
		n[i], _ = strconv.Atoi(text)
	}
	switch what {
	case "saved":
		return v.savedFlash(n[:min(len(n), strings.Count(done, "."))])
	case "undone":
		return v.undoneFlash(n[:min(len(n), strings.Count(done, "."))])
	case "classify":
		return &flash{Kind: "good", Text: v.t("La tipificación se guardó.")}
	case "describe":
		return &flash{Kind: "good", Text: v.t("Los metadatos se guardaron.")}
	case "reply":
		return &flash{Kind: "good", Text: v.t("La respuesta rápida se guardó.")}
	case "noreply":
		return &flash{Kind: "good", Text: v.t("La respuesta rápida se quitó.")}
	case "image":
		return &flash{Kind: "good", Text: v.t("La imagen se guardó.")}
	case "noimage":
		return &flash{Kind: "good", Text: v.t("La imagen se quitó.")}
	case "deleted":
		return &flash{Kind: "good", Text: v.t("La cuenta se eliminó. Su historia se puede leer hasta que la borres del todo.")}
	case "purged":
		return &flash{Kind: "good", Text: v.t("Se borró todo. Conversaciones: %d; tickets: %d; mensajes: %d.", n[0], n[1], n[2])}
	case "again":
		return &flash{Kind: "good", Text: v.t("Se enviará de nuevo.")}
	case "another":
		return &flash{Kind: "warn", Text: v.t("Esta página era de otra persona y ahora es la tuya. Lo que escribió quedó guardado para ella.")}
	case "needless":
		return &flash{Kind: "warn", Text: v.t("Ya no es necesario.")}
	}
	return nil
}

// home says that the person is there, and sends the browser to the first account's
// inbox; without an account it says so.
func (v *visit) home() error {
	if err := v.stillThere(); err != nil {
		return err
	}
	live, _, err := v.accounts(v.r.Context(), &v.person)
	switch {
	case err != nil:
		return err
	case len(live) > 0:
		return v.redirect(accountPath(live[0].ID, "inbox"))
	case v.person.Role == RoleAdministrator:
		return v.redirect("/channels")
	}
	return v.render("error", page{Title: v.t("Bandeja"), Data: v.t("Todavía no ves ninguna cuenta.")})
}

// accountPath returns the path of one of an account's pages.
func accountPath(id chatcfg.AccountID, name string) string { return "/a/" + id.String() + "/" + name }

// channelPath returns the path of an account's settings.
func channelPath(id chatcfg.AccountID) string { return "/channels/" + id.String() }

// stillThere repeats the heartbeat of a person who is online; for any other it does
// nothing (R4.7).
func (v *visit) stillThere() error {
	if v.prefs.Presence != tickets.Online {
		return nil
	}
	return v.heartbeat(v.r.Context(), &v.person, tickets.Online)
}
