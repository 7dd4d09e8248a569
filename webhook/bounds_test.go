package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/webhook"
	"github.com/stretchr/testify/require"
)

// A secret has 24 to 64 bytes.
func TestSecretLength(t *testing.T) {
	t.Parallel()
	for n, good := range map[int]bool{0: false, 23: false, 24: true, 25: true, 63: true, 64: true, 65: false} {
		text := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n))
		s, err := webhook.ParseSecret(text)
		if good {
			require.NoError(t, err, "%d bytes", n)
			require.Equal(t, text, s.Reveal())
			continue
		}
		require.ErrorIs(t, err, webhook.ErrSecret, "%d bytes", n)
	}
}

// A list of signatures has 4,096 bytes at most, whatever stands in it.
func TestSignatureListLength(t *testing.T) {
	t.Parallel()
	key, h, body, now := example(t)
	good := h.Get("webhook-signature")
	for n, want := range map[int]error{4095: nil, 4096: nil, 4097: webhook.ErrSignature, 1 << 20: webhook.ErrSignature} {
		padded := h.Clone()
		padded.Set("webhook-signature", strings.Repeat("x", n-len(good)-1)+" "+good)
		require.ErrorIs(t, webhook.Verify(padded, body, now, key), want, "%d bytes", n)
	}
}

// A date is written in one way only, even if the sender signed it otherwise.
func TestDateHasOneForm(t *testing.T) {
	t.Parallel()
	key := secret(t)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key.Reveal(), "whsec_"))
	require.NoError(t, err)
	verify := func(date string) error {
		mac := hmac.New(sha256.New, raw)
		fmt.Fprintf(mac, "e-1.%s.{}", date)
		signature := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		return webhook.Verify(headers("e-1", date, signature), []byte("{}"), start, key)
	}
	date := fmt.Sprint(start.Unix())
	require.NoError(t, verify(date))
	for _, other := range []string{"+" + date, "0" + date, "00" + date} {
		require.ErrorIs(t, verify(other), webhook.ErrSignature, other)
	}
}

// An answer with headers over 16 KiB is not read: the event is tried again.
func TestAnswersHeaderIsBounded(t *testing.T) {
	t.Parallel()
	size := 0
	r := receive(t, false, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Long", strings.Repeat("x", size)) })
	to := hook(t, webhook.To(r.URL, secret(t)), nil)
	size = 15 << 10
	require.NoError(t, to.Send(t.Context(), event("e-1")))
	size = 17 << 10
	err := to.Send(t.Context(), event("e-2"))
	require.Error(t, err)
	require.NotErrorIs(t, err, charla.ErrRefused)
	require.Len(t, r.requests(), 2)
}
