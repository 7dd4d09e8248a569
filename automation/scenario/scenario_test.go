package scenario_test

import (
	"os"
	"testing"

	"github.com/charlahq/charla/automation/scenario"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	scenario.Run(t, os.DirFS("testdata"), nil)
}
