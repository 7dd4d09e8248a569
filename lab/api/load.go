package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// core is the path of the root module and its package.
const core = "github.com/charlahq/charla"

// unpublished has the modules that nobody requires.
var unpublished = []string{"lab", "widget/browser", "widget/ui/tools", "examples", "sim", "proof", "bench"}

// Load returns every package of the repository that users can import, sorted by
// path, from what the compiler says of it.
func Load(root string) ([]*types.Package, error) {
	dirs, err := command(root, "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	args := []string{"list", "-export", "-deps", "-trimpath", "-json=ImportPath,Name,Export,Standard"}
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	for dir := range strings.FieldsSeq(string(dirs)) {
		below, err := filepath.Rel(abs, dir)
		if err != nil {
			return nil, err
		}
		if !isUnpublished(filepath.ToSlash(below)) {
			args = append(args, dir+"/...")
		}
	}
	out, err := command(root, "go", args...)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	var paths []string
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct{ ImportPath, Name, Export string }
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		exports[p.ImportPath] = p.Export
		if exported(p.ImportPath) && p.Name != "main" {
			paths = append(paths, p.ImportPath)
		}
	}
	load := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("nothing is exported by %s", path)
		}
		return os.Open(exports[path])
	})
	var packages []*types.Package
	for _, path := range sorted(paths) {
		p, err := load.Import(path)
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
	return packages, nil
}

// exported reports whether users can import a package of this repository.
func exported(path string) bool {
	if path != core && !strings.HasPrefix(path, core+"/") {
		return false
	}
	return !strings.Contains(path+"/", "/internal/") && !isUnpublished(strings.TrimPrefix(strings.TrimPrefix(path, core), "/"))
}

func isUnpublished(below string) bool {
	for _, dir := range unpublished {
		if below == dir || strings.HasPrefix(below, dir+"/") {
			return true
		}
	}
	return false
}

func command(dir, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...) //nolint:gosec // the go command
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	return cmd.Output()
}
