package chatcfg_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R6.9: sent is the visitor's language, else the account's, else the first of es,
// en and pt.
func TestWordsIn(t *testing.T) {
	t.Parallel()
	const unknown = chatcfg.Locale("")
	for _, tt := range []struct {
		words            chatcfg.Words
		visitor, account chatcfg.Locale
		want             string
	}{
		{chatcfg.Words{ES: "s", EN: "e", PT: "p"}, "pt", "es", "p"},
		{chatcfg.Words{ES: "s", EN: "e"}, "pt", "en", "e"},
		{chatcfg.Words{ES: "s", EN: "e"}, unknown, "en", "e"},
		{chatcfg.Words{EN: "e", PT: "p"}, "es", "es", "e"},
		{chatcfg.Words{EN: "e", PT: "p"}, unknown, "auto", "e"},
		{chatcfg.Words{PT: "p"}, "fr", "auto", "p"},
		{chatcfg.Words{Any: "a"}, "pt", "es", "a"},
		{chatcfg.Words{Any: "a", PT: "p"}, "pt", "es", "p"},
		{chatcfg.Words{Any: "a", PT: "p"}, "en", "pt", "a"},
		{chatcfg.Words{Any: "a", PT: "p"}, unknown, "pt", "p"},
		{chatcfg.Words{Any: "a", PT: "p"}, unknown, "auto", "a"},
		{chatcfg.Words{}, "pt", "es", ""},
	} {
		at := fmt.Sprint(tt)
		assert.Equal(t, tt.want, tt.words.In(tt.visitor, tt.account), at)
		// The canonical spelling says the same.
		var c chatcfg.Config
		c.Chat.HeaderMessage = tt.words
		assert.Equal(t, tt.want, c.Normalize().Chat.HeaderMessage.In(tt.visitor, tt.account), at)
	}
}

// SPEC section 10: a text is a string, or an object by language; a text that is
// the same in every language is written byte for byte as a string is.
func TestWordsJSON(t *testing.T) {
	t.Parallel()
	for want, words := range map[string]chatcfg.Words{
		`""`:                               {},
		`{"es":"Hola","pt":"Olá"}`:         {ES: "Hola", PT: "Olá"},
		`{"es":"Hi","en":"Hi","pt":"Olá"}`: {Any: "Hi", PT: "Olá"},
	} {
		got, err := json.Marshal(words)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
		var back chatcfg.Words
		require.NoError(t, json.Unmarshal(got, &back))
		again, err := json.Marshal(back)
		require.NoError(t, err)
		assert.Equal(t, want, string(again))
	}
	for _, text := range []string{"", "Hola", "<b>&amp; \"x\"\u2028\n", "\xff\x00ñ€😀"} {
		for _, escape := range []bool{true, false} {
			write := func(value any) string {
				var b strings.Builder
				encoder := json.NewEncoder(&b)
				encoder.SetEscapeHTML(escape)
				require.NoError(t, encoder.Encode(map[string]any{"a": value}))
				return b.String()
			}
			assert.Equal(t, write(text), write(chatcfg.Words{Any: text}))
		}
	}
	var words chatcfg.Words
	for _, bad := range []string{`1`, `[]`, `true`, `{"es": 1}`} {
		assert.Error(t, json.Unmarshal([]byte(bad), &words), bad)
	}
}

// R10: a merge patch replaces a text by a string, and merges languages.
func TestWordsMerge(t *testing.T) {
	t.Parallel()
	type W = chatcfg.Words
	standard := chatcfg.Default(chatcfg.Spanish).Chat.HeaderMessage
	for _, tt := range []struct {
		before W
		patch  string
		want   W
		wrong  string
	}{
		{W{Any: "a"}, `"b"`, W{Any: "b"}, ""},
		{W{ES: "a", PT: "p"}, `"b"`, W{Any: "b"}, ""},
		{W{ES: "a", PT: "p"}, `{"es": "b"}`, W{ES: "b", PT: "p"}, ""},
		{W{ES: "a", PT: "p"}, `{"es": null}`, W{PT: "p"}, ""},
		{W{PT: "p"}, `{"pt": null}`, W{}, ""},
		{W{Any: "a"}, `{"pt": "p"}`, W{PT: "p"}, ""},
		{W{Any: "a", PT: "p"}, `{"en": "e"}`, W{ES: "a", EN: "e", PT: "p"}, ""},
		{W{ES: "a"}, `null`, standard, ""},
		{W{ES: "a"}, `{"fr": "f"}`, W{ES: "a"}, "chat.headerMessage.fr unknown_key"},
		{W{ES: "a"}, `{"Any": "f"}`, W{ES: "a"}, "chat.headerMessage.Any unknown_key"},
		{W{ES: "a"}, `{"es": 1}`, W{ES: "a"}, "chat.headerMessage.es not_text"},
		{W{ES: "a"}, `{"es": "b", "es": "c"}`, W{ES: "b"}, "chat.headerMessage.es duplicate_key"},
		{W{ES: "a"}, `7`, W{ES: "a"}, "chat.headerMessage not_text"},
		{W{ES: "a"}, `["b"]`, W{ES: "a"}, "chat.headerMessage not_text"},
	} {
		base := chatcfg.Default(chatcfg.Spanish)
		base.Chat.HeaderMessage = tt.before
		got, err := chatcfg.Merge(base, []byte(`{"chat": {"headerMessage": `+tt.patch+`}}`))
		if tt.wrong == "" {
			assert.NoError(t, err, tt.patch)
		} else if assert.Error(t, err, tt.patch) {
			assert.Equal(t, []string{tt.wrong}, list(problemsOf(t, err)))
		}
		assert.Equal(t, tt.want, got.Chat.HeaderMessage, tt.patch)
	}
	// Lists are replaced whole.
	base := chatcfg.Default(chatcfg.Spanish)
	base.Automation.NoAgents.Messages = []W{{ES: "a"}, {ES: "b"}}
	got, err := chatcfg.Merge(base, []byte(`{"automation": {"noAgents": {"messages": [{"pt": "p"}, "q"]}}}`))
	require.NoError(t, err)
	assert.Equal(t, []W{{PT: "p"}, {Any: "q"}}, got.Automation.NoAgents.Messages)
}

// R6.9, R4.6: limits, blanks and variables hold for each language.
func TestWordsValidate(t *testing.T) {
	t.Parallel()
	type W = chatcfg.Words
	c := chatcfg.Default(chatcfg.Spanish)
	c.Chat.Name, c.Chat.Domain = "Tienda", "tienda.cl"
	c.Automation.NewCustomer = chatcfg.TextAction{Enabled: true, Messages: []W{
		{ES: "Hola {customer}", PT: "Olá {cliente}"},
		{EN: " ", PT: strings.Repeat("a", chatcfg.MaxText+1)},
		{ES: "{nextOpen}", EN: "{"},
		{},
	}[:3]}
	c.Automation.NoAgents.Messages = []W{{}}
	c.Chat.LongButton = chatcfg.LongButton{Enabled: true, Text: W{ES: "Ayuda", EN: strings.Repeat("a", chatcfg.MaxButton+1), PT: "\u200b"}}
	c.Chat.Welcome.Enabled = true
	c.Chat.Welcome.Text = W{ES: "\n", PT: "Olá"}
	c.Chat.HeaderMessage = W{EN: "a\x00"}
	c.Chat.ContactForm.Title = W{PT: "a\nb"}
	assert.Equal(t, []string{
		"automation.newCustomer.messages[0].pt unknown_variable",
		"automation.newCustomer.messages[1].en blank",
		"automation.newCustomer.messages[1].pt too_long",
		"automation.newCustomer.messages[2].es no_hours",
		"automation.newCustomer.messages[2].en open_brace",
		"automation.noAgents.messages[0] blank",
		"chat.contactForm.title.pt control_character",
		"chat.longButton.text.pt required",
		"chat.longButton.text.en too_long",
		"chat.welcome.text.es required",
		"chat.headerMessage.en control_character",
	}, list(problemsOf(t, c.Validate())))
}

// Each language has its canonical spelling, and a text that only names languages
// in part names all of them.
func TestWordsNormalize(t *testing.T) {
	t.Parallel()
	var c chatcfg.Config
	c.Chat.LongButton.Text = chatcfg.Words{ES: " Ayuda ", PT: " "}
	c.Chat.HeaderMessage = chatcfg.Words{Any: "a\r\nb", EN: "c\r\n"}
	c.Automation.NoAgents.Messages = []chatcfg.Words{{PT: "a\r\nb"}}
	c = c.Normalize()
	assert.Equal(t, chatcfg.Words{ES: "Ayuda"}, c.Chat.LongButton.Text)
	assert.Equal(t, chatcfg.Words{ES: "a\nb", EN: "c\n", PT: "a\nb"}, c.Chat.HeaderMessage)
	assert.Equal(t, []chatcfg.Words{{PT: "a\nb"}}, c.Automation.NoAgents.Messages)
}

// R6.7: warnings are of each language.
func TestWordsLint(t *testing.T) {
	t.Parallel()
	c := chatcfg.Default(chatcfg.Spanish)
	c.Chat.HeaderMessage = chatcfg.Words{ES: "a", PT: "{customer}"}
	c.Automation.ManualClose = chatcfg.TextAction{Enabled: true, Messages: []chatcfg.Words{{ES: "a", EN: "{{agent}}"}}}
	assert.Equal(t, []string{
		"automation.manualClose.messages[0].en literal_braces", "chat.headerMessage.pt variable_not_filled",
	}, list(c.Lint()))
}

// R4.6: {nextOpen} is in the language of its text; a text in no language follows
// the account's, and the visitor's under auto.
func TestTemplateLanguage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		words            chatcfg.Words
		visitor, account chatcfg.Locale
		text             string
		language         chatcfg.Locale
	}{
		{chatcfg.Words{ES: "s {account}", PT: "p {account}"}, "pt", "es", "p T", "pt"},
		{chatcfg.Words{ES: "s {account}", PT: "p {account}"}, "en", "pt", "p T", "pt"},
		{chatcfg.Words{ES: "s {account}", EN: "e"}, "", "auto", "s T", "es"},
		{chatcfg.Words{Any: "a {account}"}, "pt", "en", "a T", "en"},
		{chatcfg.Words{Any: "a {account}"}, "pt", "auto", "a T", "pt"},
		{chatcfg.Words{}, "pt", "en", "", "en"},
	} {
		template, err := chatcfg.ParseTemplate(tt.words)
		require.NoError(t, err)
		text, language := template.In(tt.visitor, tt.account)
		assert.Equal(t, tt.text, text.Render(chatcfg.Values{Account: "T"}), fmt.Sprint(tt))
		assert.Equal(t, tt.language, language, fmt.Sprint(tt))
	}
	_, err := chatcfg.ParseTemplate(chatcfg.Words{ES: "{", PT: "{x}"})
	assert.Equal(t, []string{"es open_brace", "pt unknown_variable"}, list(problemsOf(t, err)))
	_, err = chatcfg.ParseTemplate(chatcfg.Words{Any: "{"})
	assert.Equal(t, []string{"open_brace"}, list(problemsOf(t, err)))
}

// R6.9: a language that is none of ours is unknown, not Spanish.
func TestVisitorLocale(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]chatcfg.Locale{
		"pt-BR,pt;q=0.9": "pt", "es-CL": "es", "en": "en", "fr": "", "fr,pt;q=0.5": "pt", "": "", "de-DE,ja": "",
		"!": "", strings.Repeat("pt,", 400): "",
	} {
		assert.Equal(t, want, chatcfg.VisitorLocale(header), header)
	}
}
