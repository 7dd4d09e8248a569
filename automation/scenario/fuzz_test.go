package scenario_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/charlahq/charla/automation/scenario"
)

// FuzzParse reads, and if it can plays, whatever it gets: it ends, and every
// failure names a line of the file, in one line.
func FuzzParse(f *testing.F) {
	for _, data := range []string{
		on("", hola+"expect juan open"), on(greets, hola+"crash 1d\nexpect juan got newCustomer"),
		on(closes, hola+"wait 1d12h # fin\n! agent ana opens juan"), on(santiago, "at 2026-09-06 01:00\nconfig running {}"),
	} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		script, err := scenario.Parse("f", data)
		if err == nil {
			err = script.Play(t.Context(), nil)
		}
		var failure *scenario.Failure
		switch {
		case err == nil:
		case !errors.As(err, &failure):
			t.Fatalf("not a failure: %v", err)
		case failure.Line < 1 || failure.Line > 1+bytes.Count(data, []byte("\n")):
			t.Fatalf("no such line: %v", err)
		case strings.Contains(err.Error(), "\n"):
			t.Fatalf("not one line: %q", err)
		}
	})
}
