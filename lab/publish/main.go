package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	version := flag.String("version", "v0.0.1-check", "the version of every module")
	root := flag.String("C", ".", "the repository")
	bom := flag.Bool("sbom", false, "write bills of materials to the folder, not a proxy")
	flag.Parse()
	if err := run(*root, *version, flag.Arg(0), *bom); err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

func run(root, version, dir string, bom bool) error {
	tree, err := ReadTree(root)
	if err != nil {
		return err
	}
	if err := CheckNames(tree.Files); err != nil {
		return err
	}
	modules, err := tree.Modules()
	if err != nil {
		return err
	}
	for _, m := range modules {
		switch {
		case bom:
			err = m.WriteBOM(dir, version)
		case dir == "":
			err = m.WriteRelease(version)
		default:
			err = m.WriteProxy(dir, version)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
		fmt.Println(m.Path)
	}
	return nil
}
