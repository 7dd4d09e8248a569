package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	version := flag.String("version", "v0.0.1-check", "the version of every module")
	root := flag.String("C", ".", "the repository")
	flag.Parse()
	if err := run(*root, *version, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

func run(root, version, proxy string) error {
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
		if proxy == "" {
			err = m.WriteRelease(version)
		} else {
			err = m.WriteProxy(proxy, version)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
		fmt.Println(m.Path)
	}
	return nil
}
