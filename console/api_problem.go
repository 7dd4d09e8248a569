package console

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// problem is what the API answers when it refuses or fails (RFC 9457).
type problem struct {
	// Title is the status in words, Status its number.
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Code names what is wrong; it is stable and fit for a program.
	Code string `json:"code"`
	// Detail says it in English.
	Detail string `json:"detail"`
	// Problems are what is wrong with single values, in the language of Accept-Language.
	Problems []problemItem `json:"problems,omitempty"`
}

// problemItem is what is wrong with one value.
type problemItem struct {
	// Path is where the value is: the name of a parameter, or the way to a member of the
	// body, such as "assignee.agent". Empty: the whole.
	Path string `json:"path"`
	// Code names the kind of problem, such as "too_long"; it is stable and fit for a program.
	Code string `json:"code"`
	// Args are what the text mentions, such as limits.
	Args []any `json:"args,omitempty"`
	// Text says it in Spanish, English or Portuguese.
	Text string `json:"text"`
}

// badRequest is an error: what is wrong with the form of a request.
type badRequest []badValue

// badValue is what is wrong with one value. Words are for a code that chatcfg lacks.
type badValue struct {
	chatcfg.Problem
	words chatcfg.Words
}

// Error says in English that the request is not understood.
func (bad badRequest) Error() string { return "the request is not understood" }

// maxProblems is how many problems of a request's form are named.
const maxProblems = 50

// add returns bad with one more problem, if there is room for it.
func (bad badRequest) add(path string, code chatcfg.Code, args ...any) badRequest {
	return bad.addValue(badValue{Problem: chatcfg.Problem{Path: path, Code: code, Args: args}})
}

// addWords does what add does, with words for the code.
func (bad badRequest) addWords(path string, code chatcfg.Code, words chatcfg.Words) badRequest {
	return bad.addValue(badValue{chatcfg.Problem{Path: path, Code: code}, words})
}

// addValue returns bad with one more problem, if there is room for it.
func (bad badRequest) addValue(one badValue) badRequest {
	if len(bad) >= maxProblems {
		return bad
	}
	return append(bad, one)
}

// The words of the API's own codes.
var (
	notTime   = chatcfg.Words{ES: "Debe ser una hora como 2026-05-20T18:00:00Z.", EN: "It must be a time such as 2026-05-20T18:00:00Z.", PT: "Deve ser uma hora como 2026-05-20T18:00:00Z."}
	notID     = chatcfg.Words{ES: "Debe ser un ID.", EN: "It must be an ID.", PT: "Deve ser um ID."}
	notBase64 = chatcfg.Words{ES: "Debe ser texto en base64.", EN: "It must be text in base64.", PT: "Deve ser texto em base64."}
)

// failAPI answers with an error as a problem, and logs one that is no refusal.
func (v *visit) failAPI(err error) {
	p := v.problemOf(err)
	head := v.w.Header()
	switch p.Status {
	case http.StatusServiceUnavailable:
		head.Set("Retry-After", "1")
	case http.StatusInternalServerError:
		if v.r.Context().Err() == nil {
			v.o.Logger.Error("console: request failed", slog.String("path", v.r.URL.Path), slog.Any("error", err))
		}
	}
	writeProblem(v.w, &p)
}

// writeProblem answers with a problem.
func writeProblem(w http.ResponseWriter, p *problem) {
	body, err := json.Marshal(p)
	if err != nil {
		panic("console: " + err.Error()) // of types that always encode
	}
	w.Header().Del("Content-Disposition")
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}

// problemOf returns the problem that an error is.
func (v *visit) problemOf(err error) problem {
	var bad badRequest
	var found chatcfg.Problems
	var refusal chatcfg.Refusal
	var status statusError
	var answered *answeredError
	p := problem{Status: http.StatusConflict, Code: charla.ErrorClass(err)}
	switch {
	case errors.Is(err, ErrNobody):
		p.Status, p.Code, p.Detail = http.StatusUnauthorized, "unauthorized", "nobody is logged in"
	case errors.Is(err, errAnother):
		p.Code = "person"
	case errors.As(err, &answered):
		p.Code = "answered"
	case errors.As(err, &status):
		p = problemWith(int(status))
	case errors.As(err, &bad):
		p.Status, p.Code = http.StatusBadRequest, "bad_request"
	case errors.As(err, &found):
		p.Status, p.Detail = http.StatusUnprocessableEntity, "a value is not acceptable"
		for _, one := range found {
			bad = append(bad, badValue{Problem: one})
		}
	case errors.Is(err, charla.ErrNotFound):
		p.Status = http.StatusNotFound
	case errors.Is(err, charla.ErrCursor), errors.Is(err, tickets.ErrCommand):
		p.Status = http.StatusUnprocessableEntity
	case errors.As(err, &refusal):
	case errors.Is(err, charla.ErrBusy):
		p.Status = http.StatusServiceUnavailable
	default:
		p.Status, p.Detail = http.StatusInternalServerError, "it may have been done or not: repeat it with the same key"
	}
	p.Title = http.StatusText(p.Status)
	if p.Detail == "" {
		p.Detail = err.Error() // of a refusal, which says nothing of the inside
	}
	lang := chatcfg.MatchLocale(v.r.Header.Get("Accept-Language"))
	for _, one := range bad {
		text := one.words.In(lang, lang)
		if text == "" {
			text = one.Message(lang)
		}
		p.Problems = append(p.Problems, problemItem{one.Path, string(one.Code), one.Args, text})
	}
	return p
}

// statusCodes are the codes of the statuses that stand for themselves.
var statusCodes = map[int]string{
	http.StatusBadRequest: "bad_request", http.StatusForbidden: "forbidden", http.StatusNotFound: "not_found",
	http.StatusRequestTimeout: "timeout", http.StatusRequestEntityTooLarge: "too_large", http.StatusRequestURITooLong: "too_long",
	http.StatusUnsupportedMediaType: "media_type", http.StatusMethodNotAllowed: "method",
}

// problemWith returns the problem that a status is.
func problemWith(status int) problem {
	return problem{Title: http.StatusText(status), Status: status, Code: statusCodes[status], Detail: http.StatusText(status)}
}

// refuseOrigin answers to what comes from another origin's page.
func refuseOrigin(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
		return
	}
	p := problemWith(http.StatusForbidden)
	p.Code, p.Detail = "origin", "the request comes from a page of another origin"
	writeProblem(w, &p)
}

// under returns a badRequest with a path before its paths, and any other error as it is.
func under(path string, err error) error {
	var bad badRequest
	if !errors.As(err, &bad) {
		return err
	}
	for i := range bad {
		bad[i].Path = path + "." + bad[i].Path
	}
	return bad
}
