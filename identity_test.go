package charla_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestIdentity: R1.7, R7.1: an identity signed by the host opens its customer's
// conversation, for as long as it and the secret token live, and in its account.
func TestIdentity(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	p := charla.Proof{Subject: "u-17", Name: "Juan Pérez", Email: "juan@example.com"}
	sign := func(s charla.Secret) string {
		token, err := charla.SignIdentity(s, b.account.ID, p, b.desk.Now(), 10*time.Minute)
		require.NoError(t, err)
		return token
	}
	verify := func(token string) error {
		_, err := b.desk.VerifyIdentity(b.ctx, b.account.ID, token)
		return err
	}
	token := sign(b.secret)
	got, err := b.desk.VerifyIdentity(b.ctx, b.account.ID, token)
	require.NoError(t, err)
	assert.Equal(t, p, got)
	s, _, err := b.desk.StartSession(b.ctx, b.account.ID, charla.Entry{Proof: &got})
	require.NoError(t, err)
	assert.Equal(t, tickets.LevelVerified, s.Customer.Level)

	for i := range token { // each bit flipped
		for bit := range 8 {
			flipped := []byte(token)
			flipped[i] ^= 1 << bit
			require.ErrorIs(t, verify(string(flipped)), charla.ErrIdentity)
		}
	}
	other, foreign, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	_, err = b.desk.VerifyIdentity(b.ctx, other.ID, token)
	require.ErrorIs(t, err, charla.ErrIdentity, "another account's")
	require.ErrorIs(t, verify(sign(foreign)), charla.ErrIdentity, "signed by another account")

	b.clock.Set(start.Add(10*time.Minute - time.Second))
	require.NoError(t, verify(token))
	b.clock.Set(start.Add(10 * time.Minute))
	require.ErrorIs(t, verify(token), charla.ErrIdentity, "expired, by the injected clock")

	token = sign(b.secret)
	fresh, err := b.desk.RotateSecret(b.ctx, b.account.ID, 5*time.Minute)
	require.NoError(t, err)
	require.NoError(t, verify(token), "the old token works for the overlap")
	require.NoError(t, verify(sign(fresh)))
	b.clock.Set(start.Add(15 * time.Minute))
	require.ErrorIs(t, verify(token), charla.ErrIdentity, "and not after it")
	require.NoError(t, b.desk.DeleteAccount(b.ctx, b.account.ID, "Tienda"))
	require.ErrorIs(t, verify(sign(fresh)), charla.ErrDeleted)
}

// TestForgedIdentities: R7.2: what is omitted, blank, null, of another type, too
// long-lived or of the future is no identity, even if it is signed.
func TestForgedIdentities(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	now := start.Unix()
	good := fmt.Sprintf(`{"aud":%q,"sub":"u","iat":%d,"exp":%d}`, b.account.ID, now, now+60)
	forge := func(head, body string) string {
		signed := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString([]byte(body))
		return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(b.secret.Key(), []byte(signed)))
	}
	head := `{"alg":"EdDSA","typ":"JWT"}`
	verify := func(token string) error {
		_, err := b.desk.VerifyIdentity(b.ctx, b.account.ID, token)
		return err
	}
	require.NoError(t, verify(forge(head, good)))
	for _, other := range []string{`{}`, `{"alg":"none"}`, `{"alg":"HS256"}`, `{"alg":"eddsa"}`, `{"alg":["EdDSA"]}`, `{"alg":"EdDSA","crit":["x"]}`, ``, `null`, `[]`} {
		require.ErrorIs(t, verify(forge(other, good)), charla.ErrIdentity, other)
	}
	for old, bad := range map[string][]string{
		`"sub":"u"`:                           {`"sub":""`, `"sub":null`, `"sub":["u"]`, `"sub":1`, `"x":1`, `"sub":" "`, `"sub":"a\u0000"`},
		fmt.Sprintf(`"aud":%q`, b.account.ID): {`"aud":""`, `"aud":null`, `"x":1`, fmt.Sprintf(`"aud":[%q]`, b.account.ID)},
		fmt.Sprintf(`"exp":%d`, now+60):       {`"x":1`, `"exp":null`, fmt.Sprintf(`"exp":%d`, now), fmt.Sprintf(`"exp":"%d"`, now+60), fmt.Sprintf(`"exp":%d`, now+3601), `"exp":9223372036854775807`, `"exp":1e99`},
		fmt.Sprintf(`"iat":%d`, now):          {`"x":1`, fmt.Sprintf(`"iat":%d`, now+61), `"iat":-9223372036854775808`},
	} {
		for _, one := range bad {
			body := strings.Replace(good, old, one, 1)
			require.NotEqual(t, good, body)
			require.ErrorIs(t, verify(forge(head, body)), charla.ErrIdentity, body)
		}
	}
	for _, one := range []string{"", ".", "..", "a.b.c", forge(head, good) + ".", "." + forge(head, good), forge(head, good) + "=", strings.Repeat("a", 1<<20)} {
		require.ErrorIs(t, verify(one), charla.ErrIdentity)
	}
	p := charla.Proof{Subject: "u"}
	for _, lasts := range []time.Duration{0, -1, charla.MaxIdentity + 1} {
		_, err := charla.SignIdentity(b.secret, b.account.ID, p, start, lasts)
		require.ErrorIs(t, err, charla.ErrIdentity)
	}
	_, err := charla.SignIdentity(charla.Secret{}, b.account.ID, p, start, time.Minute)
	require.ErrorIs(t, err, charla.ErrSecret)
	_, err = charla.SignIdentity(b.secret, b.account.ID, charla.Proof{Provider: "google", Subject: "u"}, start, time.Minute)
	require.ErrorIs(t, err, charla.ErrIdentity)
	_, err = charla.SignIdentity(b.secret, b.account.ID, charla.Proof{}, start, time.Minute)
	require.Error(t, err)
}
