package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// api calls the agents' API, and holds every answer against the document.
type api struct {
	*bench
	who      string
	language string
}

func setupAPI(t *testing.T) *api {
	t.Helper()
	return &api{bench: setupOn(t, charla.Options{}, &console.Options{Login: "/login", Colleagues: func(context.Context, chatcfg.AccountID) ([]console.Person, error) {
		return []console.Person{{ID: "eva", Name: "Eva", Teams: []tickets.TeamID{"taller"}}, {ID: "beto", Name: "Beto", Teams: []tickets.TeamID{"ventas"}}}, nil
	}}), who: "ana"}
}

// as returns the API with another person logged in.
func (a *api) as(who string) *api { return &api{a.bench, who, a.language} }

// reply is an answer of the API.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// into decodes the answer.
func (r *reply) into(v any) {
	r.t.Helper()
	require.Equal(r.t, http.StatusOK, r.status, string(r.body))
	require.NoError(r.t, json.Unmarshal(r.body, v), string(r.body))
}

// refusal is a problem, as a client reads it.
type refusal struct {
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Code     string `json:"code"`
	Detail   string `json:"detail"`
	Problems []struct {
		Path string `json:"path"`
		Code string `json:"code"`
		Args []any  `json:"args"`
		Text string `json:"text"`
	} `json:"problems"`
}

// refused decodes a refusal.
func (r *reply) refused() (p refusal) {
	r.t.Helper()
	require.Equal(r.t, "application/problem+json", r.header.Get("Content-Type"), string(r.body))
	require.NoError(r.t, json.Unmarshal(r.body, &p))
	assert.Equal(r.t, r.status, p.Status)
	return p
}

// paths are what the problems of a refusal are about, each with its code.
func (p refusal) paths() (list []string) {
	for _, one := range p.Problems {
		list = append(list, one.Path+" "+one.Code)
	}
	return list
}

// ofTicket is the path of one of a ticket's operations.
func ofTicket(ref tickets.Ref, rest string) string {
	return "/a/" + ref.Account.String() + "/tickets/" + ref.Conversation.String() + "/1" + rest
}

// here is the path of one of the account's operations.
func (a *api) here(rest string) string { return "/a/" + a.account.ID().String() + rest }

// get reads.
func (a *api) get(path string) *reply { a.t.Helper(); return a.call(http.MethodGet, path, "", nil) }

// post sends a value as JSON, without a key.
func (a *api) post(path string, body any) *reply { a.t.Helper(); return a.keyed(path, "", body) }

// keyed sends a value as JSON with a key; a text is sent as it is.
func (a *api) keyed(path, key string, body any) *reply {
	a.t.Helper()
	text, ok := body.(string)
	if !ok {
		encoded, err := json.Marshal(body)
		require.NoError(a.t, err)
		text = string(encoded)
	}
	return a.call(http.MethodPost, path, key, strings.NewReader(text))
}

// call calls an operation. It checks the answer: its status, media type and schema are
// among those of the document, and it is stored nowhere.
func (a *api) call(method, path, key string, body io.Reader) *reply {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.server.URL+"/desk/api"+path, body)
	require.NoError(a.t, err)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	if a.language != "" {
		request.Header.Set("Accept-Language", a.language)
	}
	return a.send(request)
}

// send sends a request, and checks the answer as call does.
func (a *api) send(request *http.Request) *reply {
	a.t.Helper()
	response, err := as(a.who).RoundTrip(request)
	require.NoError(a.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(a.t, err)
	r := &reply{a.t, response.StatusCode, response.Header, text}
	for _, wrong := range described(a.t).check(request.Method, strings.TrimPrefix(request.URL.Path, "/desk"), r) {
		assert.Fail(a.t, wrong, "%s %s: %d %s", request.Method, request.URL, r.status, r.body)
	}
	assert.Equal(a.t, "no-store", r.header.Get("Cache-Control"))
	return r
}

// document is the OpenAPI document, with a schema for each answer.
type document struct {
	operations map[string]*operationSpec
	compiler   *jsonschema.Compiler
	mu         sync.Mutex
	// seen are the statuses that each operation has answered.
	seen map[string]map[int]bool
}

type operationSpec struct {
	path      *regexp.Regexp
	responses map[string]any
	pointer   string
}

// name is where the document is for the compiler.
const name = "openapi.json"

// described reads the document. Its objects take no other members than it names, so that
// an answer with a member that it lacks is noticed.
func described(t *testing.T) *document {
	t.Helper()
	d, err := readDocument()
	require.NoError(t, err)
	return d
}

var readDocument = sync.OnceValues(func() (*document, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	closeObjects(value)
	d := &document{operations: map[string]*operationSpec{}, compiler: jsonschema.NewCompiler(), seen: map[string]map[int]bool{}}
	d.compiler.AssertFormat()
	for path, methods := range value.(map[string]any)["paths"].(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			pattern := "^" + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$"
			d.operations[strings.ToUpper(method)+" "+path] = &operationSpec{
				regexp.MustCompile(pattern), operation.(map[string]any)["responses"].(map[string]any),
				name + "#/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path) + "/" + method,
			}
		}
	}
	return d, d.compiler.AddResource(name, value)
})

// closeObjects makes every object that has members take no others.
func closeObjects(value any) {
	switch v := value.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok && v["type"] == "object" && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, one := range v {
			closeObjects(one)
		}
	case []any:
		for _, one := range v {
			closeObjects(one)
		}
	}
}

// check is what is wrong with an answer, by the document.
func (d *document) check(method, path string, r *reply) []string {
	for pattern, o := range d.operations {
		if !strings.HasPrefix(pattern, method+" ") || !o.path.MatchString(path) {
			continue
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.seen[pattern] == nil {
			d.seen[pattern] = map[int]bool{}
		}
		d.seen[pattern][r.status] = true
		status := http.StatusText(r.status)
		number := strconv.Itoa(r.status)
		response, ok := o.responses[number].(map[string]any)
		if !ok {
			return []string{"the document has no status " + number + " " + status}
		}
		at := o.pointer + "/responses/" + number
		if _, ok := response["$ref"]; ok {
			at, response = name+"#/components/responses/Problem", map[string]any{"content": map[string]any{"application/problem+json": nil}}
		}
		return d.checkBody(at, response, r)
	}
	if r.status == http.StatusNotFound || r.status == http.StatusUnauthorized || r.status == http.StatusForbidden {
		return d.checkBody(name+"#/components/responses/Problem", map[string]any{"content": map[string]any{"application/problem+json": nil}}, r)
	}
	return []string{"the document has no such operation"}
}

// checkBody is what is wrong with the body of an answer that is described at a place.
func (d *document) checkBody(at string, response map[string]any, r *reply) []string {
	content, _ := response["content"].(map[string]any)
	kind, _, _ := mime.ParseMediaType(r.header.Get("Content-Type"))
	if len(content) == 0 {
		if len(r.body) > 0 {
			return []string{"the document has no body here"}
		}
		return nil
	}
	media := slices.Collect(maps.Keys(content))
	if _, ok := content[kind]; !ok && !slices.Contains(media, "application/octet-stream") {
		return []string{"the document has " + strings.Join(media, ", ") + " here, not " + kind}
	}
	if !strings.HasSuffix(kind, "json") {
		return nil
	}
	if described, ok := content[kind].(map[string]any); ok && described["schema"] == nil {
		return nil
	}
	schema, err := d.compiler.Compile(at + "/content/" + strings.ReplaceAll(kind, "/", "~1") + "/schema")
	if err != nil {
		return []string{err.Error()}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.body))
	if err != nil {
		return []string{err.Error()}
	}
	if err := schema.Validate(value); err != nil {
		return []string{err.Error()}
	}
	return nil
}

// against is what is wrong with a value, by a schema of the document.
func (d *document) against(at string, body []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	schema, err := d.compiler.Compile(name + "#" + at)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}
