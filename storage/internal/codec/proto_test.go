package codec_test

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"testing"

	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// field is a field of a message in charla.proto.
type field struct{ kind, name string }

var (
	declaration = regexp.MustCompile(`(?s)message (\w+) \{\n(.*?)\n\}`)
	oneField    = regexp.MustCompile(`(?m)^  (?:optional |repeated )?([\w<>, ]+) (\w+) = (\d+);$`)
)

// declared are the messages of charla.proto.
func declared(t *testing.T) map[string]map[string]field {
	text, err := os.ReadFile("charla.proto")
	require.NoError(t, err)
	all := map[string]map[string]field{"map<string, string>": {"1": {"string", "key"}, "2": {"string", "value"}}}
	for _, m := range declaration.FindAllStringSubmatch(string(text), -1) {
		fields := map[string]field{}
		for _, f := range oneField.FindAllStringSubmatch(m[2], -1) {
			require.NotContains(t, fields, f[3], m[1])
			fields[f[3]] = field{f[1], f[2]}
		}
		all[m[1]] = fields
	}
	return all
}

// charla.proto says what is written: all of it, and nothing else.
func TestProto(t *testing.T) {
	t.Parallel()
	all := declared(t)
	seen := map[string]bool{}
	var walk func(message string, doc []byte)
	walk = func(message string, doc []byte) {
		require.Contains(t, all, message)
		for len(doc) > 0 {
			tag, n := binary.Uvarint(doc)
			doc = doc[n:]
			number := strconv.FormatUint(tag>>3, 10)
			f, ok := all[message][number]
			require.True(t, ok, "%s has no field %s", message, number)
			seen[message+"."+f.name] = true
			v, n := binary.Uvarint(doc)
			switch tag & 7 {
			case 0:
				assert.Contains(t, []string{"int64", "bool"}, f.kind, f.name)
				doc = doc[n:]
			case 1:
				assert.Equal(t, "fixed64", f.kind, f.name)
				doc = doc[8:]
			case 2:
				if f.kind != "string" && f.kind != "bytes" {
					walk(f.kind, doc[n:n+int(v)])
				}
				doc = doc[n+int(v):]
			default:
				require.Fail(t, "wire type")
			}
		}
	}
	for _, f := range forms {
		walk(f.name, f.append(nil, filler{rand.New(rand.NewPCG(1, 2)), false}.value(reflect.TypeOf(f.zero))))
	}
	walk("Message", codec.AppendMessage(nil, &tickets.Message{From: tickets.FromNote, Text: "nota", File: &tickets.File{Name: "a"}}))
	for message, fields := range all {
		for _, f := range fields {
			assert.True(t, seen[message+"."+f.name], "%s.%s is never written", message, f.name)
		}
	}
}
