package charla_test

import (
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R6.7, R6.3: a save warns of what the host lacks; its mailer is known. Switching the
// login off is not refused.
func TestAbilities(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	desk, err := charla.New(storage.NewMemory(), &charla.Options{Mailer: &charla.Outgoing{}, Abilities: &chatcfg.Abilities{Logins: []string{}}})
	require.NoError(t, err)
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", nil)
	require.NoError(t, err)
	cfg, version, err := account.Config(ctx)
	require.NoError(t, err)
	cfg.Chat.Google, cfg.Chat.ExtraDomains = chatcfg.Social{Enabled: true, Only: true}, []string{"www.tienda.cl"}
	cfg.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"ana@tienda.cl"}}
	saved, err := account.SaveConfig(ctx, version, cfg, nil)
	require.NoError(t, err)
	var codes []chatcfg.Code
	for _, w := range saved.Warnings {
		codes = append(codes, w.Code)
	}
	assert.Equal(t, []chatcfg.Code{chatcfg.WarnNoLogin, chatcfg.WarnNobodyEnters}, codes)

	cfg.Chat.Google.Enabled = false
	off := &charla.SaveOptions{Key: "off"}
	again, err := account.SaveConfig(ctx, saved.Version, cfg, off)
	require.NoError(t, err)
	repeated, err := account.SaveConfig(ctx, saved.Version, cfg, off)
	require.NoError(t, err)
	assert.Equal(t, again, repeated)
	_, _, err = account.Enter(ctx, charla.Entry{Name: "Juan", Email: "juan@example.com"})
	require.NoError(t, err)
}

// R6.4: where the RUT is asked a signed identity enters without one, and may carry it.
func TestIdentityWithRUT(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	desk, err := charla.New(storage.NewMemory(), nil)
	require.NoError(t, err)
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Chat.AskRUT = true
	account, secret, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	_, _, err = account.Enter(ctx, charla.Entry{Name: "Juan", Email: "juan@example.com"})
	require.Error(t, err, "a typed entry still needs one")
	for _, proof := range []charla.Proof{
		{Subject: "1", Name: "Ana"},
		{Subject: "2", Name: "Eva", RUT: "12.345.678-5", Phone: "+56 9 1234 5678"},
	} {
		token, err := charla.SignIdentity(secret, account.ID(), proof, time.Now(), time.Minute)
		require.NoError(t, err)
		verified, err := account.VerifyIdentity(ctx, token)
		require.NoError(t, err)
		visitor, _, err := account.Enter(ctx, charla.Entry{Proof: &verified})
		require.NoError(t, err)
		written, err := visitor.Write(ctx, "hola", nil)
		require.NoError(t, err)
		ticket, err := account.Inbox().Ticket(ctx, written.Ref)
		require.NoError(t, err)
		if proof.RUT == "" {
			assert.Empty(t, ticket.Customer.RUT)
			continue
		}
		assert.Equal(t, "12345678-5", ticket.Customer.RUT)
		assert.Equal(t, "+56912345678", ticket.Customer.Phone)
	}
	_, err = account.VerifyIdentity(ctx, "x")
	require.ErrorIs(t, err, charla.ErrIdentity)
}
