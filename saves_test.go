package charla_test

import (
	"fmt"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSaves: R1.4: who saved which version and when is kept with the save, and what it made can
// be read.
func TestSaves(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	_, first, err := b.account.Config(b.ctx)
	require.NoError(t, err)
	list, err := b.account.Saves().List(b.ctx)
	require.NoError(t, err)
	require.NotEmpty(t, list)
	assert.Equal(t, first, list[0].Version, "what was saved so far")
	info, err := b.account.Info(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, info.SavedAt, list[0].At)

	save := func(text string, o *charla.SaveOptions) error {
		cfg, version, err := b.account.Config(b.ctx)
		require.NoError(t, err)
		cfg.Chat.HeaderMessage = chatcfg.Words{Any: text}
		_, err = b.account.SaveConfig(b.ctx, version, cfg, o)
		return err
	}
	require.NoError(t, save("uno", &charla.SaveOptions{By: &charla.Person{ID: "ana", Name: "Ana"}}))
	require.NoError(t, save("dos", nil))
	require.Error(t, save("tres", &charla.SaveOptions{By: &charla.Person{ID: "a\nb"}}), "no such person")
	require.ErrorIs(t, func() error {
		cfg, _, err := b.account.Config(b.ctx)
		require.NoError(t, err)
		_, err = b.account.SaveConfig(b.ctx, first, cfg, &charla.SaveOptions{By: &charla.Person{ID: "eva"}})
		return err
	}(), charla.ErrStale)
	list, err = b.account.Saves().List(b.ctx)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(list), 3)
	assert.Equal(t, first+2, list[0].Version)
	assert.Empty(t, list[0].By)
	assert.Equal(t, first+1, list[1].Version)
	assert.Equal(t, "ana", string(list[1].By))
	assert.Equal(t, "Ana", list[1].Name)
	assert.Equal(t, chatcfg.Version(1), list[len(list)-1].Version, "its creation")
	assert.Equal(t, info.CreatedAt, list[len(list)-1].At)
	then, err := b.account.Saves().Config(b.ctx, first+1)
	require.NoError(t, err)
	assert.Equal(t, "uno", then.Chat.HeaderMessage.Any)
	for _, none := range []chatcfg.Version{0, -1, first + 3} {
		_, err = b.account.Saves().Config(b.ctx, none)
		require.ErrorIs(t, err, charla.ErrNotFound, none)
	}

	for i := range charla.MaxSaves + 5 {
		require.NoError(t, save(fmt.Sprint("texto ", i), &charla.SaveOptions{By: &charla.Person{ID: "ana"}}))
	}
	list, err = b.account.Saves().List(b.ctx)
	require.NoError(t, err)
	require.Len(t, list, charla.MaxSaves, "they are bounded")
	assert.Equal(t, first+2+charla.MaxSaves+5, list[0].Version)

	require.NoError(t, b.account.Delete(b.ctx, info.Name))
	list, err = b.account.Saves().List(b.ctx)
	require.NoError(t, err)
	assert.Len(t, list, charla.MaxSaves, "a deleted account's, too")
	_, err = b.desk.Account(chatcfg.AccountID{}).Saves().List(b.ctx)
	require.ErrorIs(t, err, charla.ErrNotFound)
}
