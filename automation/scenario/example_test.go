package scenario_test

import (
	"context"
	"fmt"

	"github.com/charlahq/charla/automation/scenario"
)

// A file that holds, and the same one with a mistake in it.
func Example() {
	const file = `A ticket that the customer abandons is closed by itself.
-- config.json --
{"automation": {"autoClose": {"enabled": true, "after": {"value": 10, "unit": "minutes"}},
                "automaticClose": {"enabled": true, "messages": ["Adiós, {customer}."]}}}
-- script --
at 2026-03-02 09:00
customer juan says "hola"
agent ana replies juan "¿en qué ayudo?"
wait 9m59s
expect juan open
wait 1s
expect juan closed automatic
expect juan got automaticClose "Adiós, juan."
`
	for _, more := range []string{"expect juan got nothing\n", "expect juan got manualClose\n"} {
		script, err := scenario.Parse("abandoned.txtar", []byte(file+more))
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := script.Play(context.Background(), nil); err != nil {
			fmt.Println("FAIL", err)
		} else {
			fmt.Println("ok")
		}
	}
	// Output:
	// ok
	// FAIL abandoned.txtar:14: want manualClose, got nothing
}
