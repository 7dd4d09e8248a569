package charla_test

import (
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// said is what a proof says, without how it was proved.
func said(p charla.Proof) charla.Proof {
	return charla.Proof{Provider: p.Provider, Subject: p.Subject, Name: p.Name, Email: p.Email}
}

// TestIdentity: R1.7, R7.1: an identity signed by the host opens its customer's
// conversation, for as long as it and the secret token live, and in its account.
func TestIdentity(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	p := charla.Proof{Subject: "u-17", Name: "Juan Pérez", Email: "juan@example.com"}
	sign := func(s charla.Secret) string {
		token, err := charla.SignIdentity(s, b.account.ID(), p, b.desk.Now(), 10*time.Minute)
		require.NoError(t, err)
		return token
	}
	verify := func(token string) error {
		_, err := b.account.VerifyIdentity(b.ctx, token)
		return err
	}
	token := sign(b.secret)
	got, err := b.account.VerifyIdentity(b.ctx, token)
	require.NoError(t, err)
	assert.Equal(t, p, said(got))
	s, _, err := b.account.Enter(b.ctx, charla.Entry{Proof: &got})
	require.NoError(t, err)
	assert.Equal(t, tickets.LevelVerified, b.session(s).Customer.Level)

	for i := range token { // each bit flipped
		for bit := range 8 {
			flipped := []byte(token)
			flipped[i] ^= 1 << bit
			require.ErrorIs(t, verify(string(flipped)), charla.ErrIdentity)
		}
	}
	other, foreign, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	_, err = other.VerifyIdentity(b.ctx, token)
	require.ErrorIs(t, err, charla.ErrIdentity, "another account's")
	require.ErrorIs(t, verify(sign(foreign)), charla.ErrIdentity, "signed by another account")

	b.clock.Set(start.Add(10*time.Minute - time.Second))
	require.NoError(t, verify(token))
	b.clock.Set(start.Add(10 * time.Minute))
	require.ErrorIs(t, verify(token), charla.ErrIdentity, "expired, by the injected clock")

	token = sign(b.secret)
	fresh, err := b.account.RotateSecret(b.ctx, 5*time.Minute)
	require.NoError(t, err)
	require.NoError(t, verify(token), "the old token works for the overlap")
	require.NoError(t, verify(sign(fresh)))
	b.clock.Set(start.Add(15 * time.Minute))
	require.ErrorIs(t, verify(token), charla.ErrIdentity, "and not after it")
	require.NoError(t, b.account.Delete(b.ctx, "Tienda"))
	require.ErrorIs(t, verify(sign(fresh)), charla.ErrDeleted)
}
