package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// maxFile and maxZip are far below a proxy's own limits (500 MB): a build or a
// database that got into a module is to be noticed before everybody downloads it.
const (
	maxFile = 1 << 20
	maxZip  = 8 << 20
)

// zipped is a file of a module's zip, with other content if data is set.
type zipped struct {
	name, disk string
	data       []byte
}

func (f zipped) Path() string { return f.name }

func (f zipped) Lstat() (os.FileInfo, error) {
	info, err := os.Lstat(f.disk)
	if err == nil && f.data != nil {
		return sized{info, int64(len(f.data))}, nil
	}
	return info, err
}

func (f zipped) Open() (io.ReadCloser, error) {
	if f.data != nil {
		return io.NopCloser(bytes.NewReader(f.data)), nil
	}
	return os.Open(f.disk)
}

type sized struct {
	fs.FileInfo
	size int64
}

func (s sized) Size() int64 { return s.size }

// files returns what goes into the module's zip, its go.mod in release form, and
// the root's license if it has none of its own, as the go command does.
func (m *Module) files(version string) ([]zip.File, error) {
	release, err := m.Release(version)
	if err != nil {
		return nil, err
	}
	var files []zip.File
	var large []error
	license := false
	for _, name := range m.tree.Files {
		below, found := strings.CutPrefix(name, m.Dir+"/")
		if m.Dir == "." {
			below, found = name, true
		}
		if !found {
			continue
		}
		file := zipped{name: below, disk: filepath.Join(m.tree.Root, filepath.FromSlash(name))}
		if below == "go.mod" {
			file.data = release
		}
		license = license || below == "LICENSE"
		files = append(files, file)
	}
	if !license {
		files = append(files, zipped{name: "LICENSE", disk: filepath.Join(m.tree.Root, "LICENSE")})
	}
	checked, err := zip.CheckFiles(files)
	if err != nil {
		return nil, err
	}
	for _, name := range checked.Valid {
		info, err := os.Lstat(filepath.Join(m.tree.Root, filepath.FromSlash(path.Join(m.Dir, name))))
		if err == nil && info.Size() > maxFile {
			large = append(large, fmt.Errorf("%s: %d bytes, more than %d", name, info.Size(), maxFile))
		}
	}
	return files, errors.Join(large...)
}

// WriteProxy writes a version of the module into a folder that the go command
// takes for a proxy.
func (m *Module) WriteProxy(proxy, version string) error {
	files, err := m.files(version)
	if err != nil {
		return err
	}
	release, err := m.Release(version)
	if err != nil {
		return err
	}
	escaped, err := module.EscapePath(m.Path)
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	if err := zip.Create(&archive, module.Version{Path: m.Path, Version: version}, files); err != nil {
		return err
	}
	if archive.Len() > maxZip {
		return fmt.Errorf("the zip has %d bytes, more than %d", archive.Len(), maxZip)
	}
	dir := filepath.Join(proxy, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	info := fmt.Sprintf("{\"Version\":%q,\"Time\":%q}\n", version, time.Unix(0, 0).UTC().Format(time.RFC3339))
	for name, data := range map[string][]byte{
		"list": []byte(version + "\n"), version + ".info": []byte(info), version + ".mod": release, version + ".zip": archive.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
