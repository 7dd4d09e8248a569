package widget_test

import (
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSnippet: R1.5: it holds the public key and no secret.
func TestSnippet(t *testing.T) {
	t.Parallel()
	store := storage.NewMemory()
	desk, err := charla.New(store, nil)
	require.NoError(t, err)
	account, secret, err := desk.CreateAccount(t.Context(), `Tienda "<script>"`, "tienda.cl", nil)
	require.NoError(t, err)
	a, err := store.Accounts().Get(t.Context(), account.ID())
	require.NoError(t, err)
	for _, base := range []string{"https://tienda.cl/chat", "https://tienda.cl/chat/"} {
		got, err := widget.Snippet(base, a.Key)
		require.NoError(t, err)
		assert.Equal(t, `<script async src="https://tienda.cl/chat/loader.js?key=`+a.Key+`" data-charla="`+a.Key+`"></script>`, got)
		for _, leak := range []string{
			secret.Reveal(), hex.EncodeToString(secret.Key().Seed()), hex.EncodeToString(a.Secrets[0].PublicKey), a.Name, a.ID.String(),
		} {
			assert.NotContains(t, got, leak)
		}
	}
	got, err := widget.Snippet(`https://tienda.cl/"><script>alert(1)</script>`, a.Key)
	require.NoError(t, err)
	assert.NotContains(t, got, "alert(1)</script>")
	for _, bad := range []string{"", "/chat", "tienda.cl/chat", "javascript:alert(1)", "https://u:p@tienda.cl/", "https://tienda.cl/?x", "https://tienda.cl/#x", "https://", "http://[::1"} {
		_, err := widget.Snippet(bad, a.Key)
		require.Error(t, err, bad)
		_, err = widget.PinnedSnippet(bad, a.Key)
		require.Error(t, err, bad)
	}
	for _, bad := range []string{"", `x"><script>`, "https://tienda.cl/chat/", a.Name, secret.Reveal()} {
		_, err := widget.Snippet("https://tienda.cl/chat/", bad)
		require.Error(t, err, bad)
		assert.NotContains(t, err.Error(), secret.Reveal(), "an easy mistake, and errors are logged")
	}
}

func ExampleSnippet() {
	html, err := widget.Snippet("https://tienda.cl/chat/", "ck_k2j4nq3p5r7s")
	fmt.Println(html, err)
	// Output: <script async src="https://tienda.cl/chat/loader.js?key=ck_k2j4nq3p5r7s" data-charla="ck_k2j4nq3p5r7s"></script> <nil>
}
