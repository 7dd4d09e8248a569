package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	root := flag.String("C", ".", "the repository")
	sum := flag.Bool("sum", false, "print the counts, write nothing")
	flag.Parse()
	if err := run(*root, *sum); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(root string, sum bool) error {
	packages, err := Load(root)
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "api")
	if !sum {
		if err := os.RemoveAll(dir); err != nil { // packages that are gone
			return err
		}
	}
	total := 0
	for _, p := range packages {
		lines := Surface(p)
		total += len(lines)
		if sum {
			fmt.Printf("%6d %s\n", len(lines), p.Path())
			continue
		}
		text := fmt.Sprintf("package %s // %s: %d exported identifiers\n%s\n", p.Name(), p.Path(), len(lines), strings.Join(lines, "\n"))
		file := filepath.Join(dir, filepath.FromSlash(fileName(p.Path())))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if sum {
		fmt.Printf("%6d in all\n", total)
	}
	return nil
}

// fileName returns the file of a package, below api/: its path in the repository.
func fileName(path string) string {
	if path == core {
		return "charla.txt"
	}
	return strings.TrimPrefix(path, core+"/") + ".txt"
}
