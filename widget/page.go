package widget

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/charlahq/charla/chatcfg"
)

//go:embed pages.html
var pagesSource string

// The pages, by their templates' names.
const (
	pageAlone   = "page"
	pageContact = "contact"
	pageSent    = "sent"
	pageRating  = "rating"
	pageRated   = "rated"
	pageLogin   = "login"
	pageError   = "error"
)

// pages are the templates, with what their policies allow: one style and one
// script, by their hashes.
var pages = sync.OnceValue(func() (p struct {
	templates     *template.Template
	style, script string
}) {
	p.templates = template.Must(template.New("").Parse(pagesSource))
	p.style, p.script = hashOf("<style>", "</style>"), hashOf("<script>", "</script>")
	return p
})

// hashOf returns the source expression, for a Content-Security-Policy, of what stands
// between the first pair of two tags in the templates.
func hashOf(begin, end string) string {
	_, rest, _ := strings.Cut(pagesSource, begin)
	inner, _, _ := strings.Cut(rest, end)
	sum := sha256.Sum256([]byte(inner))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// pageData is what the templates show.
type pageData struct {
	Locale chatcfg.Locale
	Chat   *chatcfg.Chat
	Key    string
	Form   *formData
	Rating *ratingForm
	// Contact are the contact form's texts, as in the configuration, Asks those of the
	// question how it was.
	Contact, Asks any
	// Words are the fixed texts.
	Words map[string]string
	// Message goes to the opener, if that is Origin; Failed: it says that the
	// login did not work.
	Message, Origin string
	Failed          bool
	Error           string
}

// html makes the answer a page: it sets headers, and errors are answered as pages, too.
func (c *call) html() {
	c.page = true
	h := c.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language")
	// Without a referrer browsers would say that the form comes from nowhere.
	h.Set("Referrer-Policy", "same-origin")
}

// render answers with a page, whose Content-Security-Policy allows what that page needs
// and nothing else. It fails if the template does, and then nothing has been answered.
func (c *call) render(status int, name string, data pageData) error {
	all := pages()
	data.Locale, data.Chat, data.Key = c.locale(), c.chat, c.info.Key
	if c.chat != nil {
		public := c.chat.Public(c.speaks())
		data.Contact, data.Asks = public["contact"], public["rating"]
	}
	data.Words = make(map[string]string, len(words))
	for name, one := range words {
		data.Words[name] = one.in(data.Locale)
	}
	var b bytes.Buffer
	if err := all.templates.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	policy := "default-src 'none'; base-uri 'none'; style-src " + all.style
	ancestors := "'none'"
	switch name {
	case pageAlone:
		policy = "default-src 'none'; base-uri 'none'; form-action 'none'; script-src 'self'; connect-src 'self'; " +
			"img-src 'self' blob:; require-trusted-types-for 'script'"
		ancestors = c.ancestors()
	case pageContact, pageSent:
		policy += "; form-action 'self'"
		ancestors = c.ancestors()
	case pageRating:
		policy += "; form-action 'self'"
	case pageLogin:
		policy += "; script-src " + all.script
	}
	h := c.w.Header()
	h.Set("Content-Security-Policy", policy+"; frame-ancestors "+ancestors)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	c.writeWithin(answerTimeout)
	c.w.WriteHeader(status)
	_, _ = c.w.Write(b.Bytes())
	return nil
}

// ancestors returns who may frame the account's pages, for a Content-Security-Policy: its
// domains (R6.8). A policy cannot express "one level", so that *. allows deeper ones here,
// too; what is in the frame has our own origin all the same.
func (c *call) ancestors() string {
	var list []string
	for _, d := range append([]string{c.chat.Domain}, c.chat.ExtraDomains...) {
		if d != "" && !strings.HasPrefix(d, "[") { // policies know no IPv6
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		return "'none'"
	}
	return strings.Join(list, " ")
}

// standAlone answers with a page that has nothing but the widget. It fails as visit does, or
// if the method is not GET or HEAD.
func (c *call) standAlone(key string) error {
	c.html()
	if err := c.visit(key); err != nil {
		return err
	}
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return &failure{status: http.StatusMethodNotAllowed, code: codeMethod, allow: "GET"}
	}
	return c.render(http.StatusOK, pageAlone, pageData{})
}

// failPage answers with an error as a page.
func (c *call) failPage(f *failure) {
	if f.retry > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(seconds(f.retry)))
	}
	if f.allow != "" {
		c.w.Header().Set("Allow", f.allow)
	}
	if err := c.render(f.status, pageError, pageData{Error: texts[f.code].in(c.locale())}); err != nil {
		c.log(err)
	}
}

// words are the fixed texts of the pages.
var words = map[string]phrases{
	"name":    {"Nombre", "Name", "Nome"},
	"email":   {"Correo electrónico", "E-mail", "E-mail"},
	"phone":   {"Teléfono", "Telephone", "Telefone"},
	"text":    {"Mensaje", "Message", "Mensagem"},
	"send":    {"Enviar", "Send", "Enviar"},
	"title":   {"Escríbenos", "Write to us", "Escreva para nós"},
	"sent":    {"Recibimos tu mensaje.", "We received your message.", "Recebemos sua mensagem."},
	"failed":  {"No pudimos guardar tu mensaje. Inténtalo de nuevo.", "We could not save your message. Please try again.", "Não conseguimos guardar sua mensagem. Tente de novo."},
	"login":   {"Ya puedes cerrar esta ventana.", "You can close this window now.", "Você já pode fechar esta janela."},
	"nobody":  {"Por ahora no se puede entrar a este chat.", "Nobody can enter this chat for now.", "Por enquanto não é possível entrar neste chat."},
	"comment": {"Comentario (opcional)", "Comment (optional)", "Comentário (opcional)"},
	"good":    {"Bien", "Good", "Bem"},
	"bad":     {"Mal", "Bad", "Mal"},
	"noLogin": {"No se pudo iniciar sesión. Puedes cerrar esta ventana.", "The login did not work. You can close this window.", "Não foi possível entrar. Você pode fechar esta janela."},
}
