package widget

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// The codes of errors, as the protocol has them.
const (
	codeRequest   = "request"
	codeSession   = "session"
	codeOrigin    = "origin"
	codeNotFound  = "not_found"
	codeMethod    = "method"
	codeKeyReused = "key_reused"
	codeForm      = "contact_form"
	codeAvailable = "available"
	codeTimeout   = "timeout"
	codeTooLarge  = "too_large"
	codeMediaType = "media_type"
	codeInvalid   = "invalid"
	codeRate      = "rate"
	codeBusy      = "busy"
	codeInternal  = "internal"
	codeStream    = "stream"
	codeForbidden = "not_allowed"
	codeClosed    = "closed"
	codeRating    = "rating"
)

// The codes of problems that are the handler's own.
const (
	codeIdentity chatcfg.Code = "identity"
	codeLogin    chatcfg.Code = "login"
)

// failure is an error as a visitor gets it.
type failure struct {
	status   int
	code     string
	retry    time.Duration // zero: no Retry-After
	problems chatcfg.Problems
	allow    string // for codeMethod
	limit    string // the name of the limit, for codeRate
}

// Error returns the failure's code, for logs.
func (f *failure) Error() string { return "widget: " + f.code }

// The failures without anything of their own.
var (
	errRequest   = &failure{status: http.StatusBadRequest, code: codeRequest}
	errSession   = &failure{status: http.StatusUnauthorized, code: codeSession}
	errOrigin    = &failure{status: http.StatusForbidden, code: codeOrigin}
	errNotFound  = &failure{status: http.StatusNotFound, code: codeNotFound}
	errTimeout   = &failure{status: http.StatusRequestTimeout, code: codeTimeout}
	errTooLarge  = &failure{status: http.StatusRequestEntityTooLarge, code: codeTooLarge}
	errMediaType = &failure{status: http.StatusUnsupportedMediaType, code: codeMediaType}
	errInternal  = &failure{status: http.StatusInternalServerError, code: codeInternal}
	errBusy      = &failure{status: http.StatusServiceUnavailable, code: codeBusy, retry: time.Second}
	errNoStream  = &failure{status: http.StatusNotImplemented, code: codeStream}
)

// invalid returns an error with one problem in what the visitor sent.
func invalid(path string, code chatcfg.Code) error {
	return chatcfg.Problems{{Path: path, Code: code}}
}

// known are the errors of a desk that a visitor is told of.
var known = []struct {
	is error
	as *failure
}{
	{charla.ErrSession, errSession},
	{charla.ErrDeleted, errOrigin}, // like an account that never was
	{charla.ErrNotFound, errNotFound},
	{charla.ErrKeyReused, &failure{status: http.StatusConflict, code: codeKeyReused}},
	{charla.ErrContactForm, &failure{status: http.StatusConflict, code: codeForm}},
	{charla.ErrAvailable, &failure{status: http.StatusConflict, code: codeAvailable}},
	{charla.ErrNoForm, errNotFound},
	{charla.ErrNotAllowed, &failure{status: http.StatusForbidden, code: codeForbidden}},
	{tickets.ErrTransition, &failure{status: http.StatusConflict, code: codeClosed}},
	{tickets.ErrNotLatest, &failure{status: http.StatusConflict, code: codeClosed}},
	{tickets.ErrRating, &failure{status: http.StatusConflict, code: codeRating}},
	{tickets.ErrNoTicket, errNotFound},
	{charla.ErrBusy, errBusy},
	{charla.ErrNewerFormat, errBusy}, // while processes are replaced: the next one may
	{storage.ErrClosed, errBusy},
}

// asFailure returns an error as a visitor gets it, and whether it must be logged for an
// operator; an unknown one is errInternal.
func asFailure(err error) (f *failure, mustLog bool) {
	var problems chatcfg.Problems
	switch {
	case errors.As(err, &f):
		return f, false
	case errors.As(err, &problems):
		return &failure{status: http.StatusUnprocessableEntity, code: codeInvalid, problems: problems}, false
	}
	for _, k := range known {
		if errors.Is(err, k.is) {
			return k.as, errors.Is(err, storage.ErrClosed)
		}
	}
	return errInternal, !errors.Is(err, context.Canceled)
}

// errorBody is an error's JSON.
type errorBody struct {
	Error struct {
		Code     string        `json:"code"`
		Message  string        `json:"message"`
		Problems []problemBody `json:"problems,omitempty"`
	} `json:"error"`
}

type problemBody struct {
	Path    string       `json:"path"`
	Code    chatcfg.Code `json:"code"`
	Message string       `json:"message"`
}

// fail answers with an error, and logs it if an operator should know of it. It must be the
// only answer.
func (c *call) fail(err error) {
	f, mustLog := asFailure(err)
	if mustLog {
		c.log(err)
	}
	if c.page {
		c.failPage(f)
		return
	}
	locale := c.locale()
	var body errorBody
	body.Error.Code, body.Error.Message = f.code, texts[f.code].in(locale)
	for _, p := range f.problems {
		body.Error.Problems = append(body.Error.Problems, problemBody{p.Path, p.Code, problemText(p, locale)})
	}
	if f.retry > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(seconds(f.retry)))
	}
	if f.allow != "" {
		c.w.Header().Set("Allow", f.allow)
	}
	c.json(f.status, body)
}

// log logs an error of a request.
func (c *call) log(err error) {
	c.h.o.Logger.ErrorContext(c.r.Context(), "widget: request failed", "route", c.route, "error", err)
}

// json answers with a JSON document, which by default must not be stored. A large one for
// which there is no room now is answered as an error.
func (c *call) json(status int, body any) {
	raw := encode(body)
	if len(raw) > largeAnswer {
		leave, err := c.enterBulk()
		if err != nil {
			c.fail(err)
			return
		}
		defer leave()
	}
	c.writeWithin(answerTimeout) // from now on: the body may have taken its time
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(raw)
}

// phrases are a text in the three languages.
type phrases struct{ es, en, pt string }

// in returns the text in a language: Spanish for one that is unknown.
func (p phrases) in(l chatcfg.Locale) string {
	switch l {
	case chatcfg.English:
		return p.en
	case chatcfg.Portuguese:
		return p.pt
	}
	return p.es
}

// problemText returns a problem's sentence: the widget's own, which speaks to a visitor, if
// there is one, else the problem's.
func problemText(p chatcfg.Problem, l chatcfg.Locale) string {
	if own, ok := texts[string(p.Code)]; ok {
		return own.in(l)
	}
	return p.Message(l)
}

var texts = map[string]phrases{
	codeRequest:          {"La petición no es válida.", "The request is malformed.", "A requisição não é válida."},
	codeSession:          {"La sesión terminó.", "The session has ended.", "A sessão terminou."},
	codeOrigin:           {"Esta página no puede usar el chat: su dominio (con o sin www.) no está entre los de la cuenta.", "This page may not use the chat: its domain (with or without www.) is none of the account's.", "Esta página não pode usar o chat: seu domínio (com ou sem www.) não está entre os da conta."},
	codeNotFound:         {"No existe.", "There is no such thing.", "Não existe."},
	codeMethod:           {"Método no permitido.", "Method not allowed.", "Método não permitido."},
	codeKeyReused:        {"La clave ya se usó para otra cosa.", "The key was used for something else.", "A chave já foi usada para outra coisa."},
	codeForm:             {"Ahora no hay nadie; usa el formulario.", "Nobody is here now; use the form.", "Agora não há ninguém; use o formulário."},
	codeAvailable:        {"Ahora hay alguien; escribe en el chat.", "Somebody is here now; write in the chat.", "Agora há alguém; escreva no chat."},
	codeTimeout:          {"Tardó demasiado en llegar; inténtalo de nuevo.", "It took too long to arrive; try again.", "Demorou demais para chegar; tente de novo."},
	codeTooLarge:         {"Es demasiado grande.", "It is too large.", "É grande demais."},
	codeMediaType:        {"Este tipo no se acepta.", "This type is not taken.", "Este tipo não é aceito."},
	codeInvalid:          {"Revisa lo que escribiste.", "Check what you typed.", "Confira o que você escreveu."},
	codeRate:             {"Vas demasiado rápido; espera un momento.", "Too fast; wait a moment.", "Rápido demais; espere um momento."},
	codeBusy:             {"Hay mucho movimiento; inténtalo de nuevo.", "Too much going on; try again.", "Há muito movimento; tente de novo."},
	codeInternal:         {"Algo salió mal; inténtalo de nuevo.", "Something went wrong; try again.", "Algo deu errado; tente de novo."},
	codeStream:           {"Aquí no pasan los flujos; pregunta de a poco.", "Streams do not get through here; poll.", "Aqui não passam fluxos; pergunte aos poucos."},
	codeForbidden:        {"Aquí no se puede.", "This is not possible here.", "Aqui não é possível."},
	codeClosed:           {"La conversación ya terminó.", "The conversation has ended.", "A conversa já terminou."},
	codeRating:           {"Ya no se puede calificar.", "It can no longer be rated.", "Já não se pode avaliar."},
	string(codeIdentity): {"La identidad no es válida.", "The identity is not valid.", "A identidade não é válida."},
	string(codeLogin):    {"El inicio de sesión no es válido o caducó.", "The login is not valid or has expired.", "O login não é válido ou expirou."},
}
