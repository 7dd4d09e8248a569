package webhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/webhook"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func headers(id, timestamp, signature string) http.Header {
	h := make(http.Header)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", timestamp)
	h.Set("webhook-signature", signature)
	return h
}

// The example of the specification of Standard Webhooks' libraries.
func example(t testing.TB) (key webhook.Secret, h http.Header, body []byte, now time.Time) {
	t.Helper()
	key, err := webhook.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	return key, headers("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
		[]byte(`{"test": 2432232314}`), time.Unix(1614265330, 0)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	key, h, body, now := example(t)
	other := secret(t)
	require.NoError(t, webhook.Verify(h, body, now, key))
	require.NoError(t, webhook.Verify(h, body, now, other, key), "one of them")
	require.NoError(t, webhook.Verify(h, body, now.Add(webhook.Tolerance), key))
	require.NoError(t, webhook.Verify(h, body, now.Add(-webhook.Tolerance), key))
	many := h.Clone()
	many.Set("webhook-signature", "v1a,AAAA v1,AAAA "+h.Get("webhook-signature"))
	require.NoError(t, webhook.Verify(many, body, now, key))

	refuse := func(what string, h http.Header, body []byte, now time.Time, secrets ...webhook.Secret) {
		t.Helper()
		require.ErrorIs(t, webhook.Verify(h, body, now, secrets...), webhook.ErrSignature, what)
	}
	refuse("another secret", h, body, now, other)
	refuse("no secret", h, body, now)
	refuse("zero secret", h, body, now, webhook.Secret{})
	refuse("late", h, body, now.Add(webhook.Tolerance+time.Second), key)
	refuse("early", h, body, now.Add(-webhook.Tolerance-time.Second), key)
	for i := range len(body) * 8 {
		changed := bytes.Clone(body)
		changed[i/8] ^= 1 << (i % 8)
		refuse("a bit of the body", h, changed, now, key)
	}
	for name := range h {
		for _, value := range []string{"", "x", h.Get(name) + " ", h.Get(name) + "0", "\r\n" + h.Get(name), strings.ToUpper(h.Get(name)) + "="} {
			changed := h.Clone()
			changed.Set(name, value)
			if value == h.Get(name)+" " && name == http.CanonicalHeaderKey("webhook-signature") {
				continue // an empty signature more
			}
			refuse(name+" "+strconv.Quote(value), changed, body, now, key)
		}
		repeated, missing := h.Clone(), h.Clone()
		repeated.Add(name, h.Get(name))
		refuse("twice", repeated, body, now, key)
		missing.Del(name)
		refuse("missing", missing, body, now, key)
	}
	for _, timestamp := range []string{"+1614265330", "01614265330", "1614265330.0", "1.614265330e9", "99999999999999999999"} {
		changed := h.Clone()
		changed.Set("webhook-timestamp", timestamp)
		refuse(timestamp, changed, body, now, key)
	}
	// The end of the ID is not the receiver's to guess.
	moved := headers("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330", "1614265330", h.Get("webhook-signature"))
	refuse("moved dot", moved, body, now, key)
}

// TestDotInID: a dot would let a part of the body pass for the date: who got one request
// could make another of it. No such ID is sent or accepted.
func TestDotInID(t *testing.T) {
	t.Parallel()
	key := secret(t)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key.Reveal(), "whsec_"))
	require.NoError(t, err)
	mac := hmac.New(sha256.New, raw)
	date, late := start.Unix(), start.Add(time.Hour).Unix()
	fmt.Fprintf(mac, "e-1.%d.%d.{}", date, late)
	signature := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	id, body := fmt.Sprint("e-1.", date), []byte("{}")
	require.ErrorIs(t, webhook.Verify(headers(id, fmt.Sprint(late), signature), body, start.Add(time.Hour), key), webhook.ErrSignature)
	require.NoError(t, webhook.Verify(headers("e-1", fmt.Sprint(date), signature), fmt.Appendf(nil, "%d.{}", late), start, key), "as it was signed")

	r := receive(t, false, nil)
	to := hook(t, webhook.To(r.URL, key), nil)
	require.NoError(t, to.Send(t.Context(), event("e-1")))
	for _, id := range []string{"e-1.1", ".", "", "e 1", "e\r\n1", "é", strings.Repeat("e", 257)} {
		require.ErrorIs(t, to.Send(t.Context(), event(id)), charla.ErrRefused, "%q", id)
	}
	require.Len(t, r.requests(), 1)
}

// A receiver that changes its secret is signed for with both.
func TestRotation(t *testing.T) {
	t.Parallel()
	r, old, fresh := receive(t, false, nil), secret(t), secret(t)
	require.NoError(t, hook(t, webhook.To(r.URL, fresh, old), nil).Send(t.Context(), event("e-1")))
	got := r.requests()[0]
	require.NoError(t, webhook.Verify(got.header, got.body, start, old))
	require.NoError(t, webhook.Verify(got.header, got.body, start, fresh))
	require.ErrorIs(t, webhook.Verify(got.header, got.body, start, secret(t)), webhook.ErrSignature)
}

func TestSecret(t *testing.T) {
	t.Parallel()
	s := secret(t)
	again, err := webhook.ParseSecret(s.Reveal())
	require.NoError(t, err)
	assert.Equal(t, s.Reveal(), again.Reveal())
	assert.Len(t, s.Reveal(), len("whsec_")+44)
	for _, bad := range []string{"", "whsec_", "whsec_AAAA", s.Reveal()[6:], s.Reveal() + "\n", "whsec_" + strings.Repeat("A", 88), "WHSEC_" + s.Reveal()[6:]} {
		_, err := webhook.ParseSecret(bad)
		require.ErrorIs(t, err, webhook.ErrSecret, bad)
	}
	assert.True(t, webhook.Secret{}.IsZero())
	assert.Empty(t, webhook.Secret{}.Reveal())
	_, err = webhook.NewSecret(strings.NewReader("short"))
	require.Error(t, err)

	var out bytes.Buffer
	to := webhook.Endpoint{URL: "u", Secrets: []webhook.Secret{s}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, s, &s, to)
	}
	require.NoError(t, json.NewEncoder(&out).Encode(to))
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "s", s, "to", to)
	assert.NotContains(t, out.String(), s.Reveal()[10:])
	assert.NotContains(t, out.String(), fmt.Sprintf("%x", s.Reveal()[10:]))
	assert.Contains(t, out.String(), "whsec_…")
}

// Nothing is verified but what was signed.
func FuzzVerify(f *testing.F) {
	key, h, body, now := example(f)
	id, timestamp, signature := h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature")
	f.Add(id, timestamp, signature, body)
	f.Add(id+".1", timestamp, signature+" "+signature, body)
	f.Add("", "-1", "v1,", []byte{})
	f.Fuzz(func(t *testing.T, i, at, s string, b []byte) {
		good := i == id && at == timestamp && bytes.Equal(b, body)
		if err := webhook.Verify(headers(i, at, s), b, now, key); err == nil {
			require.True(t, good, "%q %q %q %q", i, at, s, b)
		}
	})
}
