package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Core is the path of the root module; the others' paths begin with it.
const Core = "github.com/charlahq/charla"

// unpublished has the modules that nobody requires: they stay in the repository.
var unpublished = []string{"lab", "widget/browser", "widget/ui/tools"}

// Tree is a checkout of the repository.
type Tree struct {
	Root  string
	Files []string // of git, or new and not ignored; with slashes
}

// Module is a module that is published.
type Module struct {
	Path string // as in its go.mod
	Dir  string // below the root, with slashes; "." for the root
	tree *Tree
	file *modfile.File
}

// ReadTree lists the files of a checkout.
func ReadTree(root string) (*Tree, error) {
	cmd := exec.Command("git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z") //nolint:gosec // the argument is the caller's checkout
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	t := &Tree{Root: root}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if _, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name))); err == nil { // git lists deleted files, too
			t.Files = append(t.Files, name)
		}
	}
	return t, nil
}

// Modules returns the published modules: each go.mod, less those of test data and
// those that are named as unpublished.
func (t *Tree) Modules() ([]*Module, error) {
	var found []*Module
	for _, name := range t.Files {
		dir := path.Dir(name)
		if path.Base(name) != "go.mod" || slices.Contains(unpublished, dir) || slices.Contains(strings.Split(dir, "/"), "testdata") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(t.Root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		file, err := modfile.Parse(name, data, nil)
		if err != nil {
			return nil, err
		}
		if want := path.Join(Core, dir); file.Module.Mod.Path != want {
			return nil, fmt.Errorf("%s: the module is %s, not %s", name, file.Module.Mod.Path, want)
		}
		found = append(found, &Module{file.Module.Mod.Path, dir, t, file})
	}
	if len(found) == 0 {
		return nil, errors.New("no module is published")
	}
	return found, nil
}

// own reports whether a module is one of this repository.
func own(modulePath string) bool {
	return modulePath == Core || strings.HasPrefix(modulePath, Core+"/")
}

// Release returns the go.mod that is tagged: without the replacements by folders
// of this repository, and with every module of it required in the same version,
// since they share internal packages. Any other replacement is an error: it does
// not count for who requires the module.
func (m *Module) Release(version string) ([]byte, error) {
	data, err := m.file.Format()
	if err != nil {
		return nil, err
	}
	file, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		return nil, err
	}
	for _, r := range slices.Clone(file.Replace) {
		target := path.Join(Core, m.Dir, r.New.Path)
		if !own(r.Old.Path) || r.New.Version != "" || target != r.Old.Path {
			return nil, fmt.Errorf("go.mod replaces %s by %s: nobody who requires the module gets that", r.Old.Path, r.New.Path)
		}
		if err := file.DropReplace(r.Old.Path, r.Old.Version); err != nil {
			return nil, err
		}
	}
	for _, r := range slices.Clone(file.Require) {
		if !own(r.Mod.Path) {
			continue
		}
		if slices.Contains(unpublished, strings.TrimPrefix(r.Mod.Path, Core+"/")) {
			return nil, fmt.Errorf("go.mod requires %s, which is not published", r.Mod.Path)
		}
		if err := file.AddRequire(r.Mod.Path, version); err != nil {
			return nil, err
		}
	}
	file.Cleanup()
	out, err := file.Format()
	return append(bytes.TrimSpace(out), '\n'), err
}

// WriteRelease writes the go.mod that is tagged over the one in the checkout.
func (m *Module) WriteRelease(version string) error {
	data, err := m.Release(version)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.tree.Root, filepath.FromSlash(m.Dir), "go.mod"), data, 0o644)
}
