package chatcfg_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write config.schema.json")

// Section 10: the schema in the repository is the one of the code. To renew it:
// go test ./chatcfg -run Schema -update
func TestSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	const name = "config.schema.json"
	if *update {
		require.NoError(t, os.WriteFile(name, chatcfg.Schema(), 0o644))
	}
	file, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(chatcfg.Schema()), string(file), "run go test ./chatcfg -run Schema -update")
}

// What is valid satisfies the schema.
func TestSchemaAccepts(t *testing.T) {
	t.Parallel()
	for _, l := range []chatcfg.Locale{"es", "en", "pt", "auto"} {
		assert.Empty(t, against(t, encode(t, chatcfg.Default(l))))
	}
	for _, doc := range []string{
		`{}`,
		`{"quality":{"sla":{"value":3,"unit":"minutes"}},"general":{"reopenWindow":null}}`,
		`{"hours":{"timezone":"America/Santiago","weekly":[{"day":"friday","open":"20:00","close":"24:00"}],
		  "exceptions":[{"date":"2026-09-18","closed":true},{"date":"2026-12-24","open":"09:00","close":"13:00"}]}}`,
		`{"chat":{"extraDomains":["*.tienda.cl"],"primaryColor":"#FFF"},"automation":{"noAgents":{"enabled":true,"messages":["a","b"]}}}`,
	} {
		assert.Empty(t, against(t, []byte(doc)), doc)
	}
	r := rand.New(rand.NewPCG(9, 10))
	accepted := 0
	for range 50 {
		c := repaired(t, random(r))
		require.Empty(t, against(t, encode(t, c)))
		if len(c.Chat.ExtraDomains)+len(c.General.Important.Keywords)+len(c.Automation.NoAgents.Messages) > 0 {
			accepted++
		}
	}
	assert.Greater(t, accepted, 10, "the configurations are too much alike")
}

// repaired takes the defaults back where a configuration is invalid.
func repaired(t *testing.T, c chatcfg.Config) chatcfg.Config {
	t.Helper()
	c = c.Normalize()
	for range 5 {
		c.Chat.Name, c.Chat.Domain = "Tienda", "tienda.cl"
		err := c.Validate()
		if err == nil {
			return c
		}
		for _, p := range problemsOf(t, err) {
			patch := "null"
			keys := strings.Split(p.Path, ".")
			keys = keys[:min(2, len(keys))]
			if keys[0] == "hours" {
				keys = keys[:1]
			}
			for _, key := range slices.Backward(keys) {
				key, _, _ = strings.Cut(key, "[")
				patch = `{"` + key + `":` + patch + `}`
			}
			c, err = chatcfg.Merge(c, []byte(patch))
			require.NoError(t, err, patch)
		}
	}
	require.FailNow(t, "cannot be repaired")
	return c
}

// The schema refuses what Decode or Validate does, where a schema can.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		`[]`, `{"foo":1}`, `{"Chat":{}}`, `{"chat":{"foo":1}}`, `{"chat":{"name":1}}`, `{"chat":{"hidden":"no"}}`,
		`{"chat":{"notification":{"count":0}}}`, `{"chat":{"notification":{"count":4}}}`, `{"chat":{"notification":{"count":1.5}}}`,
		`{"chat":{"locale":"fr"}}`, `{"chat":{"primaryColor":"red"}}`, `{"chat":{"welcome":{"delaySeconds":-1}}}`,
		`{"chat":{"name":"` + strings.Repeat("ñ", chatcfg.MaxName+1) + `"}}`,
		`{"quality":{"sla":{"value":0,"unit":"days"}}}`, `{"quality":{"sla":{"value":1,"unit":"weeks"}}}`, `{"quality":{"sla":{"value":1}}}`, `{"quality":{"sla":5}}`,
		`{"automation":{"noAgents":{"messages":["a","b","c","d"]}}}`, `{"automation":{"noAgents":{"messages":[""]}}}`,
		`{"automation":{"combine":"last"}}`, `{"general":{"notify":{"tickets":"some"}}}`,
		`{"hours":{"weekly":[{"day":"monday","open":"24:00","close":"25:00"}]}}`, `{"hours":{"weekly":[{"day":"Monday","open":"09:00","close":"10:00"}]}}`,
		`{"hours":{"weekly":[{"day":"monday","open":"09:00"}]}}`, `{"hours":{"exceptions":[{"closed":true}]}}`, `{"hours":{"exceptions":[{"from":"2026-01-01","closed":true}]}}`, `{"hours":{"exceptions":[{"date":"2026-01-01","yearly":"01-01","closed":true}]}}`,
	} {
		assert.NotEmpty(t, against(t, []byte(doc)), doc)
		c, err := chatcfg.Decode([]byte(doc))
		if err == nil {
			c.Chat.Name, c.Chat.Domain = cmp.Or(c.Chat.Name, "a"), "b.cl"
			err = c.Validate()
		}
		assert.Error(t, err, doc)
	}
}

// against checks a document against the schema, as far as the schema's own
// vocabulary goes; a keyword that it does not know fails the test.
func against(t *testing.T, doc []byte) []string {
	t.Helper()
	var schema map[string]any
	require.NoError(t, json.Unmarshal(chatcfg.Schema(), &schema))
	var value any
	require.NoError(t, json.Unmarshal(doc, &value))
	c := checker{t: t, definitions: schema["$defs"].(map[string]any)}
	c.check(schema, value, "$")
	return c.wrong
}

type checker struct {
	t           *testing.T
	definitions map[string]any
	wrong       []string
}

func (c *checker) check(schema map[string]any, value any, path string) {
	expect := func(ok bool, keyword string) {
		if !ok {
			c.wrong = append(c.wrong, path+" "+keyword)
		}
	}
	text, isText := value.(string)
	number, isNumber := value.(float64)
	items, isList := value.([]any)
	members, isObject := value.(map[string]any)
	for keyword, arg := range schema {
		switch keyword {
		case "$schema", "$defs", "title", "description":
		case "$ref":
			name := strings.TrimPrefix(arg.(string), "#/$defs/")
			c.check(c.definitions[name].(map[string]any), value, path)
		case "anyOf", "oneOf":
			fit := 0
			for _, one := range arg.([]any) {
				inner := checker{t: c.t, definitions: c.definitions}
				inner.check(one.(map[string]any), value, path)
				if inner.wrong == nil {
					fit++
				}
			}
			expect(fit == 1 || fit > 1 && keyword == "anyOf", keyword)
		case "type":
			boolean := value == true || value == false
			ok := map[string]bool{
				"object": isObject, "array": isList, "string": isText, "boolean": boolean, "null": value == nil,
				"integer": isNumber && number == math.Trunc(number),
			}[arg.(string)]
			expect(ok, keyword)
		case "enum":
			expect(slices.Contains(arg.([]any), value), keyword)
		case "pattern":
			expect(!isText || regexp.MustCompile(arg.(string)).MatchString(text), keyword)
		case "minLength":
			expect(!isText || float64(utf8.RuneCountInString(text)) >= arg.(float64), keyword)
		case "maxLength":
			expect(!isText || float64(utf8.RuneCountInString(text)) <= arg.(float64), keyword)
		case "minimum":
			expect(!isNumber || number >= arg.(float64), keyword)
		case "maximum":
			expect(!isNumber || number <= arg.(float64), keyword)
		case "maxItems":
			expect(float64(len(items)) <= arg.(float64), keyword)
		case "items":
			for i, item := range items {
				c.check(arg.(map[string]any), item, fmt.Sprintf("%s[%d]", path, i))
			}
		case "required":
			for _, key := range arg.([]any) {
				_, has := members[key.(string)]
				expect(has || !isObject, keyword)
			}
		case "properties":
			for key, inner := range arg.(map[string]any) {
				if member, has := members[key]; has {
					c.check(inner.(map[string]any), member, path+"."+key)
				}
			}
		case "additionalProperties":
			for key := range members {
				_, known := schema["properties"].(map[string]any)[key]
				expect(known, keyword)
			}
		default:
			require.FailNow(c.t, "the checker does not know "+keyword)
		}
	}
}
