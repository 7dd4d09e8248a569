package main

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/mod/module"
)

// maxPath is the longest path of a file here. With a folder for the checkout or
// the module cache before it, the path stays below the 260 of Windows.
const maxPath = 140

// CheckNames returns an error that names every path which not every system can
// hold: device names of Windows, trailing dots and spaces, characters that a
// module zip refuses, paths that differ in case only or are too long. It looks at
// all files of the repository, published or not.
func CheckNames(files []string) error {
	var bad []error
	folded := map[string]string{}
	for _, file := range files {
		if err := module.CheckFilePath(file); err != nil {
			bad = append(bad, err)
		}
		if len(file) > maxPath {
			bad = append(bad, fmt.Errorf("%s: %d bytes, more than %d", file, len(file), maxPath))
		}
		// A folder in two spellings counts as well as a file.
		for p := file; p != "."; p = path.Dir(p) {
			key := strings.ToLower(p)
			if other, found := folded[key]; found && other != p {
				bad = append(bad, fmt.Errorf("%s and %s differ in case only", other, p))
			}
			folded[key] = p
		}
	}
	return errors.Join(bad...)
}
