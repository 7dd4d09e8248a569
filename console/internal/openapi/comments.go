package openapi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// Comments are what the source of some packages says of their types, and the constants
// of their types of texts.
type Comments struct {
	// words are by "package.Type" and "package.Type.Field".
	words map[string]string
	// values are by "package.Type".
	values map[string][]string
}

// ReadComments reads the source in some folders. It fails for what is no Go.
func ReadComments(folders ...string) (*Comments, error) {
	c := &Comments{map[string]string{}, map[string][]string{}}
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err == nil && len(names) == 0 {
			err = fmt.Errorf("openapi: no Go in %s", folder)
		}
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			for _, d := range file.Decls {
				if general, ok := d.(*ast.GenDecl); ok {
					c.read(file.Name.Name, general)
				}
			}
		}
	}
	return c, nil
}

// read reads a declaration of a package.
func (c *Comments) read(pkg string, d *ast.GenDecl) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			name := pkg + "." + s.Name.Name
			c.words[name] = plain(s.Doc)
			if len(d.Specs) == 1 && s.Doc == nil {
				c.words[name] = plain(d.Doc)
			}
			if fields, ok := s.Type.(*ast.StructType); ok {
				c.readFields(name, fields)
			}
		case *ast.ValueSpec:
			of, ok := s.Type.(*ast.Ident)
			if !ok || d.Tok != token.CONST {
				continue
			}
			for _, v := range s.Values {
				if literal, ok := v.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil {
						c.values[pkg+"."+of.Name] = append(c.values[pkg+"."+of.Name], text)
					}
				}
			}
		}
	}
}

// readFields reads the comments of a struct's fields. One above several fields is about
// all of them, also about those of the lines below it that have none.
func (c *Comments) readFields(name string, s *ast.StructType) {
	for _, f := range s.Fields.List {
		text := plain(f.Doc)
		if text == "" {
			text = plain(f.Comment)
		}
		for _, one := range f.Names {
			c.words[name+"."+one.Name] = text
		}
	}
}

var (
	link = regexp.MustCompile(`\[\*?([A-Za-z]\w*(?:\.\w+)*)\]`)
	rule = regexp.MustCompile(` \((?:R\d+\.\d+(?:, )?)+\)`)
)

// plain returns a comment as one line, without marks of links and the numbers of rules.
func plain(doc *ast.CommentGroup) string {
	text := strings.Join(strings.Fields(doc.Text()), " ")
	return goWords.Replace(rule.ReplaceAllString(link.ReplaceAllString(text, "$1"), ""))
}

// goWords puts what only says something in Go in other words.
var goWords = strings.NewReplacer("MaxPage", "500", "MaxSearch", "32", "another text is ErrCursor", "any other text is refused", "; nil:", "; absent:")

// nameOf returns the name of a type as the comments have it, without type arguments.
func nameOf(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	path := t.PkgPath()
	return path[strings.LastIndex(path, "/")+1:] + "." + name
}

// typeWords returns what is said of a type.
func (c *Comments) typeWords(t reflect.Type) string { return c.words[nameOf(t)] }

// field returns what is said of a field of a struct.
func (c *Comments) field(t reflect.Type, name string) string { return c.words[nameOf(t)+"."+name] }

// constants returns the constants of a type of texts.
func (c *Comments) constants(t reflect.Type) []string { return c.values[nameOf(t)] }
