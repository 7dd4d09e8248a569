package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// widgetFiles are what browsers load; nothing of others is in them.
const widgetFiles = "widget/ui/dist/"

// WriteBOM writes the module's bill of materials to dir, as CycloneDX JSON: the modules
// whose packages get into a program that imports the module, on any system that is
// supported, with their sums, and the files of the widget if it has them. The same files
// give the same bytes. It fails if the packages cannot be listed or a sum is missing.
func (m *Module) WriteBOM(dir, version string) error {
	uses := map[string]map[string]bool{} // by module, itself included
	parts := map[string]cdx.Component{}
	for _, system := range []string{"linux", "darwin", "windows"} {
		if err := m.list(system, version, uses, parts); err != nil {
			return err
		}
	}
	bom := cdx.NewBOM()
	self := component(m.Path, version)
	bom.Metadata = &cdx.Metadata{Component: &self}
	var all []cdx.Component
	var edges []cdx.Dependency
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		part := parts[name]
		if name != m.Path {
			all = append(all, part)
		}
		on := []string{}
		for _, other := range slices.Sorted(maps.Keys(uses[name])) {
			if other != name {
				on = append(on, parts[other].BOMRef)
			}
		}
		edges = append(edges, cdx.Dependency{Ref: part.BOMRef, Dependencies: &on})
	}
	for _, name := range m.tree.Files {
		if m.Dir != "." || !strings.HasPrefix(name, widgetFiles) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.tree.Root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		all = append(all, cdx.Component{
			BOMRef: name, Type: cdx.ComponentTypeFile, Name: name,
			Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}},
		})
	}
	bom.Components, bom.Dependencies = &all, &edges
	var text bytes.Buffer
	if err := cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return err
	}
	name := strings.ReplaceAll(strings.TrimPrefix(path.Join("charla", m.Dir), "/"), "/", "-") + ".cdx.json"
	return os.WriteFile(filepath.Join(dir, name), text.Bytes(), 0o644)
}

// component returns a module as a component, without its sum.
func component(modulePath, version string) cdx.Component {
	purl := "pkg:golang/" + modulePath + "@" + version
	return cdx.Component{BOMRef: purl, Type: cdx.ComponentTypeLibrary, Name: modulePath, Version: version, PackageURL: purl}
}

// list adds the modules that the packages of this one need on a system to parts, and to
// uses which needs which. It fails if go list does or a module has no sum.
func (m *Module) list(system, version string, uses map[string]map[string]bool, parts map[string]cdx.Component) error {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Standard,Module", "./...")
	cmd.Dir = filepath.Join(m.tree.Root, filepath.FromSlash(m.Dir))
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0", "GOOS="+system)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list: %w: %s", err, &said)
	}
	of := map[string]string{} // module by package
	imports := map[string][]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
			Standard   bool
			Module     struct{ Path, Version, Sum string }
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if p.Standard {
			continue
		}
		name := p.Module.Path
		of[p.ImportPath], imports[p.ImportPath] = name, p.Imports
		part := component(name, p.Module.Version)
		if own(name) {
			part = component(name, version)
		} else {
			sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(p.Module.Sum, "h1:"))
			if err != nil || len(sum) != sha256.Size {
				return fmt.Errorf("%s has no sum", name)
			}
			part.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
		}
		parts[name] = part
	}
	for from, all := range imports {
		for _, to := range all {
			if uses[of[from]] == nil {
				uses[of[from]] = map[string]bool{}
			}
			if of[to] != "" {
				uses[of[from]][of[to]] = true
			}
		}
	}
	return nil
}
