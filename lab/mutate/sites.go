package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// site is a piece of a source file and what takes its place.
type site struct {
	path     string
	line     int
	function string
	from, to int // offsets in the file
	text     string
	old      string
	// head are the offsets of the function, of its name and of the name's end, body those between its braces;
	// returns: it has results.
	head    [3]int
	body    [2]int
	returns bool
}

func (s site) String() string {
	return fmt.Sprintf("%s:%d %s: %s → %s", s.path, s.line, s.function, oneLine(s.old), oneLine(s.text))
}

// key is the site without its line.
func (s site) key() string {
	return fmt.Sprintf("%s %s: %s → %s", s.path, s.function, oneLine(s.old), oneLine(s.text))
}

// oneLine shortens source text to what fits on a line.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:57]) + "..."
	}
	return s
}

// mutated returns the function's body with the site changed, given the file's text.
func (s site) mutated(source string) string {
	return source[s.body[0]:s.from] + s.text + source[s.to:s.body[1]]
}

// sitesOf returns all sites of a package's product files.
func sitesOf(folder string) ([]site, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	var all []site
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, source, 0)
		if err != nil {
			return nil, err
		}
		f := finder{path: path, source: string(source), files: files}
		for _, d := range file.Decls {
			if function, ok := d.(*ast.FuncDecl); ok && function.Body != nil {
				f.function, f.returns = function.Name.Name, function.Type.Results != nil
				f.head[0], f.head[1] = f.offsets(function.Pos(), function.Name.Pos())
				f.head[2] = f.head[1] + len(function.Name.Name)
				f.body[0], f.body[1] = f.offsets(function.Body.Lbrace+1, function.Body.Rbrace)
				ast.Inspect(function.Body, f.visit)
			}
		}
		all = append(all, f.found...)
	}
	return all, nil
}

// finder collects the sites of one file.
type finder struct {
	path, source string
	files        *token.FileSet
	function     string
	head         [3]int
	body         [2]int
	returns      bool
	found        []site
}

// swapped are the operators that are changed, and into which.
var swapped = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.EQL: token.NEQ, token.NEQ: token.EQL, token.LAND: token.LOR, token.LOR: token.LAND,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
	token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN,
}

// visit adds the sites of a node. A change that does not compile is noticed when it is
// tried.
func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		f.negate(n.Cond)
	case *ast.BinaryExpr:
		f.operator(n.OpPos, n.Op)
	case *ast.AssignStmt:
		f.operator(n.TokPos, n.Tok)
		if n.Tok != token.DEFINE {
			f.drop(n)
		}
	case *ast.ExprStmt:
		f.drop(n)
	case *ast.IncDecStmt:
		f.drop(n)
	case *ast.DeferStmt:
		f.drop(n)
	case *ast.BranchStmt:
		if n.Tok == token.CONTINUE && n.Label == nil {
			f.replace(n.Pos(), n.End(), "break")
		}
	case *ast.ReturnStmt:
		f.returned(n)
	case *ast.BasicLit:
		if v, err := strconv.Atoi(n.Value); err == nil && n.Kind == token.INT {
			f.replace(n.Pos(), n.End(), strconv.Itoa(v+1))
		}
	case *ast.Ident:
		if n.Name == "true" || n.Name == "false" {
			f.replace(n.Pos(), n.End(), strconv.FormatBool(n.Name == "false"))
		}
	}
	return true
}

// negate adds the negation of a condition, unless one changed operator does the same.
func (f *finder) negate(cond ast.Expr) {
	if b, ok := cond.(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
		return
	}
	from, to := f.offsets(cond.Pos(), cond.End())
	f.replace(cond.Pos(), cond.End(), "!("+f.source[from:to]+")")
}

func (f *finder) operator(at token.Pos, op token.Token) {
	if other, ok := swapped[op]; ok {
		f.replace(at, at+token.Pos(len(op.String())), other.String())
	}
}

// drop adds the removal of a statement.
func (f *finder) drop(n ast.Node) { f.replace(n.Pos(), n.End(), "{}") }

// returned adds a success in place of a failure.
func (f *finder) returned(n *ast.ReturnStmt) {
	if len(n.Results) == 0 {
		return
	}
	last := n.Results[len(n.Results)-1]
	if id, ok := last.(*ast.Ident); ok && strings.HasPrefix(strings.ToLower(id.Name), "err") {
		f.replace(last.Pos(), last.End(), "nil")
	}
}

func (f *finder) offsets(from, to token.Pos) (start, end int) {
	return f.files.Position(from).Offset, f.files.Position(to).Offset
}

func (f *finder) replace(from, to token.Pos, text string) {
	start, end := f.offsets(from, to)
	f.found = append(f.found, site{
		path: f.path, line: f.files.Position(from).Line, function: f.function,
		from: start, to: end, text: text, old: f.source[start:end], head: f.head, body: f.body, returns: f.returns,
	})
}
