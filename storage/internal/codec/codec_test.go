package codec_test

import (
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// form is how documents of one type are written and read.
type form struct {
	name   string
	zero   any // a value, not a pointer
	append func(b []byte, v any) []byte
	decode func(doc string) (any, error)
}

func formOf[T any](append func([]byte, *T) []byte, decode func(string, *T) error) form {
	var zero T
	return form{
		name:   reflect.TypeFor[T]().Name(),
		zero:   zero,
		append: func(b []byte, v any) []byte { one := v.(T); return append(b, &one) },
		decode: func(doc string) (any, error) { var v T; err := decode(doc, &v); return v, err },
	}
}

var forms = []form{
	formOf(codec.AppendMessage, codec.DecodeMessage),
	formOf(codec.AppendConversation, codec.DecodeConversation),
	formOf(codec.AppendSession, codec.DecodeSession),
	formOf(codec.AppendTicket, codec.DecodeTicket),
	formOf(codec.AppendEntry, codec.DecodeEntry),
	formOf(codec.AppendReceipt, codec.DecodeReceipt),
}

// filler fills values with chance.
type filler struct {
	*rand.Rand
	// gaps leaves every other thing zero.
	gaps bool
}

func (f filler) value(t reflect.Type) any {
	v := reflect.New(t).Elem()
	f.fill(v)
	return v.Interface()
}

func (f filler) fill(v reflect.Value) {
	if f.gaps && v.Kind() != reflect.Struct && f.IntN(2) == 0 {
		return
	}
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(f.time()))
		return
	case uuid.UUID:
		v.Set(reflect.ValueOf(f.id()))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.Uint64()>>f.IntN(64)) | 1)
	case reflect.Uint8:
		v.SetUint(1 + uint64(f.IntN(255)))
	case reflect.Uint64:
		v.SetUint(f.Uint64() | 1)
	case reflect.String:
		v.SetString(strings.Repeat("niño", 1+f.IntN(60)) + string(rune('a'+f.IntN(26))))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+f.IntN(4), 4))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 1 + f.IntN(4) {
			key := reflect.New(v.Type().Key()).Elem()
			value := reflect.New(v.Type().Elem()).Elem()
			f.fill(key)
			f.fill(value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	default:
		panic("no value for a " + v.Type().String())
	}
}

// time is any instant that JSON can write, in any zone, to the nanosecond; 1970
// now and then.
func (f filler) time() time.Time {
	if f.IntN(10) == 0 {
		return time.Unix(0, 0)
	}
	t := time.Date(1+f.IntN(9998), 1, 1, 0, 0, f.IntN(360*86400), f.IntN(1e9), time.UTC)
	return t.In(time.FixedZone("", 3600*(f.IntN(24)-12)))
}

func (f filler) id() (id uuid.UUID) {
	for i := range id {
		id[i] = byte(1 + f.IntN(255))
	}
	return id
}

// cut brings the times in a value to how stores keep them.
func cut(v reflect.Value) {
	if t, ok := v.Interface().(time.Time); ok {
		if !t.IsZero() {
			v.Set(reflect.ValueOf(t.UTC().Truncate(time.Microsecond)))
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			cut(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			cut(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			cut(v.Field(i))
		}
	}
}

// byJSON is what is left of a value that a store kept as JSON.
func byJSON(t *testing.T, v any) any {
	p := reflect.New(reflect.TypeOf(v))
	p.Elem().Set(reflect.ValueOf(v))
	cut(p.Elem())
	doc, err := json.Marshal(p.Interface())
	require.NoError(t, err)
	back := reflect.New(reflect.TypeOf(v))
	require.NoError(t, json.Unmarshal(doc, back.Interface()))
	return back.Elem().Interface()
}

// Every field of every type, of its parts too, comes back as it would from JSON:
// one that is added to a type and forgotten here fails.
func TestEverythingComesBack(t *testing.T) {
	t.Parallel()
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			for i := range 500 {
				v := filler{random, i%2 == 1}.value(reflect.TypeOf(f.zero))
				doc := f.append([]byte("before"), v)
				back, err := f.decode(string(doc[len("before"):]))
				require.NoError(t, err)
				require.Equal(t, byJSON(t, v), back)
				require.Equal(t, doc[len("before"):], f.append(nil, back), "equal values are equal bytes")
			}
		})
	}
}

func TestZero(t *testing.T) {
	t.Parallel()
	for _, f := range forms {
		assert.Empty(t, f.append(nil, f.zero), f.name)
		back, err := f.decode("")
		require.NoError(t, err)
		assert.Equal(t, f.zero, back)
	}
	// What is there but empty stays there.
	var back tickets.Ticket
	v := tickets.Ticket{Wait: &tickets.Wait{}, Typification: &tickets.Typification{}, Notified: []string{""}, Metadata: map[string]string{"": ""}}
	require.NoError(t, codec.DecodeTicket(string(codec.AppendTicket(nil, &v)), &back))
	assert.Equal(t, v, back)
}

// golden are values whose bytes are in testdata: what is in a database stays
// readable, whatever fields are added.
var golden = map[string]any{
	"Message": tickets.Message{
		Seq: 7, Ticket: 2, At: at(1), From: tickets.FromRule, Level: tickets.LevelClaimed, Session: tickets.SessionID{UUID: uuid.UUID{1: 2}},
		Agent: "ana", Name: "Ana", Rule: "outOfHours", Text: "Abrimos mañana.",
		File: &tickets.File{ID: tickets.FileID{UUID: uuid.UUID{12}}, Name: "plano.pdf", Type: "application/pdf", Size: 70000, Inline: true},
	},
	"Conversation": tickets.Conversation{
		Format: 1, Account: chatcfg.AccountID{UUID: uuid.UUID{3}}, ID: tickets.ConversationID{UUID: uuid.UUID{4}}, Version: 300,
		Identity: tickets.Identity{Kind: tickets.IdentityProvider, Value: "google:1"}, Customer: customer, CreatedAt: at(2), LastAt: at(3),
		LastSeq: 9, LastEntry: 8, Number: 2, CustomerMessages: 5, Session: tickets.SessionID{UUID: uuid.UUID{5}},
		Links: []tickets.ConversationID{{UUID: uuid.UUID{6}}, {}}, Armed: 4,
	},
	"Session": tickets.Session{
		ID: tickets.SessionID{UUID: uuid.UUID{7}}, Account: chatcfg.AccountID{UUID: uuid.UUID{8}}, Conversation: tickets.ConversationID{UUID: uuid.UUID{9}},
		Identity: tickets.Identity{Kind: tickets.IdentitySession, Value: "s"}, Customer: customer, TokenHash: []byte{0, 1, 2},
		CreatedAt: time.Unix(0, 0).UTC(), ExpiresAt: at(4), EndedAt: at(5), Links: []tickets.ConversationID{{UUID: uuid.UUID{10}}}, Revision: 3,
	},
	"Ticket": tickets.Ticket{
		Number: 2, Previous: 1, Status: tickets.StatusOpen, Reason: tickets.ReasonManual, Important: true, KeywordsOff: true, Paused: true,
		CreatedAt: at(1), OpenedAt: at(2), ClosedAt: at(3), ChangedAt: at(4), LastWord: tickets.SideAgent, Agent: "ana", AgentName: "Ana", Answered: true,
		Wait:       &tickets.Wait{Since: at(5), Clock: chatcfg.Business, Limit: tickets.Span(time.Hour), Due: at(6), DelayedAt: at(7)},
		CountsFrom: at(8), Memory: []tickets.Memory{{Rule: "outOfHours", At: at(9)}, {Rule: "noAgents", Number: 3}}, Notified: []string{"a@x.cl", "b@x.cl"},
		Typification: &tickets.Typification{Category: "venta", Fields: map[string]string{"b": "2", "a": "1"}},
		Metadata:     map[string]string{"k": "v"}, Customer: customer, Messages: 12,
	},
	"Entry": tickets.Entry{
		N: 3, Ticket: 2, At: at(1), Due: at(2), Kind: tickets.CommandExpire,
		Actor:  tickets.Actor{Kind: tickets.ActorRule, Agent: "ana", Name: "Ana", Session: tickets.SessionID{UUID: uuid.UUID{11}}, Rule: "autoClose"},
		Inputs: tickets.Inputs{Now: at(3), Presence: tickets.Presence{Available: true, Absence: 2}, Config: 4, Chance: 1 << 63},
		Facts: []tickets.Fact{
			{Kind: tickets.FactClosed, Rule: "autoClose", Reason: tickets.ReasonAutomatic},
			{Kind: tickets.FactSaid, Seq: 4, Address: "a@x.cl", Waited: tickets.Span(time.Minute)},
		},
		Trace: []tickets.Finding{{Rule: "important", Fired: true, Why: "keyword", Text: 1, Word: "recl", From: 2, To: 9, Until: at(4)}, {}},
	},
	"Receipt": storage.Receipt{Scope: "agent:ana", Key: "k", Hash: [32]byte{31: 1}, Entry: 3, Ticket: 2, Seq: 4, First: 3, Last: 6, At: at(1)},
}

var customer = tickets.Customer{Level: tickets.LevelVerified, Name: "Juana Pérez", Email: "j@x.cl", RUT: "12345678-5", Phone: "+56912345678", Locale: "es"}

func at(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, n*1000, time.UTC) }

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, f := range forms {
		path := filepath.Join("testdata", f.name+".hex")
		v := golden[f.name]
		written := hex.EncodeToString(f.append(nil, v)) + "\n"
		stored, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(stored), written, f.name)
		doc, err := hex.DecodeString(strings.TrimSpace(string(stored)))
		require.NoError(t, err)
		back, err := f.decode(string(doc))
		require.NoError(t, err)
		assert.Equal(t, v, back)
	}
}

// TestFormat1: tickets that an older version has stored, with the memory of two
// rules in fields of their own, are read as today's.
func TestFormat1(t *testing.T) {
	t.Parallel()
	stored, err := os.ReadFile("testdata/Ticket-1.hex")
	require.NoError(t, err)
	doc, err := hex.DecodeString(strings.TrimSpace(string(stored)))
	require.NoError(t, err)
	var ticket tickets.Ticket
	require.NoError(t, codec.DecodeTicket(string(doc), &ticket))
	assert.Equal(t, golden["Ticket"], ticket)
}

// TestOlderReceipt: a receipt of an older version names its message only.
func TestOlderReceipt(t *testing.T) {
	t.Parallel()
	stored, err := os.ReadFile("testdata/Receipt-1.hex")
	require.NoError(t, err)
	doc, err := hex.DecodeString(strings.TrimSpace(string(stored)))
	require.NoError(t, err)
	var got storage.Receipt
	require.NoError(t, codec.DecodeReceipt(string(doc), &got))
	want := golden["Receipt"].(storage.Receipt)
	want.First, want.Last = 0, 0
	assert.Equal(t, want, got)
}

// An older process reads what a newer one wrote.
func TestUnknownFields(t *testing.T) {
	t.Parallel()
	// Fields 1000 to 1003: a varint, eight bytes, a text, four bytes.
	const unknown = "\xc0\x3e\x96\x01" + "\xc9\x3e12345678" + "\xd2\x3e\x02hi" + "\xdd\x3e1234"
	for _, f := range forms {
		doc := string(f.append(nil, golden[f.name]))
		for _, with := range []string{unknown + doc, doc + unknown} {
			back, err := f.decode(with)
			require.NoError(t, err)
			assert.Equal(t, golden[f.name], back)
		}
	}
}

func TestCorrupt(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"JSON":                      `{"seq":1}`,
		"a number cut off":          "\x08\x80",
		"a number of 70 bits":       "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"a number that never ends":  "\x08" + strings.Repeat("\xff", 20),
		"field zero":                "\x00\x01",
		"a field beyond 29 bits":    "\x80\x80\x80\x80\x80\x01\x01",
		"a text longer than all":    "\x52\x05hola",
		"a text of 16 exabytes":     "\x52\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"a group":                   "\x0b\x0c",
		"a text that is a number":   "\x50\x01",
		"a number that is a text":   "\x0a\x00",
		"an ID of 15 bytes":         "\x32\x0f123456789012345",
		"eight bytes cut off":       "\xc9\x3e1234567",
		"four bytes cut off":        "\xdd\x3e123",
		"a tag without a value":     "\x08",
		"what follows is cut off":   "\x08\x01\x52",
		"a text with a cut length":  "\x52\x80",
		"a message of another kind": "\x08\x01\x0a\x01a",
	} {
		var m tickets.Message
		assert.ErrorIs(t, codec.DecodeMessage(doc, &m), codec.ErrCorrupt, name)
	}
	for name, doc := range map[string]string{
		"a fault in a wait":          "\x82\x01\x01\x08",
		"a fault in a typification":  "\xaa\x01\x02\x0a\x01",
		"a fault in metadata":        "\xb2\x01\x02\x0a\x01",
		"a fault in fields":          "\xaa\x01\x04\x12\x02\x0a\x01",
		"a fault in a customer":      "\xba\x01\x02\x0a\x01",
		"a wait that is a number":    "\x80\x01\x01",
		"a wait longer than the doc": "\x82\x01\x7f\x08\x01",
	} {
		var v tickets.Ticket
		assert.ErrorIs(t, codec.DecodeTicket(doc, &v), codec.ErrCorrupt, name)
	}
	var e tickets.Entry
	for _, doc := range []string{"\x32\x01\x08", "\x3a\x01\x08", "\x42\x01\x08", "\x4a\x01\x08", "\x3a\x02\x28\x01"} {
		assert.ErrorIs(t, codec.DecodeEntry(doc, &e), codec.ErrCorrupt, "%x", doc)
	}
}

// Whatever is cut off or turned over, decoding ends without a panic.
func TestDamage(t *testing.T) {
	t.Parallel()
	for _, f := range forms {
		doc := string(f.append(nil, golden[f.name]))
		for i := range doc {
			_, _ = f.decode(doc[:i])
			for bit := range 8 {
				damaged := []byte(doc)
				damaged[i] ^= 1 << bit
				_, _ = f.decode(string(damaged))
			}
		}
	}
}

// The texts of a document are parts of it.
func TestAllocations(t *testing.T) {
	v := golden["Message"].(tickets.Message)
	v.File = nil
	doc := string(codec.AppendMessage(nil, &v))
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		var m tickets.Message
		_ = codec.DecodeMessage(doc, &m)
	}))
	c := golden["Conversation"].(tickets.Conversation)
	c.Links = nil
	doc = string(codec.AppendConversation(nil, &c))
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		var c tickets.Conversation
		_ = codec.DecodeConversation(doc, &c)
	}))
}

// The pattern finds the customer's messages, and no other's, in the first bytes of
// their documents.
func TestCustomerHead(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(codec.CustomerHead)
	r := rand.New(rand.NewPCG(1, 1))
	written := "\"\bcustomer" // as the field is written
	count := map[bool]int{}
	for range 20_000 {
		f := filler{r, r.IntN(2) == 0}
		m := f.value(reflect.TypeFor[tickets.Message]()).(tickets.Message)
		m.From = []tickets.Author{"", "c", "custome", "customers", tickets.FromCustomer, tickets.FromCustomer, tickets.FromAgent, tickets.FromRule}[r.IntN(8)]
		for _, text := range []*string{&m.Name, &m.Text, (*string)(&m.Level), (*string)(&m.Agent)} {
			if r.IntN(2) == 0 {
				*text = written
			}
		}
		head := hex.EncodeToString(codec.AppendMessage(nil, &m))
		found := pattern.MatchString(head[:min(2*codec.AuthorEnd, len(head))])
		require.Equal(t, m.From == tickets.FromCustomer, found, "%+v: %s", m, head)
		count[found]++
	}
	require.Greater(t, count[true], 1000)
	require.Greater(t, count[false], 1000)
}
