package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// A surface is what packages export, read from api/.
type surface struct {
	top    map[string]map[string]bool   // package: its names
	member map[string]map[string]string // package and type ("charla.Desk"): fields and methods, a field's type
	paths  map[string]string            // import path: package
	consts map[string]int               // package and type: how many constants it has
}

var (
	memberPattern = regexp.MustCompile(`^type (\w+) (?:struct|interface), ([A-Z]\w*)(.*)$`)
	methodPattern = regexp.MustCompile(`^method \(\*?(\w+)(?:\[\w+\])?\) ([A-Z]\w*)`)
	constPattern  = regexp.MustCompile(`^const \w+ ([A-Z]\w*) = `)
	topPattern    = regexp.MustCompile(`^(?:const|var|func|type) ([A-Z]\w*)`)
	typePattern   = regexp.MustCompile(`^(?:\*|\[\])*(?:([\w./-]+)\.)?([A-Z]\w*)$`)
	namePattern   = regexp.MustCompile(`^[&*]?([A-Za-z]\w*)((?:\.[A-Z]\w*)+)(?:[^\w.].*)?$`)
	errorPattern  = regexp.MustCompile(`^Err[A-Z]\w*$`)
	insidePattern = regexp.MustCompile(`(?:^|[\s("])((?:console|docs|examples|lab|scripts|storage|widget)/[\w./-]*\w)`)
	docPattern    = regexp.MustCompile(`\[\*?([A-Za-z]\w*)((?:\.[A-Z]\w*)*)\]`)
)

func readSurface(dir string) (surface, error) {
	s := surface{map[string]map[string]bool{}, map[string]map[string]string{}, map[string]string{}, map[string]int{}}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".txt" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		head, rest, _ := strings.Cut(string(text), "\n")
		pkg := strings.Fields(head)[1]
		s.paths[strings.TrimSuffix(strings.Fields(head)[3], ":")] = pkg
		s.top[pkg] = map[string]bool{}
		for line := range strings.Lines(rest) {
			s.add(pkg, strings.TrimRight(line, "\n"))
		}
		return nil
	})
	return s, err
}

func (s surface) add(pkg, line string) {
	if m := constPattern.FindStringSubmatch(line); m != nil {
		s.consts[pkg+"."+m[1]]++
	}
	set := func(typ, name, of string) {
		key := pkg + "." + typ
		if s.member[key] == nil {
			s.member[key] = map[string]string{}
		}
		s.member[key][name] = of
	}
	if m := memberPattern.FindStringSubmatch(line); m != nil {
		set(m[1], m[2], strings.TrimSpace(m[3]))
	} else if m := methodPattern.FindStringSubmatch(line); m != nil {
		set(m[1], m[2], "")
	} else if m := topPattern.FindStringSubmatch(line); m != nil {
		s.top[pkg][m[1]] = true
	}
}

// has reports whether a chain of members, such as Runner and Poll, begins at a
// package's type. What follows a type of another library is not looked at.
func (s surface) has(pkg, typ string, chain []string) bool {
	if len(chain) == 0 {
		return true
	}
	members := s.member[pkg+"."+typ]
	of, ok := members[chain[0]]
	if !ok {
		for _, embedded := range members {
			if t, is := strings.CutSuffix(embedded, " (embedded)"); is {
				if p, n := s.named(pkg, t); p != "" && s.has(p, n, chain) {
					return true
				}
			}
		}
		return false
	}
	p, n := s.named(pkg, of)
	return p == "" || s.has(p, n, chain[1:])
}

// named resolves a type as api/ spells it, seen from a package; "" is none of ours.
func (s surface) named(pkg, typ string) (string, string) {
	m := typePattern.FindStringSubmatch(strings.TrimSuffix(typ, " (embedded)"))
	switch {
	case m == nil:
		return "", ""
	case m[1] == "":
		return pkg, m[2]
	}
	return s.paths[m[1]], m[2]
}

// anywhere reports whether a chain begins at a type or field of that name in any
// package, an error's or a type's name alone included.
func (s surface) anywhere(first string, chain []string) bool {
	for pkg, names := range s.top {
		if names[first] && s.has(pkg, first, chain) {
			return true
		}
	}
	for typ, members := range s.member {
		pkg, _, _ := strings.Cut(typ, ".")
		if of, ok := members[first]; ok {
			if p, n := s.named(pkg, of); p != "" && s.has(p, n, chain) {
				return true
			}
		}
	}
	return false
}

// name checks a code span that looks like an exported identifier.
func (c *checker) name(name string, line int, span string) {
	if errorPattern.MatchString(span) {
		if !c.surface.anywhere(span, nil) {
			c.report(name, line, "name", "no package exports %s", span)
		}
		return
	}
	m := namePattern.FindStringSubmatch(span)
	if m == nil || !c.surface.knows(m[1], strings.Split(m[2], ".")[1:]) {
		if m != nil {
			c.report(name, line, "name", "%s%s is not exported", m[1], m[2])
		}
	}
}

// knows reports whether what a document calls first.chain exists: a package and its
// names, a handle by its usual variable (desk.Run), or a type and its members.
// Other packages' names are not looked at.
func (s surface) knows(first string, chain []string) bool {
	if names, ours := s.top[first]; ours {
		return names[chain[0]] && s.has(first, chain[0], chain[1:])
	}
	switch first {
	case "desk", "account", "visitor", "agent", "inbox":
		return s.has("charla", strings.ToUpper(first[:1])+first[1:], chain)
	}
	return first[0] >= 'a' || s.anywhere(first, chain)
}

// comments checks doc links, paths, commands and counts in the comments of a Go file.
func (c *checker) comments(name string, lines []string) {
	text := make([]string, len(lines))
	pkg := c.surface.paths[path.Join("github.com/charlahq/charla", path.Dir(name))]
	for i, line := range lines {
		comment, is := strings.CutPrefix(strings.TrimSpace(line), "//")
		if !is {
			continue
		}
		text[i] = comment
		if strings.HasPrefix(comment, "\t") {
			c.command(name, i+1, comment)
		}
		for _, m := range insidePattern.FindAllStringSubmatch(comment, -1) {
			if !c.exists("", m[1]) {
				c.report(name, i+1, "path", "%s does not exist", m[1])
			}
		}
		if pkg == "" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, m := range docPattern.FindAllStringSubmatch(comment, -1) {
			chain := strings.Split(m[2], ".")[1:]
			if m[1][0] >= 'a' && len(chain) == 0 || c.surface.top[m[1]] == nil && m[1][0] >= 'a' {
				continue // a package, or another library's name
			}
			if c.surface.top[m[1]] != nil && c.surface.knows(m[1], chain) || c.surface.top[pkg][m[1]] && c.surface.has(pkg, m[1], chain) {
				continue
			}
			if len(m[1]) > 1 && strings.ToUpper(m[1]) != m[1] {
				c.report(name, i+1, "name", "%s leads nowhere", m[0])
			}
		}
	}
	c.countsIn(name, text)
}
