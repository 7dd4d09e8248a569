// The command tools builds the widget: it bundles widget/ui/src into
// widget/ui/dist under names made of the content, writes manifest.json, and
// fails when a file is over its budget.
//
//	go run ./widget/ui/tools           # write dist
//	go run ./widget/ui/tools -tests DIR  # compile the tests for node --test
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// main builds the widget, or compiles its tests, as the flags say. It prints an error
// and exits with 1 if that fails.
func main() {
	ui := flag.String("ui", "widget/ui", "the directory of the widget's sources")
	tests := flag.String("tests", "", "compile the tests into this directory instead")
	flag.Parse()
	if err := run(*ui, *tests); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run builds the widget into ui/dist and prints the sizes; with tests, it compiles the
// tests into that directory instead. It fails, and writes nothing, if a source does not
// compile or a file is over its limit; it also fails if the system cannot write.
func run(ui, tests string) error {
	if tests != "" {
		return compileTests(ui, tests)
	}
	d, err := build(ui)
	if err != nil {
		return err
	}
	fmt.Print(d.report())
	if err := d.checkSizes(); err != nil {
		return err
	}
	return d.write(filepath.Join(ui, "dist"))
}
