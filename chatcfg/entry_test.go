package chatcfg_test

import (
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
)

// R6.3 R6.4 R7.3 What a visitor must give to start.
func TestCheckEntry(t *testing.T) {
	t.Parallel()
	type (
		C = chatcfg.Chat
		E = chatcfg.Entry
	)
	on, only := chatcfg.Social{Enabled: true}, chatcfg.Social{Enabled: true, Only: true}
	for name, tt := range map[string]struct {
		chat  C
		entry E
		want  E
		bad   []string
	}{
		"a name":                      {entry: E{Name: " Ana "}, want: E{Name: "Ana"}},
		"no name":                     {entry: E{Email: "ana@x.cl"}, bad: []string{"name required"}},
		"an invisible name":           {entry: E{Name: "\u200b \u2060"}, bad: []string{"name required"}},
		"everything, canonical":       {entry: E{Name: "Ana", Email: "ana@X.CL", RUT: "12.345.678-5", Phone: "9 1234 5678"}, want: E{Name: "Ana", Email: "ana@x.cl", RUT: "12345678-5", Phone: "+56912345678"}},
		"all wrong at once":           {entry: E{Name: "A\nB" + strings.Repeat("a", 100), Email: "x", RUT: "1", Phone: "a\nb"}, bad: []string{"name too_long", "name control_character", "email invalid_email", "rut invalid_rut", "phone control_character"}},
		"a doubtful telephone":        {chat: C{AskPhone: true}, entry: E{Name: "Ana", Phone: " 2345 6789 "}, want: E{Name: "Ana", Phone: "2345 6789"}},
		"R6.4 a telephone with more":  {entry: E{Name: "Ana", Phone: " +56 9 1234 5678 anexo 3 "}, want: E{Name: "Ana", Phone: "+56 9 1234 5678 anexo 3"}},
		"R6.4 a note for a telephone": {entry: E{Name: "Ana", Phone: "?"}, want: E{Name: "Ana", Phone: "?"}},
		"R6.4 too long a telephone":   {entry: E{Name: "Ana", Phone: strings.Repeat("tarde ", 7)}, bad: []string{"phone too_long"}},
		"R6.4 telephone is optional":  {chat: C{AskPhone: true}, entry: E{Name: "Ana"}, want: E{Name: "Ana"}},
		"R6.4 no e-mail":              {chat: C{EmailAsIdentifier: true}, entry: E{Name: "Ana", Email: " "}, bad: []string{"email required"}},
		"R6.4 e-mail":                 {chat: C{EmailAsIdentifier: true}, entry: E{Name: "Ana", Email: "a@x.cl"}, want: E{Name: "Ana", Email: "a@x.cl"}},
		"R6.4 no RUT":                 {chat: C{AskRUT: true}, entry: E{Name: "Ana"}, bad: []string{"rut required"}},
		"R6.4 a wrong RUT":            {chat: C{AskRUT: true}, entry: E{Name: "Ana", RUT: "12345678-6"}, bad: []string{"rut invalid_rut"}},
		"R6.4 RUT":                    {chat: C{AskRUT: true}, entry: E{Name: "Ana", RUT: "6k"}, want: E{Name: "Ana", RUT: "6-K"}},
		"R7.3 anonymous":              {chat: C{Anonymous: true}, entry: E{Anonymous: true}, want: E{Anonymous: true}},
		"R7.3 anonymous off":          {entry: E{Anonymous: true}, bad: []string{"anonymous_off"}},
		"R7.3 off, and with a name":   {entry: E{Name: "Ana", Anonymous: true}, bad: []string{"anonymous_off"}},
		"R7.3 claimed where allowed":  {chat: C{Anonymous: true}, entry: E{Name: "Ana"}, want: E{Name: "Ana"}},
		"R7.3 a claim needs a name":   {chat: C{Anonymous: true}, entry: E{}, bad: []string{"name required"}},
		"R6.4 anonymous, RUT asked":   {chat: C{Anonymous: true, AskRUT: true}, entry: E{Anonymous: true}, bad: []string{"rut required"}},
		"R6.4 anonymous, both asked":  {chat: C{Anonymous: true, AskRUT: true, EmailAsIdentifier: true}, entry: E{Anonymous: true}, bad: []string{"email required", "rut required"}},
		"host, without anything":      {chat: C{EmailAsIdentifier: true, Google: only}, entry: E{Host: true, Anonymous: true}, want: E{Host: true}},
		"R6.4 nameless with a RUT":    {chat: C{Anonymous: true, AskRUT: true}, entry: E{Anonymous: true, RUT: "6-k"}, want: E{RUT: "6-K"}},
		"anonymous who gives a name":  {chat: C{Anonymous: true}, entry: E{Anonymous: true, Name: "Ana"}, want: E{Name: "Ana"}},
		"social":                      {chat: C{Google: on}, entry: E{Provider: "google", Name: "Ana", Email: "a@x.cl"}, want: E{Provider: "google", Name: "Ana", Email: "a@x.cl"}},
		"social without a name":       {chat: C{Facebook: on}, entry: E{Provider: "facebook"}, want: E{Provider: "facebook"}},
		"social where there is none":  {entry: E{Provider: "google", Name: "Ana"}, bad: []string{"social_off"}},
		"the other provider is on":    {chat: C{Google: on}, entry: E{Provider: "facebook"}, bad: []string{"social_off"}},
		"a provider nobody knows":     {chat: C{Google: on, Facebook: on}, entry: E{Provider: "apple"}, bad: []string{"social_off"}},
		"social is not anonymous":     {chat: C{Facebook: on, Anonymous: true}, entry: E{Provider: "facebook", Anonymous: true}, want: E{Provider: "facebook"}},
		"R6.4 social, e-mail and RUT": {chat: C{Facebook: on, EmailAsIdentifier: true, AskRUT: true}, entry: E{Provider: "facebook", Name: "Ana"}, bad: []string{"rut required"}},
		"R6.3 only, a name":           {chat: C{Google: only}, entry: E{Name: "Ana", Email: "a@x.cl"}, bad: []string{"social_only"}},
		"R6.3 only, no name":          {chat: C{Google: only}, entry: E{}, bad: []string{"social_only"}},
		"R6.3 only, anonymous":        {chat: C{Google: only, Anonymous: true}, entry: E{Anonymous: true}, bad: []string{"social_only"}},
		"R6.3 only on either":         {chat: C{Google: only, Facebook: on}, entry: E{Name: "Ana"}, bad: []string{"social_only"}},
		"R6.3 only on one that's off": {chat: C{Google: on, Facebook: chatcfg.Social{Only: true}}, entry: E{Name: "Ana"}, bad: []string{"social_only"}},
		"R6.3 only, social":           {chat: C{Google: only}, entry: E{Provider: "google"}, want: E{Provider: "google"}},
		"both on, neither only":       {chat: C{Google: on, Facebook: on}, entry: E{Name: "Ana"}, want: E{Name: "Ana"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.chat.CheckEntry(tt.entry)
			assert.Equal(t, tt.bad, found(t, err))
			assert.Equal(t, tt.want, got)
			if err == nil {
				again, err := tt.chat.CheckEntry(got)
				assert.NoError(t, err)
				assert.Equal(t, got, again, "what was accepted is accepted again")
			}
		})
	}
}
