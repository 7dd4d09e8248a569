package console

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/internal/strictjson"
)

// Bounds of what the API reads.
const (
	// bodyTime is how long a body may take.
	bodyTime = time.Minute
	// maxBody is how large it may be: texts, each character escaped. maxFileBody is that
	// of a body that can have a file: an attachment of 5 MiB in base64, and a text.
	maxBody, maxFileBody = 256 << 10, 8 << 20
	// maxCommas is how many it may have. What a value of JSON takes in memory is many
	// times its length, and between two values of a list there is one.
	maxCommas = 1 << 15
	// maxDepth is how deep its objects and lists may be nested.
	maxDepth = 8
)

// boundBody sets a deadline and a limit for the request's body, before it is known who sends
// it. If the body is not read, the deadline stays, and ends net/http's discarding of it, too.
func (v *visit) boundBody() {
	if v.r.Body == nil || v.r.Body == http.NoBody {
		return
	}
	_ = http.NewResponseController(v.w).SetReadDeadline(networkTime().Add(bodyTime)) // where there is one
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, v.bodyLimit())
}

// bodyLimit returns how large the request's body may be.
func (v *visit) bodyLimit() int64 {
	switch o := v.route.api; {
	case o != nil && o.takesFile():
		return maxFileBody
	case o != nil:
		return maxBody
	case v.multipart():
		return maxUpload
	}
	return maxForm
}

// takesFile reports whether the operation's body can have a file.
func (o *operation) takesFile() bool {
	if o.body == nil {
		return false
	}
	_, ok := o.body.FieldByName("File")
	return ok
}

// bodyRead returns why the request's body could not be read, as a statusError. Where it was
// read it asks again who the person is and whether they may: they may have taken their time
// with the body, and their login may have ended, lost its rights or be another person's. It
// fails as admit does, and with errAnother.
func (v *visit) bodyRead(err error) error {
	switch tooLarge := (*http.MaxBytesError)(nil); {
	case errors.As(err, &tooLarge):
		return statusError(http.StatusRequestEntityTooLarge)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return statusError(http.StatusRequestTimeout)
	case err != nil:
		return statusError(http.StatusBadRequest)
	case v.r.Body == nil || v.r.Body == http.NoBody:
		return nil
	}
	_ = http.NewResponseController(v.w).SetReadDeadline(time.Time{})
	if v.person, v.account, err = v.admit(v.route, v.r); err != nil {
		return err
	}
	return v.meantFor(v.r.Header.Get(personHeader))
}

// readBody reads the request's JSON into a struct. It fails with a statusError, as bodyRead
// does, or with a badRequest that names each member that is unknown, missing, there twice or
// of the wrong kind. Names count as they are written; no name and no text is changed.
func (v *visit) readBody(into any) error {
	kind, parameters, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if charset, ok := parameters["charset"]; err != nil || kind != "application/json" || ok && !strings.EqualFold(charset, "utf-8") {
		return statusError(http.StatusUnsupportedMediaType)
	}
	doc, err := io.ReadAll(v.r.Body)
	if err := v.bodyRead(err); err != nil {
		return err
	}
	if bytes.Count(doc, []byte{','}) > maxCommas {
		return statusError(http.StatusRequestEntityTooLarge)
	}
	return decodeBody(doc, into)
}

// decodeBody does what readBody says with the body's bytes.
func decodeBody(doc []byte, into any) error {
	tree, err := strictjson.Parse(doc, maxDepth)
	var bad badRequest
	syntax := (*json.SyntaxError)(nil)
	switch {
	case errors.As(err, &syntax):
		before := string(doc[:min(int(syntax.Offset), len(doc))])
		line := strings.Count(before, "\n") + 1
		return bad.add("", chatcfg.CodeSyntax, line, len(before)-strings.LastIndex(before, "\n"))
	case errors.Is(err, strictjson.ErrUTF8):
		return bad.add("", chatcfg.CodeInvalidUTF8)
	case errors.Is(err, strictjson.ErrDepth):
		return bad.add("", chatcfg.CodeTooDeep, maxDepth)
	case err != nil:
		return err
	}
	if bad = bad.check("", tree, reflect.TypeOf(into).Elem()); len(bad) > 0 {
		return bad
	}
	return json.Unmarshal(doc, into)
}

// check returns bad with the problems of a value that shall be of a type.
func (bad badRequest) check(path string, v strictjson.Value, t reflect.Type) badRequest {
	if t.Kind() == reflect.Pointer {
		if v.Kind == strictjson.Null {
			return bad
		}
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[[]byte]():
		if _, err := base64.StdEncoding.Strict().DecodeString(v.Text); v.Kind != strictjson.String || err != nil || strings.ContainsAny(v.Text, "\r\n") {
			return bad.addWords(path, "invalid_base64", notBase64)
		}
		return bad
	case t.Kind() == reflect.Struct:
		return bad.checkStruct(path, v, t)
	case t.Kind() == reflect.Map:
		if v.Kind != strictjson.Object {
			return bad.add(path, chatcfg.CodeNotObject)
		}
		seen := map[string]bool{}
		for _, m := range v.Members {
			at := chatcfg.Path(path, m.Name)
			bad = bad.checkName(at, m, seen).check(at, m.Value, t.Elem())
		}
		return bad
	case t.Kind() == reflect.Slice:
		if v.Kind != strictjson.List {
			return bad.add(path, chatcfg.CodeNotList)
		}
		for i, item := range v.Items {
			bad = bad.check(fmt.Sprintf("%s[%d]", path, i), item, t.Elem())
		}
		return bad
	case t.Kind() == reflect.String:
		switch {
		case v.Kind != strictjson.String:
			return bad.add(path, chatcfg.CodeNotText)
		case v.Broken:
			return bad.add(path, chatcfg.CodeInvalidUTF8)
		}
		return bad
	case t.Kind() == reflect.Int64:
		if _, err := strconv.ParseInt(v.Text, 10, 64); errors.Is(err, strconv.ErrRange) {
			return bad.add(path, chatcfg.CodeOverflow)
		} else if v.Kind != strictjson.Number || err != nil {
			return bad.add(path, chatcfg.CodeNotInteger)
		}
		return bad
	}
	panic("console: a body cannot have a " + t.String())
}

// checkStruct returns bad with the problems of an object that shall have the members of a
// struct: all but those that may be omitted, and no other.
func (bad badRequest) checkStruct(path string, v strictjson.Value, t reflect.Type) badRequest {
	if v.Kind != strictjson.Object {
		return bad.add(path, chatcfg.CodeNotObject)
	}
	seen, known := map[string]bool{}, map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = f.Type
	}
	for _, m := range v.Members {
		at := chatcfg.Path(path, m.Name)
		of, ok := known[m.Name]
		if bad = bad.checkName(at, m, seen); !ok {
			bad = bad.add(at, chatcfg.CodeUnknownKey)
			continue
		}
		bad = bad.check(at, m.Value, of)
	}
	for _, f := range reflect.VisibleFields(t) {
		if name, rest, _ := strings.Cut(f.Tag.Get("json"), ","); rest == "" && !seen[name] {
			bad = bad.add(chatcfg.Path(path, name), chatcfg.CodeRequired)
		}
	}
	return bad
}

// checkName returns bad with the problems of a member's name, and adds it to those seen.
func (bad badRequest) checkName(path string, m strictjson.Member, seen map[string]bool) badRequest {
	if m.Broken {
		bad = bad.add(path, chatcfg.CodeInvalidUTF8)
	}
	if seen[m.Name] {
		bad = bad.add(path, chatcfg.CodeDuplicateKey)
	}
	seen[m.Name] = true
	return bad
}
