package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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
		body := source[s.body[0]:s.body[1]]
		at := s.from - s.body[0]
		assert.Equal(t, body[:at]+strings.Replace(body[at:], s.old, s.text, 1), s.mutated(source))
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

// What is accepted is there.
func TestAccepted(t *testing.T) { //nolint:paralleltest // it changes the folder
	t.Chdir("../..")
	sites, err := draw(nil, regexp.MustCompile(""), 1)
	require.NoError(t, err)
	found := map[string]bool{}
	for _, s := range sites {
		found[s.key()] = true
	}
	for key := range accepted {
		assert.True(t, found[key], key)
	}
}

const program1 = `package p

func first(n int) int {
	if n > 0 {
		return 1
	}
	for {
		if n == 0 {
			continue
		}
		return 2
	}
}

func unused() {
	n := 5
	_ = n
}
`

const program2 = `package p

import "testing"

func TestFirst(t *testing.T) {
	if first(3) != 1 {
		t.Fatal("no")
	}
}
`

// Each mutant runs only when it is chosen, and those that do not compile are left out.
func TestMutantsRun(t *testing.T) { //nolint:paralleltest // it changes the folder
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"go.mod": "module p\n\ngo 1.26\n", "p/p.go": program1, "p/p_test.go": program2} {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	sites, err := sitesOf("p")
	require.NoError(t, err)
	dir := t.TempDir()
	packages, err := choose(t.Context(), dir, sites, 100)
	require.NoError(t, err)
	require.Len(t, packages, 1)
	packages[0].tests = []string{"./p"}
	programs, err := packages[0].build(t.Context(), dir)
	require.NoError(t, err)
	got := map[string]outcome{}
	for number, s := range packages[0].mutants {
		got[strings.TrimPrefix(s.String(), "p/p.go:")], _, err = try(t.Context(), time.Minute, number, programs, regexp.MustCompile("^$"))
		require.NoError(t, err)
	}
	assert.Equal(t, map[string]outcome{
		"4 first: n > 0 → !(n > 0)": killed,
		"4 first: > → >=":           survived,
		"4 first: 0 → 1":            survived,
		"5 first: 1 → 2":            killed,
		"8 first: == → !=":          survived,
		"8 first: 0 → 1":            survived,
		"11 first: 2 → 3":           survived,
		"16 unused: 5 → 6":          survived,
	}, got, "neither n := 5 without _ = n compiles nor a break for the continue")
}
