package charla_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestHandlesAreSmall: a handle has at most 15 methods.
func TestHandlesAreSmall(t *testing.T) {
	t.Parallel()
	for _, handle := range []any{&charla.Desk{}, &charla.Account{}, &charla.Visitor{}, &charla.Agent{}, &charla.Inbox{}, &charla.Saves{}} {
		of := reflect.TypeOf(handle)
		assert.LessOrEqual(t, of.NumMethod(), 15, of.String())
		assert.Zero(t, exportedFields(of.Elem()), of.String())
	}
}

func exportedFields(of reflect.Type) (n int) {
	for i := range of.NumField() {
		if of.Field(i).IsExported() {
			n++
		}
	}
	return n
}

// TestStorageStaysInside: what a host calls names no type of package storage but the
// store that it gives to New.
func TestStorageStaysInside(t *testing.T) {
	t.Parallel()
	var found []string
	for _, file := range sources(t) {
		for _, d := range file.Decls {
			for name, node := range exported(d) {
				for _, used := range storageTypes(node) {
					found = append(found, name+": "+used)
				}
			}
		}
	}
	assert.Equal(t, []string{"New: Store"}, found)
}

// sources are the files of package charla that are no tests.
func sources(t *testing.T) []*ast.File {
	t.Helper()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	var files []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
	}
	require.Greater(t, len(files), 30)
	return files
}

// exported are the exported names of a declaration, each with what its type is made of.
func exported(d ast.Decl) map[string]ast.Node {
	names := map[string]ast.Node{}
	switch d := d.(type) {
	case *ast.FuncDecl:
		of := ""
		if d.Recv != nil {
			of = receiver(d.Recv.List[0].Type) + "."
		}
		if d.Name.IsExported() && (of == "" || ast.IsExported(of)) {
			names[of+d.Name.Name] = d.Type
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() {
					names[spec.Name.Name] = spec
				}
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					if name.IsExported() && spec.Type != nil {
						names[name.Name] = spec.Type
					}
				}
			}
		}
	}
	return names
}

func receiver(of ast.Expr) string {
	switch of := of.(type) {
	case *ast.StarExpr:
		return receiver(of.X)
	case *ast.IndexExpr:
		return receiver(of.X)
	case *ast.Ident:
		return of.Name
	}
	return ""
}

// storageTypes are the names of package storage in what can be seen of a type.
func storageTypes(node ast.Node) []string {
	var used []string
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructType:
			for _, f := range n.Fields.List {
				if len(f.Names) == 0 || slices.ContainsFunc(f.Names, (*ast.Ident).IsExported) {
					used = append(used, storageTypes(f.Type)...)
				}
			}
			return false
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok && pkg.Name == "storage" {
				used = append(used, n.Sel.Name)
			}
		}
		return true
	})
	return used
}

// TestStorageTypes: the control of TestStorageStaysInside: what it looks at.
func TestStorageTypes(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][]string{
		"func F(a int, b []storage.Batch) (map[string]*storage.Page[int], error)": {"Batch", "Page"},
		"func (x *X) F(func(storage.Change))":                                     {"Change"},
		"func (x *x) F(storage.Change)":                                           nil,
		"func f(storage.Change)":                                                  nil,
		"type T struct { a storage.Change; B func(c storage.Batch) }":             {"Batch"},
		"type T struct { storage.Store }":                                         {"Store"},
		"type T interface { m(storage.Change) }":                                  {"Change"},
		"type T = storage.Change":                                                 {"Change"},
		"type t = storage.Change":                                                 nil,
		"var V storage.Change":                                                    {"Change"},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+source, parser.SkipObjectResolution)
		require.NoError(t, err)
		var used []string
		for _, node := range exported(file.Decls[0]) {
			used = append(used, storageTypes(node)...)
		}
		assert.Equal(t, want, used, source)
	}
}
