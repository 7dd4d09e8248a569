package strictjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla/internal/strictjson"
)

// read reads an object into what encoding/json would make of it.
func read(doc string, depth int) (map[string]any, error) {
	got := map[string]any{}
	err := strictjson.ReadObject([]byte(doc), depth, func(name string, v strictjson.Value) error {
		got[name] = plain(v)
		return nil
	})
	return got, err
}

// plain is a value as encoding/json has it, with numbers as they are written.
func plain(v strictjson.Value) any {
	switch v.Kind {
	case strictjson.Object:
		m := map[string]any{}
		for _, one := range v.Members {
			m[one.Name] = plain(one.Value)
		}
		return m
	case strictjson.List:
		l := []any{}
		for _, one := range v.Items {
			l = append(l, plain(one))
		}
		return l
	case strictjson.String:
		return v.Text
	case strictjson.Number:
		return json.Number(v.Text)
	case strictjson.True, strictjson.False:
		return v.Kind == strictjson.True
	}
	return nil
}

func TestReadObject(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		`{}`, " {\r\n\t} ", `{"a":1,"b":[true,false,null,-1.5e+3,0],"c":{"d":"e"}}`, `{"":""}`, `{"a":{"a":{"a":1}},"b":{"a":2}}`,
		`{"a":"\"\\\/\b\f\n\r\t\u0000\u00e9\uD83D\ude00","\u0061a":"😀 ñ"}`, `{"ſub":1,"sub":2,"SUB":3}`, `{"a":"\\ud83d"}`, `{"a" : [ ] , "b" : 0}`,
	} {
		got, err := read(doc, 3)
		require.NoError(t, err, doc)
		want := map[string]any{}
		d := json.NewDecoder(strings.NewReader(doc))
		d.UseNumber()
		require.NoError(t, d.Decode(&want))
		assert.Equal(t, want, got, doc)
	}
	many := func(n int, last string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d":0,`, i)
		}
		return "{" + b.String() + last + "}"
	}
	for doc, want := range map[string]error{
		"{\"a\":\"\xff\"}":            strictjson.ErrUTF8,
		"{\"pe\xf1a\":1}":             strictjson.ErrUTF8,
		"{\"a\":\"\xed\xa0\xbd\"}":    strictjson.ErrUTF8, // half a character in UTF-8
		`{"a":"ana\ud83d"}`:           strictjson.ErrBroken,
		`{"a":"ana\uDE00"}`:           strictjson.ErrBroken,
		`{"a":"\ud83d\ud83d\ude00"}`:  strictjson.ErrBroken,
		`{"a":"\ud83dx"}`:             strictjson.ErrBroken,
		`{"a":"\ud83d\n"}`:            strictjson.ErrBroken,
		`{"a":"\ud83d\u0041"}`:        strictjson.ErrBroken,
		`{"a\ud83d":1}`:               strictjson.ErrBroken,
		`{"a":[{"b":["\udfff"]}]}`:    strictjson.ErrBroken,
		`{"a":1,"a":1}`:               strictjson.ErrTwice,
		`{"a":1,"\u0061":1}`:          strictjson.ErrTwice,
		`{"a":{"b":1,"b":1}}`:         strictjson.ErrTwice,
		`{"a":[{"b":{"":1,"":1}}]}`:   strictjson.ErrTwice,
		many(1000, `"k999":1`):        strictjson.ErrTwice,
		many(8, `"k0":1`):             strictjson.ErrTwice,
		many(7, `"k6":1`):             strictjson.ErrTwice,
		`{"a":[[[[1]]]]}`:             strictjson.ErrDepth,
		`{"a":{"a":{"a":{"a":{}}}}}`:  strictjson.ErrDepth,
		strings.Repeat(`{"a":`, 9000): nil,
		`[]`:                          strictjson.ErrObject,
		`null`:                        strictjson.ErrObject,
		`"a"`:                         strictjson.ErrObject,
		`1`:                           strictjson.ErrObject,
		``:                            nil,
		`{"a":1}{}`:                   nil,
		`{"a":1} x`:                   nil,
		`{"a":1,}`:                    nil,
		`{"a":01}`:                    nil,
		`{'a':1}`:                     nil,
		"{\"a\":\"\x00\"}":            nil,
		`{"a":"\ud83"}`:               nil,
		"\ufeff{}":                    nil,
	} {
		_, err := read(doc, 4)
		if want != nil {
			require.ErrorIs(t, err, want, "%.60s", doc)
			continue
		}
		var syntax *json.SyntaxError
		require.ErrorAs(t, err, &syntax, "%.60s", doc)
	}
	_, err := read(many(1000, `"k1000":1`), 1)
	require.NoError(t, err, "that many names, each once")
	stop := errors.New("stop")
	calls := 0
	err = strictjson.ReadObject([]byte(many(3, `"k3":1`)), 1, func(string, strictjson.Value) error {
		calls++
		return stop
	})
	require.ErrorIs(t, err, stop)
	assert.Equal(t, 1, calls)
}

// TestParse: what is doubtful is in the tree.
func TestParse(t *testing.T) {
	t.Parallel()
	v, err := strictjson.Parse([]byte(`[{"a":"\ud83d","a":1,"\udc00":"x"}]`), 2)
	require.NoError(t, err)
	m := v.Items[0].Members
	require.Len(t, m, 3)
	assert.Equal(t, strictjson.Member{Name: "a", Value: strictjson.Value{Kind: strictjson.String, Text: "\ufffd", Broken: true}}, m[0])
	assert.Equal(t, strictjson.Member{Name: "a", Value: strictjson.Value{Kind: strictjson.Number, Text: "1"}}, m[1])
	assert.True(t, m[2].Broken)
	assert.False(t, m[2].Value.Broken)
	_, err = strictjson.Parse([]byte(`[[[]]]`), 2)
	require.ErrorIs(t, err, strictjson.ErrDepth)
	for _, doc := range []string{`1`, `"a"`, ` null `, `false`} {
		_, err = strictjson.Parse([]byte(doc), 0)
		require.NoError(t, err, doc)
	}
}

// FuzzReadObject: what is read is what encoding/json reads, and written again it is the
// same document; Parse refuses no more than what is no JSON or no UTF-8.
func FuzzReadObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":"\ud83d\ude00"}`, `{"a":"\ud83d"}`, `{"a":1,"A":2}`, `{"a":1,"a":2}`, `{"a":[1e400,{"b":"\u0000\/"}]}`, `[]`, "{\"\xff\":1}", `{"a":-0.0} `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		tree, err := strictjson.Parse(doc, len(doc)+1)
		require.Equal(t, json.Valid(doc) && utf8.Valid(doc), err == nil, "%v", err)
		got, err2 := read(string(doc), len(doc)+1)
		if err2 != nil {
			return
		}
		require.NoError(t, err)
		want := map[string]any{}
		d := json.NewDecoder(strings.NewReader(string(doc)))
		d.UseNumber()
		require.NoError(t, d.Decode(&want))
		require.Equal(t, want, got)
		require.Equal(t, want, plain(tree))
		text, err := json.Marshal(got)
		require.NoError(t, err)
		again, err := read(string(text), len(doc)+1)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}
