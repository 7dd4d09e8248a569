// Package identity_test runs the examples that sign a customer's identity without Go.
package identity_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLanguages: R1.7, R7.1: what other languages sign opens the customer's conversation,
// whatever is in the name, and in one account only.
func TestLanguages(t *testing.T) {
	t.Parallel()
	for name, command := range map[string][]string{
		"JavaScript": {"node", "identity.mjs"},
		"Python":     {"/usr/bin/python3", "identity.py"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			desk, err := charla.New(storage.NewMemory(), nil)
			require.NoError(t, err)
			account, secret, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", nil)
			require.NoError(t, err)
			other, _, err := desk.CreateAccount(t.Context(), "Otra", "otra.cl", nil)
			require.NoError(t, err)
			sign := func(args ...string) string {
				run := exec.CommandContext(t.Context(), command[0], append(command[1:], args...)...)
				run.Env = append(os.Environ(), "CHARLA_SECRET="+secret.Reveal())
				var said bytes.Buffer
				run.Stderr = &said
				out, err := run.Output()
				require.NoError(t, err, "%s", said.Bytes())
				return strings.TrimSpace(string(out))
			}
			for _, want := range []charla.Proof{
				{Subject: "u-17", Name: "Juan Peña 😀", Email: "juan@example.com"},
				{Subject: "ñandú \"<😀>\\", Name: "Ana"},
			} {
				args := []string{account.ID().String(), want.Subject, want.Name}
				if want.Email != "" {
					args = append(args, want.Email)
				}
				token := sign(args...)
				got, err := account.VerifyIdentity(t.Context(), token)
				require.NoError(t, err, token)
				assert.Equal(t, []string{want.Subject, want.Name, want.Email}, []string{got.Subject, got.Name, got.Email})
				_, err = other.VerifyIdentity(t.Context(), token)
				require.ErrorIs(t, err, charla.ErrIdentity)
				visitor, _, err := account.Enter(t.Context(), charla.Entry{Proof: &got})
				require.NoError(t, err)
				s, err := visitor.Session(t.Context())
				require.NoError(t, err)
				assert.Equal(t, tickets.LevelVerified, s.Customer.Level)
			}
			got, err := account.VerifyIdentity(t.Context(), sign(account.ID().String(), "only-a-subject"))
			require.NoError(t, err)
			assert.Equal(t, []string{"only-a-subject", "", ""}, []string{got.Subject, got.Name, got.Email})
		})
	}
}
