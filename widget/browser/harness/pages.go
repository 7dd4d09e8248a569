package main

import (
	"html/template"
	"net/http"
	"net/url"

	"github.com/charlahq/charla/widget"
)

// pages returns a handler of a host's pages: /page?key=KEY has the account's snippet in it;
// the other parameters make it difficult.
func (w *world) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /page", w.page)
	mux.HandleFunc("GET /frame", func(rw http.ResponseWriter, r *http.Request) {
		_ = framing.Execute(rw, w.base+"page/"+url.PathEscape(r.FormValue("key")))
	})
	mux.HandleFunc("GET /empty", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = rw.Write([]byte("<!doctype html><html lang=es><title>vacía</title><main><h1>Vacía</h1></main>"))
	})
	mux.Handle("/desk/", http.StripPrefix("/desk", w.console))
	mux.HandleFunc("GET /login", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = login.Execute(rw, r.FormValue("next"))
	})
	return mux
}

var login = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="es"><title>Entrar</title><main><h1>Entrar</h1><a href="{{.}}">Ya entré</a></main>
`))

var hosting = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="{{.Lang}}"{{if .Dir}} dir="{{.Dir}}"{{end}}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tienda</title>
{{if .Scheme}}<meta name="color-scheme" content="{{.Scheme}}">{{end}}
{{if .Hostile}}<style>
* { all: unset !important; display: block !important; color: red !important; font: 40px/1 serif !important;
    margin: 30px !important; position: static !important; visibility: hidden !important; opacity: 0 !important;
    transform: rotate(9deg) !important; z-index: 1 !important; width: 10px !important; pointer-events: none !important }
</style>{{end}}
</head>
<body>
<header><h1>Tienda</h1></header>
<main>
<p>Una página de la tienda. <a href="#abajo">Abajo</a></p>
<label>Buscar <input id="search"></label>
<button id="host-button">Comprar</button>
</main>
{{.Snippet}}
</body>
</html>
`))

var framing = template.Must(template.New("frame").Parse(`<!doctype html>
<html lang="es"><title>marco</title><iframe title="chat" src="{{.}}" width="400" height="600"></iframe>
`))

// page answers with a page that has an account's snippet.
func (w *world) page(rw http.ResponseWriter, r *http.Request) {
	snippet, err := widget.Snippet(w.base, r.FormValue("key"))
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	head := rw.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	if r.FormValue("csp") != "" {
		chat, err := url.Parse(w.base)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		chat.Path = ""
		origin := chat.String()
		head.Set("Content-Security-Policy", "default-src 'none'; script-src "+origin+"; connect-src "+origin+
			"; img-src "+origin+"; require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'")
	}
	lang := r.FormValue("lang")
	if lang == "" {
		lang = "es"
	}
	_ = hosting.Execute(rw, map[string]any{
		"Lang": lang, "Dir": r.FormValue("dir"), "Scheme": r.FormValue("scheme"), "Hostile": r.FormValue("hostile") != "",
		"Snippet": template.HTML(snippet), //nolint:gosec // what an administrator pastes
	})
}
