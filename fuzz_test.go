package charla_test

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fixed is a secret token that seeds can be made with.
const fixed = "charla_sk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

// R1.7 A secret token is read as itself or not at all, and never shows itself.
func FuzzParseSecret(f *testing.F) {
	for _, seed := range []string{fixed, "", "charla_sk_", fixed + "=", fixed + "A", " " + fixed, strings.ToUpper(fixed), fixed[:52] + "-", fixed[:52] + "9", fixed[:20] + "\n" + fixed[20:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		secret, err := charla.ParseSecret(s)
		if err != nil {
			require.ErrorIs(t, err, charla.ErrSecret)
			assert.True(t, secret.IsZero())
			assert.Empty(t, secret.Reveal())
			return
		}
		assert.Equal(t, s, secret.Reveal())
		assert.Len(t, secret.Key(), ed25519.PrivateKeySize)
		raw, err := json.Marshal(map[string]any{"a": secret, "b": &secret, "c": []charla.Secret{secret}})
		require.NoError(t, err)
		for _, shown := range []string{fmt.Sprintf("%v %+v %#v %s %q %x %d", secret, secret, secret, secret, secret, secret, &secret), string(raw)} {
			assert.NotContains(t, shown, strings.TrimPrefix(s, "charla_sk_"))
		}
	})
}

// R1.7, R7.1 What a host signs is read as it was signed, in its account and in its
// time; and no other text is, however near it comes.
func FuzzVerifyIdentity(f *testing.F) {
	f.Add("u-17", "Juan Pérez", "juan@example.com", int64(600), uint16(0), byte(0), "")
	f.Add("", "", "", int64(0), uint16(3), byte(1), "e30.e30.e30")
	f.Add("u", "\xff", "a\x00b", int64(3600), uint16(60), byte(0x80), "eyJhbGciOiJub25lIn0.e30.")
	f.Add(strings.Repeat("u", 200), "Ana", "", int64(3601), uint16(200), byte(4), "..")
	b := setup(f, nil)
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, subject, name, email string, seconds int64, at uint16, flip byte, text string) {
		verify := func(account *charla.Account, token string) (charla.Proof, error) {
			p, err := account.VerifyIdentity(b.ctx, token)
			if err != nil {
				require.ErrorIs(t, err, charla.ErrIdentity)
				assert.Zero(t, p)
			}
			return p, err
		}
		_, err := verify(b.account, text) // nobody guesses a signature
		require.Error(t, err)

		lasts := time.Duration(seconds%4000) * time.Second
		p := charla.Proof{Subject: subject, Name: name, Email: email}
		now := b.desk.Now()
		token, err := charla.SignIdentity(b.secret, b.account.ID(), p, now, lasts)
		if err != nil {
			var problems chatcfg.Problems
			assert.True(t, errors.Is(err, charla.ErrIdentity) || errors.As(err, &problems), "%v", err)
			assert.Empty(t, token)
			return
		}
		got, err := verify(b.account, token)
		if len(token) > 4096 {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		if utf8.ValidString(name) && utf8.ValidString(email) { // JSON holds nothing else
			assert.Equal(t, p, said(got))
		}
		assert.Equal(t, subject, got.Subject)
		_, err = verify(other, token)
		require.Error(t, err, "another account's")

		changed := []byte(token)
		changed[int(at)%len(changed)] ^= max(flip, 1)
		_, err = verify(b.account, string(changed))
		require.Error(t, err, "changed")
		for _, near := range []string{token + text + ".", token + "\n", token[:len(token)-9] + "\r" + token[len(token)-9:], token[:int(at)%len(token)], text + token, token + "="} {
			if near != token {
				_, err = verify(b.account, near)
				require.Error(t, err, near)
			}
		}
	})
}

// R7.1 Only the very token of a session opens it.
func FuzzSession(f *testing.F) {
	b := setup(f, nil)
	s, issued, err := b.account.Enter(b.ctx, charla.Entry{Name: "Juan", Email: "juan@example.com"})
	require.NoError(f, err)
	token, opened := string(issued), b.session(s)
	for _, seed := range []string{"", ".", token[:36], token[:37], "{" + token, strings.ToUpper(token), token + "A", "urn:uuid:" + token, strings.ReplaceAll(token, "-", ""), token[:40] + "\n" + token[40:], token + "\r\n"} {
		f.Add(seed, uint16(0), byte(0))
	}
	f.Add("", uint16(40), byte(1))
	f.Fuzz(func(t *testing.T, text string, at uint16, flip byte) {
		near := []byte(token)
		near[int(at)%len(near)] ^= flip
		for _, one := range []string{text, string(near), token[:int(at)%len(token)] + text} {
			got, err := b.account.Visitor(charla.Token(one)).Session(b.ctx)
			if one == token {
				require.NoError(t, err)
				assert.Equal(t, opened, got)
				continue
			}
			require.ErrorIs(t, err, charla.ErrSession, "%q", one)
			assert.Zero(t, got)
		}
	})
}

// R3.9, R8.1 A text and a key are refused with problems and nothing is stored, or
// the text is stored as it is, once, and found again by the key.
func FuzzWrite(f *testing.F) {
	for _, seed := range []string{"hola", "", "\x00", "\xff", "a\r\nb", "<script>", "{customer}", "\u202e", strings.Repeat("ñ", 5000)} {
		f.Add(seed, "k", "bienvenido")
		f.Add("hola", seed, "")
	}
	b := setup(f, nil)
	f.Fuzz(func(t *testing.T, text, key, welcome string) {
		s, _, err := b.account.Enter(b.ctx, charla.Entry{Name: "Juan", Email: "juan@example.com"})
		require.NoError(t, err)
		o := &charla.WriteOptions{Key: key}
		if welcome != "" {
			o.Welcome = &tickets.Welcome{Text: welcome}
		}
		r, err := s.Write(b.ctx, text, o)
		session, sessionErr := s.Session(b.ctx)
		require.NoError(t, sessionErr)
		page, readErr := b.account.Inbox().Messages(b.ctx, tickets.Ref{Conversation: session.Conversation}, charla.MessageQuery{})
		if readErr != nil {
			require.ErrorIs(t, readErr, charla.ErrNotFound, "nothing was stored")
		}
		list := page.Items
		ok := len(chatcfg.CheckText("", text, chatcfg.MaxMessage)) == 0 &&
			(welcome == "" || len(chatcfg.CheckText("", welcome, chatcfg.MaxMessage)) == 0) &&
			(key == "" || len(chatcfg.CheckLine("", key, 200)) == 0)
		if require.Equal(t, ok, err == nil); !ok {
			var problems chatcfg.Problems
			require.ErrorAs(t, err, &problems)
			assert.Empty(t, list)
			return
		}
		var said []string
		for _, m := range list {
			said = append(said, m.Text)
		}
		want := []string{text}
		if welcome != "" {
			want = []string{welcome, text}
		}
		assert.Equal(t, want, said)
		again, err := s.Write(b.ctx, text, o)
		require.NoError(t, err)
		if key != "" {
			assert.Equal(t, r, again)
			_, err = s.Write(b.ctx, text+"!", o)
			assert.True(t, errors.Is(err, charla.ErrKeyReused) || len(text) >= chatcfg.MaxMessage, "%v", err)
		}
	})
}
