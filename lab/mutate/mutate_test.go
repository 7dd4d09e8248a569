package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const source = `package p

func f(list []int, err error) (int, error) {
	sum := 0
	for _, v := range list {
		if v < 0 {
			continue
		}
		sum += v
	}
	defer done()
	if len(list) == 0 && sum > 1 {
		return 0, err
	}
	return sum, nil
}
`

func TestSites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "p.go")
	require.NoError(t, os.WriteFile(path, []byte(source), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p_test.go"), []byte(source), 0o600), "tests are no sites")
	sites, err := sitesOf(dir)
	require.NoError(t, err)
	var got []string
	for _, s := range sites {
		assert.Equal(t, path, s.path)
		got = append(got, strings.TrimPrefix(s.String(), path+":"))
		text, err := s.mutated()
		require.NoError(t, err)
		assert.Equal(t, strings.Replace(source[s.from:], s.old, s.text, 1), string(text[s.from:]))
		assert.Equal(t, source[:s.from], string(text[:s.from]))
	}
	assert.Equal(t, []string{
		"4 f: 0 → 1",
		"6 f: v < 0 → !(v < 0)",
		"6 f: < → <=",
		"6 f: 0 → 1",
		"7 f: continue → break",
		"9 f: += → -=",
		"9 f: sum += v → {}",
		"11 f: defer done() → {}",
		"12 f: len(list) == 0 && sum > 1 → !(len(list) == 0 && sum > 1)",
		"12 f: && → ||",
		"12 f: == → !=",
		"12 f: 0 → 1",
		"12 f: > → >=",
		"12 f: 1 → 2",
		"13 f: err → nil",
		"13 f: 0 → 1",
	}, got)
}
