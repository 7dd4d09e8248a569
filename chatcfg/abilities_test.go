package chatcfg_test

import (
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R6.7: what a host lacks is warned of, where it is known.
func TestLintFor(t *testing.T) {
	t.Parallel()
	able := &chatcfg.Abilities{Mailer: true, Logins: []string{"google"}, Mailboxes: []string{"ventas"}}
	for name, tt := range map[string]struct {
		host   *chatcfg.Abilities
		change change
		want   []string
	}{
		"a login that there is":     {able, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true }, nil},
		"a login that there is not": {able, func(c *chatcfg.Config) { c.Chat.Facebook.Enabled = true }, []string{"chat.facebook.enabled no_login"}},
		"only, without a login": {able, func(c *chatcfg.Config) { c.Chat.Facebook = chatcfg.Social{Enabled: true, Only: true} },
			[]string{"chat.facebook.enabled no_login", "chat.facebook.only nobody_enters"}},
		"only, with another login": {able, func(c *chatcfg.Config) {
			c.Chat.Facebook, c.Chat.Google = chatcfg.Social{Enabled: true, Only: true}, chatcfg.Social{Enabled: true}
		}, []string{"chat.facebook.enabled no_login"}},
		"no logins":      {&chatcfg.Abilities{Logins: []string{}}, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true }, []string{"chat.google.enabled no_login"}},
		"logins unknown": {&chatcfg.Abilities{}, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true }, nil},
		"host unknown":   {nil, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true }, nil},
		"no mailer": {&chatcfg.Abilities{}, func(c *chatcfg.Config) {
			c.General.Notify = chatcfg.Notify{Tickets: "all", To: []string{"ana@tienda.cl"}}
			c.Chat.ContactForm.Enabled = true
			c.Chat.ContactForm.Mailbox = chatcfg.FormMailbox{Enabled: true, ID: "ventas"}
		}, []string{"general.notify.tickets no_mailer", "chat.contactForm.enabled no_mailer"}},
		"a mailbox that there is not": {able, func(c *chatcfg.Config) {
			c.Chat.ContactForm.Enabled = true
			c.Chat.ContactForm.Mailbox = chatcfg.FormMailbox{Enabled: true, ID: "soporte"}
		}, []string{"chat.contactForm.mailbox.id no_mailbox"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := chatcfg.Default(chatcfg.Spanish)
			c.Chat.Name, c.Chat.Domain, c.Chat.ExtraDomains = "Tienda", "tienda.cl", []string{"www.tienda.cl"}
			tt.change(&c)
			require.NoError(t, c.Validate())
			var got []string
			for _, w := range c.LintFor(tt.host) {
				got = append(got, w.Path+" "+string(w.Code))
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// R6.3: switching the last login off is not refused for an "only" that is hidden then;
// one that was never on is.
func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	base := chatcfg.Default(chatcfg.Spanish)
	base.Chat.Name, base.Chat.Domain = "Tienda", "tienda.cl"
	base.Chat.Facebook = chatcfg.Social{Enabled: true, Only: true}
	for _, patch := range []string{`{"chat":{"facebook":{"enabled":false}}}`, `{"chat":{"facebook":{"enabled":false,"only":true}}}`} {
		c, err := chatcfg.Apply(base, []byte(patch))
		require.NoError(t, err)
		assert.Equal(t, chatcfg.Social{}, c.Chat.Facebook)
	}
	base.Chat.Google.Enabled = true
	c, err := chatcfg.Apply(base, []byte(`{"chat":{"facebook":{"enabled":false}}}`))
	require.NoError(t, err)
	assert.True(t, c.Chat.SocialOnly(), "the other login is the only way in")
	_, err = chatcfg.Apply(chatcfg.Default(chatcfg.Spanish), []byte(`{"chat":{"name":"T","domain":"t.cl","facebook":{"only":true}}}`))
	assert.Error(t, err)
}
