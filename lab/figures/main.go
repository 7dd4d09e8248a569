// Command figures prints how large a checkout is: lines of code without blanks and
// comments, exported identifiers, direct requirements, the size of the README's
// first program, words of documents. A change is measured by running it on the
// checkout before and on the one after.
//
//	go run ./lab/figures [-C DIR]
package main

import (
	"flag"
	"fmt"
	"go/scanner"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

func main() {
	dir := flag.String("C", ".", "the checkout")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	out, err := exec.Command("git", "-C", dir, "ls-files", "-co", "--exclude-standard").Output() //nolint:gosec // the caller's checkout
	if err != nil {
		return err
	}
	files := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(out)), "\n"), func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err != nil || strings.Contains("/"+name, "/testdata/") // deleted, or nobody's code
	})
	slices.Sort(files)
	for _, section := range []func(string, []string) error{code, requirements, words, size, identifiers} {
		if err := section(dir, files); err != nil {
			return err
		}
	}
	return nil
}

// code prints the lines of Go that hold a token, by package: the code's, the tests'.
func code(dir string, files []string) error {
	type lines struct{ code, tests int }
	packages := map[string]lines{}
	var sum, product lines
	for _, name := range files {
		if path.Ext(name) != ".go" {
			continue
		}
		n, err := count(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		l := packages[path.Dir(name)]
		if strings.HasSuffix(name, "_test.go") {
			l.tests += n
		} else {
			l.code += n
		}
		packages[path.Dir(name)] = l
	}
	fmt.Println("lines of Go without blanks and comments: code, tests, package")
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		l := packages[name]
		fmt.Printf("%7d %7d %s\n", l.code, l.tests, name)
		sum.code, sum.tests = sum.code+l.code, sum.tests+l.tests
		if !apart(name) {
			product.code, product.tests = product.code+l.code, product.tests+l.tests
		}
	}
	fmt.Printf("%7d %7d published modules\n%7d %7d in all\n", product.code, product.tests, sum.code, sum.tests)
	return nil
}

// apart reports whether a folder is of no published library.
func apart(dir string) bool {
	for _, name := range []string{"bench", "examples", "lab", "proof", "sim", "widget/browser", "widget/ui/tools"} {
		if dir == name || strings.HasPrefix(dir, name+"/") {
			return true
		}
	}
	return false
}

// count counts the lines of a Go file on which a token is, or a part of one.
func count(file string) (int, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	set := token.NewFileSet()
	f := set.AddFile(file, -1, len(source))
	var s scanner.Scanner
	s.Init(f, source, nil, 0)
	lines := map[int]bool{}
	for {
		at, t, text := s.Scan()
		if t == token.EOF {
			return len(lines), nil
		}
		if t == token.SEMICOLON && text == "\n" {
			continue
		}
		for i := range strings.Count(text, "\n") + 1 {
			lines[f.Line(at)+i] = true
		}
	}
}

// requirements prints what each go.mod requires directly, charla's own aside.
func requirements(dir string, files []string) error {
	fmt.Println("\ndirect requirements, by module")
	for _, name := range files {
		if path.Base(name) != "go.mod" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		file, err := modfile.Parse(name, data, nil)
		if err != nil {
			return err
		}
		var direct []string
		for _, r := range file.Require {
			if !r.Indirect && !strings.HasPrefix(r.Mod.Path, "github.com/charlahq/charla") {
				direct = append(direct, r.Mod.Path)
			}
		}
		fmt.Printf("%7d %s %s\n", len(direct), path.Dir(name), strings.Join(direct, " "))
	}
	return nil
}

// words prints the words of every document.
func words(dir string, files []string) error {
	fmt.Println("\nwords of documents")
	sum := 0
	for _, name := range files {
		if path.Ext(name) != ".md" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		n := len(strings.Fields(string(text)))
		sum += n
		fmt.Printf("%7d %s\n", n, name)
	}
	fmt.Printf("%7d in all\n", sum)
	return nil
}

// size prints the bytes of the README's first program.
func size(dir string, _ []string) error {
	temp, err := os.MkdirTemp("", "figures")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	program := filepath.Join(temp, "first")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", program, "./examples/first") //nolint:gosec // the go command
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	info, err := os.Stat(program)
	if err != nil {
		return err
	}
	fmt.Printf("\nbytes of examples/first, stripped\n%d\n", info.Size())
	return nil
}

// identifiers prints what each package exports.
func identifiers(dir string, _ []string) error {
	fmt.Println("\nexported identifiers: constants, functions, types, fields, methods, variables")
	cmd := exec.Command("go", "run", "github.com/charlahq/charla/lab/api", "-sum", "-C", dir) //nolint:gosec // the go command
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
