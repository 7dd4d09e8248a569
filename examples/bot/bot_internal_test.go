package main

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func Example() {
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// customer: What are your hours?
	// agent: We are here from Monday to Friday, 9:00 to 18:00.
}

// R3.9, R8.3: the bot answers once, whether it runs or starts later, and twice at a time;
// it is silent about what it does not know, and where a person was first.
func TestBot(t *testing.T) {
	t.Parallel()
	order := known[1][1]
	for name, c := range map[string]struct {
		before, asked []string // before the bots run, and while they do
		person        bool     // a person answers before they run
		want          []string
	}{
		"asked while it runs": {nil, []string{"Your hours?"}, false, []string{"Your hours?", hours}},
		"asked before":        {[]string{"Your HOURS?"}, nil, false, []string{"Your HOURS?", hours}},
		"asked again":         {nil, []string{"hours?", "hours?"}, false, []string{"hours?", hours, "hours?"}},
		"unknown at first":    {nil, []string{"hola", "my order"}, false, []string{"hola", "my order", order}},
		"never known":         {[]string{"hola"}, []string{"hola"}, false, []string{"hola", "hola"}},
		"a person was first":  {[]string{"hola"}, []string{"your hours?"}, true, []string{"hola", "Ask me.", "your hours?"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				desk, err := charla.New(storage.NewMemory(), nil)
				require.NoError(t, err)
				account, _, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", nil)
				require.NoError(t, err)
				visitor, _, err := account.Enter(t.Context(), charla.Entry{Name: "Carla", Email: "carla@example.com"})
				require.NoError(t, err)
				write := func(text string) charla.Result {
					said, err := visitor.Write(t.Context(), text, nil)
					require.NoError(t, err)
					return said
				}
				for _, text := range c.before {
					said := write(text)
					if c.person {
						_, err := account.Agent(charla.Person{ID: "ana"}).Reply(t.Context(), said.Ref, "Ask me.", nil)
						require.NoError(t, err)
					}
				}
				ctx, stop := context.WithCancel(t.Context())
				for range 2 { // two processes
					go func() { assert.ErrorIs(t, newBot(account, known).run(ctx), context.Canceled) }()
				}
				synctest.Wait()
				for _, text := range c.asked {
					write(text)
					synctest.Wait()
				}
				stop()
				page, err := visitor.Messages(t.Context(), charla.MessageQuery{})
				require.NoError(t, err)
				var got []string
				for _, m := range page.Items {
					got = append(got, m.Text)
				}
				assert.Equal(t, c.want, got)
			})
		})
	}
}
