package main

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/charlahq/charla/internal/suffix"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/publicsuffix"
)

// The suffixes are those of golang.org/x/net/publicsuffix: of every rule's names, and of
// names before them.
func TestSuffixes(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../../internal/suffix/suffixes.txt")
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	check := func(host string) {
		want, _ := publicsuffix.PublicSuffix(host)
		assert.Equal(t, want, suffix.Of(host), host)
		whole, err := publicsuffix.EffectiveTLDPlusOne(host)
		if err != nil {
			whole = ""
		}
		assert.Equal(t, whole, suffix.Registrable(host), host)
	}
	for _, host := range []string{"com", "cl", "tienda.cl", "www.tienda.cl", "co.uk", "a.co.uk", "github.io", "a.b.github.io", "city.kawasaki.jp", "x.kawasaki.jp", "nowhere", "a.nowhere", "localhost"} {
		check(host)
	}
	rules := strings.Fields(string(file))
	require.Greater(t, len(rules), 5000)
	for _, rule := range rules {
		name := strings.TrimPrefix(strings.TrimPrefix(rule, "!"), "*.")
		for _, host := range []string{name, "a." + name, "b.a." + name, "c.b.a." + name, "x" + name} {
			check(host)
		}
		if random.IntN(10) == 0 {
			check(name + ".cl")
		}
	}
}
