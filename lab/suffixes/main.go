// Command suffixes writes internal/suffix/suffixes.txt: the rules of the public suffix list as
// golang.org/x/net/publicsuffix has them, which itself would bring net/http along.
//
//	go run ./lab/suffixes
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "suffixes:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/net").Output()
	if err != nil {
		return fmt.Errorf("where golang.org/x/net is: %w", err)
	}
	data := filepath.Join(strings.TrimSpace(string(dir)), "publicsuffix", "data")
	var t tables
	for name, into := range map[string]*[]byte{"text": &t.text, "nodes": &t.nodes, "children": &t.children} {
		if *into, err = os.ReadFile(filepath.Join(data, name)); err != nil {
			return err
		}
	}
	t.walk(0, topLevel, "")
	slices.Sort(t.rules)
	return os.WriteFile(filepath.Join("internal", "suffix", "suffixes.txt"), []byte(strings.Join(t.rules, "\n")+"\n"), 0o644)
}

// topLevel is how many top level domains the tables have (numTLD of their source).
const topLevel = 1450

// tables are those of the package, in the form that its source describes.
type tables struct {
	text, nodes, children []byte
	rules                 []string
}

// walk adds the rules of the nodes from lo to hi, which stand before a parent.
func (t *tables) walk(lo, hi uint32, parent string) {
	for i := lo; i < hi; i++ {
		var node [8]byte
		copy(node[3:], t.nodes[i*5:i*5+5])
		n := binary.BigEndian.Uint64(node[:])
		length, offset, child := n&0x3f, n>>6&0xffff, n>>23&0x3ff
		name := string(t.text[offset:offset+length]) + parent
		c := binary.BigEndian.Uint32(t.children[child*4:])
		if kind := c >> 28 & 3; kind == 0 && parent != "" { // a top level domain is a suffix anyway
			t.rules = append(t.rules, name)
		} else if kind == 1 {
			t.rules = append(t.rules, "!"+name)
		}
		if c>>30&1 == 1 {
			t.rules = append(t.rules, "*."+name)
		}
		t.walk(c&0x3fff, c>>14&0x3fff, "."+name)
	}
}
