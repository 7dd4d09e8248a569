package charla_test

import (
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCustomer: R7.1, R7.2: a host finds a customer by its own subject, a social login's,
// a claimed e-mail or the conversation, with the conversations that were linked to theirs.
func TestCustomer(t *testing.T) {
	t.Parallel()
	configure := func(c *chatcfg.Config) {
		c.Chat.EmailAsIdentifier = true
		c.Chat.Google.Enabled, c.Chat.Facebook.Enabled = true, true
	}
	b := setup(t, configure)
	inbox := b.account.Inbox()
	enter := func(p charla.Proof) *charla.Visitor { return b.enterAs(charla.Entry{Proof: &p}) }
	host := b.write(enter(charla.Proof{Subject: "u1", Name: "Juan", Email: "juan@example.com"}), "hola").Ref.Conversation
	google := b.write(enter(charla.Proof{Provider: "google", Subject: "u1", Name: "Eva"}), "hola").Ref.Conversation
	claims := b.enterAs(charla.Entry{Name: "Juana", Email: "Juan@Example.com", RUT: "12.345.678-5"})
	claimed := b.write(claims, "hola").Ref.Conversation

	for name, c := range map[string]struct {
		key   charla.CustomerKey
		in    tickets.ConversationID
		kind  tickets.IdentityKind
		named string
	}{
		"subject":              {charla.CustomerKey{Subject: "u1"}, host, tickets.IdentityHost, "Juan"},
		"provider":             {charla.CustomerKey{Provider: "google", Subject: "u1"}, google, tickets.IdentityProvider, "Eva"},
		"e-mail":               {charla.CustomerKey{Email: "juan@example.com"}, claimed, tickets.IdentityClaimedEmail, "Juana"},
		"e-mail, as typed":     {charla.CustomerKey{Email: " JUAN@example.COM "}, claimed, tickets.IdentityClaimedEmail, "Juana"},
		"conversation":         {charla.CustomerKey{Conversation: google}, google, tickets.IdentityProvider, "Eva"},
		"claimed conversation": {charla.CustomerKey{Conversation: claimed}, claimed, tickets.IdentityClaimedEmail, "Juana"},
	} {
		got, err := inbox.Customer(b.ctx, c.key)
		require.NoError(t, err, name)
		assert.Equal(t, c.in, got.Conversation, name)
		assert.Equal(t, c.kind, got.Identity.Kind, name)
		assert.Equal(t, c.named, got.Name, name)
		assert.Empty(t, got.Links, name)
	}
	got, err := inbox.Customer(b.ctx, charla.CustomerKey{Conversation: claimed})
	require.NoError(t, err)
	assert.Equal(t, tickets.Customer{
		Level: tickets.LevelClaimed, Name: "Juana", Email: "Juan@example.com", RUT: "12345678-5",
	}, got.Customer)

	moved, _, err := claims.Login(b.ctx, charla.Proof{Subject: "u1"})
	require.NoError(t, err)
	assert.Equal(t, host, b.write(moved, "soy yo").Ref.Conversation)
	got, err = inbox.Customer(b.ctx, charla.CustomerKey{Subject: "u1"})
	require.NoError(t, err)
	assert.Equal(t, host, got.Conversation)
	assert.Equal(t, []tickets.ConversationID{claimed}, got.Links, "linked by the login")
	got, err = inbox.Customer(b.ctx, charla.CustomerKey{Email: "juan@example.com"})
	require.NoError(t, err)
	assert.Equal(t, claimed, got.Conversation, "it stays where it is (R7.2)")

	for name, key := range map[string]charla.CustomerKey{
		"none":                   {},
		"nobody's subject":       {Subject: "u2"},
		"another provider":       {Provider: "facebook", Subject: "u1"},
		"a provider alone":       {Provider: "google"},
		"a provider in one text": {Subject: "google:u1"},
		"a subject in capitals":  {Subject: "U1"},
		"nobody's e-mail":        {Email: "eva@example.com"},
		"a verified e-mail":      {Email: "u1"},
		"no e-mail":              {Email: "juan"},
		"nobody's conversation":  {Conversation: tickets.ConversationID{UUID: uuid.New()}},
		"two":                    {Subject: "u1", Email: "juan@example.com"},
		"a subject and where":    {Subject: "u1", Conversation: host},
		"an e-mail and where":    {Email: "juan@example.com", Conversation: claimed},
	} {
		got, err := inbox.Customer(b.ctx, key)
		require.ErrorIs(t, err, charla.ErrNotFound, name)
		assert.Zero(t, got, name)
	}

	cfg := chatcfg.Default(chatcfg.Spanish)
	configure(&cfg)
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	keys := []charla.CustomerKey{
		{Subject: "u1"}, {Provider: "google", Subject: "u1"}, {Email: "juan@example.com"}, {Conversation: host},
	}
	nowhere := b.desk.Account(chatcfg.AccountID{UUID: uuid.New()})
	for _, key := range keys {
		for _, account := range []*charla.Account{other, nowhere} {
			_, err := account.Inbox().Customer(b.ctx, key)
			require.ErrorIs(t, err, charla.ErrNotFound, "R1.3: another account's %+v", key)
		}
	}
	theirs, _, err := other.Enter(b.ctx, charla.Entry{Proof: &charla.Proof{Subject: "u1", Name: "Luz"}})
	require.NoError(t, err)
	_, err = other.Inbox().Customer(b.ctx, keys[0])
	require.ErrorIs(t, err, charla.ErrNotFound, "a session is no customer before it has written")
	r, err := theirs.Write(b.ctx, "hola", nil)
	require.NoError(t, err)
	got, err = other.Inbox().Customer(b.ctx, keys[0])
	require.NoError(t, err)
	assert.Equal(t, r.Ref.Conversation, got.Conversation)
	assert.Equal(t, "Luz", got.Name)

	require.NoError(t, b.account.Delete(b.ctx, "Tienda"))
	got, err = inbox.Customer(b.ctx, charla.CustomerKey{Subject: "u1"})
	require.NoError(t, err, "R1.6: what a deleted account has can be read")
	assert.Equal(t, host, got.Conversation)
}
