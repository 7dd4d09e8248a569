package chatcfg_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// valid is the smallest valid configuration.
func valid() chatcfg.Config {
	c := chatcfg.Default(chatcfg.Spanish)
	c.Chat.Name = "Tienda"
	c.Chat.Domain = "tienda.cl"
	return c
}

// withHours is valid with business hours.
func withHours() chatcfg.Config {
	c := valid()
	c.Hours.Timezone = "America/Santiago"
	c.Hours.Weekly = []chatcfg.Interval{{Day: chatcfg.Monday, Open: "09:00", Close: "18:00"}}
	return c
}

// found writes problems as "path code", to compare whole lists.
func found(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	return list(problemsOf(t, err))
}

func problemsOf(t *testing.T, err error) chatcfg.Problems {
	t.Helper()
	var problems chatcfg.Problems
	require.ErrorAs(t, err, &problems)
	require.NotEmpty(t, problems, "an error without a problem")
	return problems
}

func list(problems []chatcfg.Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, strings.TrimSpace(p.Path+" "+string(p.Code)))
	}
	return all
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

// Section 4: all automatic actions are off by default, and the rest of a default
// configuration is complete but for what R1.1 asks for.
func TestDefault(t *testing.T) {
	t.Parallel()
	for _, l := range []chatcfg.Locale{chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese, chatcfg.Auto} {
		c := chatcfg.Default(l)
		assert.Equal(t, l, c.Chat.Locale)
		assert.Equal(t, []string{"chat.name required", "chat.domain required"}, found(t, c.Validate()))
		assert.Empty(t, c.Lint())
		assert.Equal(t, c, c.Normalize())
		assert.NotContains(t, strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(string(encode(t, c)),
			`"sla":null`, ""), `"after":null`, ""), `"reopenWindow":null`, ""), "null", "lists are never null")

		var tree struct {
			Automation map[string]json.RawMessage `json:"automation"`
		}
		require.NoError(t, json.Unmarshal(encode(t, c), &tree))
		on := 0
		for key, raw := range tree.Automation {
			if key == "combine" {
				continue
			}
			assert.Contains(t, string(raw), `"enabled":false`, key)
			on++
		}
		assert.Equal(t, 8, on)
	}
	chat := chatcfg.Default(chatcfg.Spanish).Chat
	assert.Equal(t, []int64{1, 10, 5, 1440}, []int64{
		chat.Notification.Count, chat.OpenOnLoad.DelaySeconds, chat.Welcome.DelaySeconds, chat.Welcome.RepeatMinutes,
	})
	assert.Equal(t, "Need help?", chatcfg.Default(chatcfg.English).Chat.LongButton.Text.Any)
	assert.Equal(t, "Precisa de ajuda?", chatcfg.Default(chatcfg.Portuguese).Chat.LongButton.Text.Any)
	assert.Equal(t, "¿Necesitas ayuda?", chatcfg.Default(chatcfg.Auto).Chat.LongButton.Text.Any)
	assert.Equal(t, chatcfg.Default(chatcfg.Spanish), chatcfg.Default("klingon"))
}

// R1.4 RFC 7396, with null for the default.
func TestMerge(t *testing.T) {
	t.Parallel()
	base := withHours()
	base.Chat.Locale = chatcfg.English
	base.Quality.SLA = &chatcfg.Duration{Value: 5, Unit: chatcfg.UnitMinutes}
	base.General.Important.Keywords = []string{"uno", "dos"}
	kept := encode(t, base)

	for name, tt := range map[string]struct {
		patch string
		want  func(*chatcfg.Config)
	}{
		"empty":              {`{}`, func(*chatcfg.Config) {}},
		"scalar":             {` {"chat": {"name": "Otra"}} `, func(c *chatcfg.Config) { c.Chat.Name = "Otra" }},
		"arrays replace":     {`{"general":{"important":{"keywords":["tres"]}}}`, func(c *chatcfg.Config) { c.General.Important.Keywords = []string{"tres"} }},
		"empty array":        {`{"hours":{"weekly":[]}}`, func(c *chatcfg.Config) { c.Hours.Weekly = []chatcfg.Interval{} }},
		"duration merges":    {`{"quality":{"sla":{"value":9}}}`, func(c *chatcfg.Config) { c.Quality.SLA = &chatcfg.Duration{Value: 9, Unit: "minutes"} }},
		"duration from none": {`{"general":{"reopenWindow":{"value":2,"unit":"days"}}}`, func(c *chatcfg.Config) { c.General.ReopenWindow = &chatcfg.Duration{Value: 2, Unit: "days"} }},
		"null duration":      {`{"quality":{"sla":null}}`, func(c *chatcfg.Config) { c.Quality.SLA = nil }},
		"null part of one":   {`{"quality":{"sla":{"unit":null}}}`, func(c *chatcfg.Config) { c.Quality.SLA = &chatcfg.Duration{Value: 5} }},
		"null in the base's language": {`{"chat":{"headerMessage":null,"locale":"pt"}}`, func(c *chatcfg.Config) {
			c.Chat.HeaderMessage, c.Chat.Locale = chatcfg.Default(chatcfg.English).Chat.HeaderMessage, "pt"
		}},
		"null list":      {`{"general":{"important":{"keywords":null}}}`, func(c *chatcfg.Config) { c.General.Important.Keywords = []string{} }},
		"null object":    {`{"hours":null,"chat":null}`, func(c *chatcfg.Config) { c.Hours, c.Chat = chatcfg.Default("en").Hours, chatcfg.Default("en").Chat }},
		"objects in one": {`{"hours":{"exceptions":[{"date":"2026-09-18","closed":true}]}}`, func(c *chatcfg.Config) { c.Hours.Exceptions = []chatcfg.Exception{{Date: "2026-09-18", Closed: true}} }},
		"escapes":        {`{"chat":{"name":"\ud83d\ude00 \u00f1 \\ud83d"}}`, func(c *chatcfg.Config) { c.Chat.Name = `😀 ñ \ud83d` }},
		"large number":   {`{"quality":{"sla":{"value":9223372036854775807}}}`, func(c *chatcfg.Config) { c.Quality.SLA = &chatcfg.Duration{Value: math.MaxInt64, Unit: "minutes"} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed, err := chatcfg.Merge(base, nil)
			require.Error(t, err, "nothing is no patch")
			require.Equal(t, base, changed)
			tt.want(&changed)
			got, err := chatcfg.Merge(base, []byte(tt.patch))
			require.NoError(t, err)
			assert.Equal(t, changed, got)
			assert.Equal(t, kept, encode(t, base), "the base has changed")
		})
	}
}

func TestMergeDoesNotShare(t *testing.T) {
	t.Parallel()
	base := withHours()
	base.Quality.SLA = &chatcfg.Duration{Value: 5, Unit: chatcfg.UnitMinutes}
	kept := encode(t, base)
	got, err := chatcfg.Merge(base, []byte(`{}`))
	require.NoError(t, err)
	got.Quality.SLA.Value = 6
	got.Hours.Weekly[0].Open = "10:00"
	got = base.Normalize()
	got.Quality.SLA.Value = 6
	got.Hours.Weekly[0].Open = "10:00"
	assert.Equal(t, kept, encode(t, base))
}

// R1.4 and section 10: reading is strict, and finds everything at once.
func TestMergeProblems(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat(`{"chat":`, n) + `"}{][\""` + strings.Repeat("}", n) }
	for name, tt := range map[string]struct {
		patch string
		want  []string
	}{
		"unknown keys":        {`{"foo":1,"chat":{"nombre":"x","welcome":{"x y":[]}}}`, []string{"foo unknown_key", "chat.nombre unknown_key", `chat.welcome["x y"] unknown_key`}},
		"keys have a case":    {`{"Chat":{},"chat":{"Name":"x"}}`, []string{"Chat unknown_key", "chat.Name unknown_key"}},
		"empty key":           {`{"":1}`, []string{`[""] unknown_key`}},
		"key under a list":    {`{"hours":{"weekly":[{"day":"monday","from":"1"}]}}`, []string{"hours.weekly[0].from unknown_key"}},
		"duplicate keys":      {`{"chat":{"name":"a","name":"b"},"chat":{}}`, []string{"chat.name duplicate_key", "chat duplicate_key"}},
		"escaped duplicate":   {`{"chat":{"name":"a","n\u0061me":"b"}}`, []string{"chat.name duplicate_key"}},
		"object":              {`{"chat":[],"quality":{"sla":5}}`, []string{"chat not_object", "quality.sla not_object"}},
		"list":                {`{"general":{"notify":{"to":"a@b.cl"}}}`, []string{"general.notify.to not_list"}},
		"text":                {`{"chat":{"name":1,"locale":true},"automation":{"newCustomer":{"messages":["a",2,null]}}}`, []string{"chat.name not_text", "chat.locale not_text", "automation.newCustomer.messages[1] not_text", "automation.newCustomer.messages[2] not_text"}},
		"boolean":             {`{"chat":{"hidden":"true","sound":1}}`, []string{"chat.hidden not_boolean", "chat.sound not_boolean"}},
		"fraction":            {`{"chat":{"notification":{"count":1.5}}}`, []string{"chat.notification.count not_integer"}},
		"exponent":            {`{"chat":{"notification":{"count":1e-1}}}`, []string{"chat.notification.count not_integer"}},
		"nearly zero":         {`{"chat":{"notification":{"count":1e-999}}}`, []string{"chat.notification.count not_integer"}},
		"a large fraction":    {`{"chat":{"notification":{"count":9007199254740993.5}}}`, []string{"chat.notification.count overflow"}},
		"a huge exponent":     {`{"chat":{"notification":{"count":1e400}}}`, []string{"chat.notification.count overflow"}},
		"number in a text":    {`{"chat":{"notification":{"count":"1"}}}`, []string{"chat.notification.count not_integer"}},
		"overflow":            {`{"quality":{"sla":{"value":9223372036854775808}}}`, []string{"quality.sla.value overflow"}},
		"null in a list":      {`{"hours":{"weekly":[null,{"day":null}]}}`, []string{"hours.weekly[0] not_object", "hours.weekly[1].day not_text"}},
		"half a character":    {`{"chat":{"name":"\ud83d","headerMessage":"\ude00","domain":"\ud83d\n","\udc00":1}}`, []string{"chat.name invalid_utf8", "chat.headerMessage invalid_utf8", "chat.domain invalid_utf8", "chat[\"\uFFFD\"] unknown_key"}},
		"halves swapped":      {`{"chat":{"name":"\ude00\ud83d","domain":"\ud83d\u0041","headerMessage":"\ud83d\n\ude00"}}`, []string{"chat.name invalid_utf8", "chat.domain invalid_utf8", "chat.headerMessage invalid_utf8"}},
		"not UTF-8":           {"{\"chat\":{\"name\":\"\xff\"}}", []string{"invalid_utf8"}},
		"depth":               {nested(16), []string{"chat.chat unknown_key"}},
		"too deep":            {nested(17), []string{"too_deep"}},
		"too deep a list":     {`{"general":{"notify":{"to":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}},"foo":1}`, []string{"too_deep"}},
		"size":                {`{"chat":{"name":"` + strings.Repeat("a", chatcfg.MaxDocument) + `"}}`, []string{"too_large"}},
		"nothing":             {``, []string{"syntax"}},
		"trailing data":       {`{} {}`, []string{"syntax"}},
		"trailing comma":      {`{"chat":{},}`, []string{"syntax"}},
		"cut off":             {`{"chat":{`, []string{"syntax"}},
		"comment":             {"{\n // no\n}", []string{"syntax"}},
		"infinity":            {`{"chat":{"notification":{"count":Infinity}}}`, []string{"syntax"}},
		"null":                {`null`, []string{"not_object"}},
		"a list":              {`[]`, []string{"not_object"}},
		"very deep":           {strings.Repeat("[", 100_000), []string{"syntax"}},
		"proto":               {`{"__proto__":{},"constructor":1}`, []string{"__proto__ unknown_key", "constructor unknown_key"}},
		"a path in a key":     {`{"chat.name":"x"}`, []string{`["chat.name"] unknown_key`}},
		"the empty tag's key": {`{"-":1,",omitempty":2}`, []string{`["-"] unknown_key`, `[",omitempty"] unknown_key`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := chatcfg.Merge(valid(), []byte(tt.patch))
			assert.Equal(t, tt.want, found(t, err))
			_, err = chatcfg.Decode([]byte(tt.patch))
			assert.Equal(t, tt.want, found(t, err))
		})
	}
}

func TestSyntaxSaysWhere(t *testing.T) {
	t.Parallel()
	_, err := chatcfg.Decode([]byte("{\n  \"chat\": {\n    \"ñ\": x\n  }\n}"))
	var problems chatcfg.Problems
	require.ErrorAs(t, err, &problems)
	assert.Equal(t, []any{3, 10}, problems[0].Args)
	assert.EqualError(t, err, "chatcfg: Not valid JSON: error at line 3, column 10.")
}

func TestDecode(t *testing.T) {
	t.Parallel()
	t.Run("defaults in the document's language", func(t *testing.T) {
		t.Parallel()
		c, err := chatcfg.Decode([]byte(`{"chat":{"locale":"pt","headerMessage":null}}`))
		require.NoError(t, err)
		assert.Equal(t, chatcfg.Default(chatcfg.Portuguese), c)
		c, err = chatcfg.Decode([]byte(`{"general":{"createIgnored":true}}`))
		require.NoError(t, err)
		want := chatcfg.Default(chatcfg.Spanish)
		want.General.CreateIgnored = true
		assert.Equal(t, want, c)
	})
	t.Run("an unknown language is read, and left to Validate", func(t *testing.T) {
		t.Parallel()
		c, err := chatcfg.Decode([]byte(`{"chat":{"locale":"fr","name":"a","domain":"b.cl"}}`))
		require.NoError(t, err)
		assert.Equal(t, []string{"chat.locale invalid_choice"}, found(t, c.Validate()))
	})
	t.Run("is the inverse of encoding", func(t *testing.T) {
		t.Parallel()
		r := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			c := random(r)
			got, err := chatcfg.Decode(encode(t, c))
			require.NoError(t, err)
			require.Equal(t, c, got)
			// Objects merge, those of languages, too.
			base := random(r)
			for _, w := range texts(&base) {
				*w = chatcfg.Words{Any: "hola"}
			}
			got, err = chatcfg.Merge(base, encode(t, c))
			require.NoError(t, err)
			// A null, which a pointer without a value encodes to, is the default.
			require.Equal(t, c, got)
		}
	})
}

// R1.4 Apply tells what cannot be read and what is invalid together, and each
// value's problem once.
func TestApply(t *testing.T) {
	t.Parallel()
	c, err := chatcfg.Apply(valid(), []byte(`{"chat":{"domain":" HTTPS://Tienda.CL/chat "}}`))
	require.NoError(t, err)
	assert.Equal(t, "tienda.cl", c.Chat.Domain)

	_, err = chatcfg.Apply(valid(), []byte(`{
		"foo": 1,
		"quality": {"sla": {"value": 3, "unit": 4}},
		"automation": {"newCustomer": {"enabled": true, "messages": [1, " "]}, "noAgents": {"enabled": true, "messages": "x"}},
		"chat": {"name": "", "notification": {"count": 9}}}`))
	assert.Equal(t, []string{
		"foo unknown_key",
		"quality.sla.unit not_text",
		"automation.newCustomer.messages[0] not_text",
		"automation.noAgents.messages not_list",
		"automation.newCustomer.messages[1] blank",
		"chat.name required",
		"chat.notification.count out_of_range",
	}, found(t, err))

	_, err = chatcfg.Apply(chatcfg.Config{}, []byte(`{`))
	assert.Equal(t, []string{"syntax"}, found(t, err))
	_, err = chatcfg.Apply(valid(), []byte(`{}`))
	assert.NoError(t, err)
}

// What is validated is what is normalised, and that is the same the second time.
func TestNormalize(t *testing.T) {
	t.Parallel()
	c := valid()
	c.Chat.Name = "  Tienda\t"
	c.Chat.Domain = " https://TIENDA.cl:443/chat?x#y "
	c.Chat.ExtraDomains = []string{"*.Ñandú.CL", "http://localhost:8080/", "no es"}
	c.Chat.PrimaryColor = " #ABC "
	c.Chat.TextColor = "#FFFFFF"
	c.Chat.ContactForm.Email.Address = " Ana@TIENDA.cl "
	c.Chat.ContactForm.Title.Any = " Hola "
	c.Chat.HeaderMessage.Any = "uno\r\ndos\r\r\n"
	c.Chat.LongButton.Text.Any = " Ayuda\n"
	c.General.Notify.To = []string{"Ana@ÑANDÚ.cl", " x "}
	c.General.Important.Keywords = []string{" recl* "}
	c.Automation.NewCustomer.Messages = chatcfg.Texts(" uno\r\n ")
	c.Hours = chatcfg.Hours{Timezone: " "}
	n := c.Normalize()
	assert.Equal(t, "Tienda", n.Chat.Name)
	assert.Equal(t, "tienda.cl", n.Chat.Domain)
	assert.Equal(t, []string{"*.xn--and-6ma2c.cl", "localhost:8080", "no es"}, n.Chat.ExtraDomains)
	assert.Equal(t, "#abc", n.Chat.PrimaryColor)
	assert.Equal(t, "#ffffff", n.Chat.TextColor)
	assert.Equal(t, "Ana@tienda.cl", n.Chat.ContactForm.Email.Address)
	assert.Equal(t, "Hola", n.Chat.ContactForm.Title.Any)
	assert.Equal(t, "uno\ndos\n", n.Chat.HeaderMessage.Any)
	assert.Equal(t, "Ayuda", n.Chat.LongButton.Text.Any)
	assert.Equal(t, []string{"Ana@xn--and-6ma2c.cl", "x"}, n.General.Notify.To)
	assert.Equal(t, []string{"recl*"}, n.General.Important.Keywords)
	assert.Equal(t, chatcfg.Texts(" uno\n "), n.Automation.NewCustomer.Messages)
	assert.True(t, n.Hours.IsZero())
	assert.NotNil(t, n.Hours.Weekly)

	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		c := random(r)
		once := c.Normalize()
		require.Equal(t, once, once.Normalize())
		require.Equal(t, found(t, c.Validate()), found(t, once.Validate()))
	}
}

// random is a configuration whose values are drawn from bad and good ones.
func random(r *rand.Rand) chatcfg.Config {
	words := []string{
		"", " ", "hola", " Hola\r\n", "\r\r\n\n", "TIENDA.cl", "https://Tienda.cl:443/x", "*.Tienda.cl:8080", "Ana@Tienda.CL ",
		"#ABC", " #ff00FF", "{customer}", "{nextOpen|x}", "{", "{{a}}", "recl*", "*", "a*b", "España/ñ", "ß.de", "\u200b", "a\u202eb",
		"America/Santiago", "monday", "09:00", "18:00", "24:00", "2026-09-18", strings.Repeat("ñ", 600), "x\ty", "\u00a0x", "wall", "es",
	}
	word := func() string { return words[r.IntN(len(words))] }
	some := func() []string {
		all := make([]string, r.IntN(5))
		for i := range all {
			all[i] = word()
		}
		return all
	}
	said := func() chatcfg.Words {
		if r.IntN(2) == 0 {
			return chatcfg.Words{Any: word()}
		}
		return chatcfg.Words{ES: word(), EN: word(), PT: word()}
	}
	many := func() []chatcfg.Words {
		list := make([]chatcfg.Words, len(some()))
		for i := range list {
			list[i] = said()
		}
		return list
	}
	duration := func() *chatcfg.Duration {
		if r.IntN(2) == 0 {
			return nil
		}
		units := []chatcfg.Unit{"seconds", "minutes", "hours", "days", "weeks", ""}
		return &chatcfg.Duration{Value: r.Int64N(500) - 3, Unit: units[r.IntN(len(units))]}
	}
	yes := func() bool { return r.IntN(2) == 0 }
	c := chatcfg.Default([]chatcfg.Locale{"es", "en", "pt", "auto"}[r.IntN(4)])
	c.Quality.SLA, c.Automation.AutoClose.After, c.General.ReopenWindow = duration(), duration(), duration()
	c.Automation.AutoClose.Enabled = yes()
	if yes() {
		c.Quality.Clock = chatcfg.Business
	}
	for _, a := range []*chatcfg.TextAction{&c.Automation.NewCustomer, &c.Automation.NoAgents, &c.Automation.OutOfHours} {
		*a = chatcfg.TextAction{Enabled: yes(), Messages: many()}
	}
	c.General.Important = chatcfg.Important{Enabled: yes(), Keywords: some()}
	c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: some()}
	if yes() {
		c.Hours.Timezone = word()
		c.Hours.Weekly = []chatcfg.Interval{{Day: chatcfg.Day(word()), Open: word(), Close: word()}}
		c.Hours.Exceptions = []chatcfg.Exception{{Date: word(), Closed: yes(), Open: word(), Close: word()}}
	}
	chat := &c.Chat
	for _, s := range []*string{
		&chat.Name, &chat.Domain, &chat.PrimaryColor, &chat.TextColor,
		&chat.Welcome.Author, &chat.ContactForm.Email.Address, &chat.ContactForm.Mailbox.ID,
	} {
		*s = word()
	}
	for _, w := range texts(&c) {
		*w = said()
	}
	chat.ExtraDomains = some()
	chat.ContactForm.Enabled, chat.ContactForm.Email.Enabled = yes(), yes()
	chat.Facebook, chat.Google = chatcfg.Social{Enabled: yes(), Only: yes()}, chatcfg.Social{Enabled: yes(), Only: yes()}
	chat.Anonymous, chat.Welcome.Enabled = yes(), yes()
	chat.Notification.Count, chat.Welcome.DelaySeconds = r.Int64N(6)-1, r.Int64N(5000)-10
	return c
}

// texts are the single texts that customers read.
func texts(c *chatcfg.Config) []*chatcfg.Words {
	chat, form := &c.Chat, &c.Chat.ContactForm
	return []*chatcfg.Words{
		&chat.LongButton.Text, &chat.Welcome.Text, &chat.IdentificationMessage, &chat.HeaderMessage,
		&form.Title, &form.Description, &form.Success, &form.Error,
	}
}

func TestDurationStd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value int64
		unit  chatcfg.Unit
		want  time.Duration
	}{
		{3, chatcfg.UnitSeconds, 3 * time.Second},
		{3, chatcfg.UnitMinutes, 3 * time.Minute},
		{3, chatcfg.UnitHours, 3 * time.Hour},
		{365, chatcfg.UnitDays, chatcfg.MaxDuration},
		{-1, chatcfg.UnitDays, -24 * time.Hour},
		{0, chatcfg.UnitDays, 0},
		{5, "weeks", 0},
		{math.MaxInt64, chatcfg.UnitSeconds, math.MaxInt64},
		{math.MaxInt64/int64(24*time.Hour) + 1, chatcfg.UnitDays, math.MaxInt64},
		{math.MinInt64, chatcfg.UnitDays, math.MinInt64},
	} {
		assert.Equal(t, tt.want, chatcfg.Duration{Value: tt.value, Unit: tt.unit}.Std(), fmt.Sprint(tt.value, tt.unit))
	}
}

// A configuration that is valid can be stored and read again, however large.
func TestValidateBoundsTheDocument(t *testing.T) {
	t.Parallel()
	c := valid()
	c.General.Important.Keywords = slices.Repeat([]string{strings.Repeat("ñ", chatcfg.MaxKeyword)}, chatcfg.MaxKeywords)
	require.NoError(t, c.Validate())
	got, err := chatcfg.Decode(encode(t, c))
	require.NoError(t, err)
	assert.Equal(t, c, got)

	c.General.Important.Keywords = slices.Repeat([]string{strings.Repeat("<", chatcfg.MaxKeyword)}, chatcfg.MaxKeywords)
	assert.Equal(t, []string{"too_large"}, found(t, c.Validate()))
	_, err = chatcfg.Decode(encode(t, c))
	assert.Equal(t, []string{"too_large"}, found(t, err))
}

func TestAccountIDIsZero(t *testing.T) {
	t.Parallel()
	assert.True(t, chatcfg.AccountID{}.IsZero())
	assert.False(t, chatcfg.AccountID{UUID: [16]byte{15: 1}}.IsZero())
}

// TestNormalizeIsLinear: R8.4: a megabyte of what once took time by its square, on
// which a quadratic pass does not end before the tests do.
func TestNormalizeIsLinear(t *testing.T) {
	t.Parallel()
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Chat.HeaderMessage.Any = "a" + strings.Repeat("\r", 4<<20) + "\n" + strings.Repeat("\r\n", 1<<20) + "b"
	assert.Equal(t, "a\n"+strings.Repeat("\n", 1<<20)+"b", cfg.Normalize().Chat.HeaderMessage.Any)
}

// A whole number is one however it is written, as the schema has it; a byte order mark is no
// part of a document.
func TestDecodeForms(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]int64{"2": 2, "2.0": 2, "2.000": 2, "20e-1": 2, "0.2E+1": 2, "2e0": 2, "0.0": 0, "-0": 0, "0e9": 0, "-2.0": -2} {
		c, err := chatcfg.Decode([]byte("\ufeff" + `{"chat":{"notification":{"count":` + number + `}}}`))
		assert.NoError(t, err, number)
		assert.Equal(t, want, c.Chat.Notification.Count, number)
	}
	c, err := chatcfg.Decode([]byte("\ufeff" + `{"quality":{"sla":{"value":3.0,"unit":"hours"}}}`))
	require.NoError(t, err)
	assert.Equal(t, 3*time.Hour, c.Quality.SLA.Std())
	for _, doc := range []string{"\ufeff", "\ufeff\ufeff{}", "\ufeff{\n x", " \ufeff{}"} {
		_, err := chatcfg.Decode([]byte(doc))
		assert.Equal(t, []string{"syntax"}, found(t, err), "%q", doc)
	}
}
