package main

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// Surface returns a line for each exported identifier of a package, sorted:
// constants, functions, methods, types, fields, variables.
func Surface(p *types.Package) []string {
	w := &writer{p}
	var lines []string
	scope := p.Scope()
	for _, name := range scope.Names() {
		switch o := scope.Lookup(name).(type) {
		case *types.Const:
			if o.Exported() {
				lines = append(lines, fmt.Sprintf("const %s %s = %s", name, w.typ(o.Type()), o.Val().ExactString()))
			}
		case *types.Var:
			if o.Exported() {
				lines = append(lines, fmt.Sprintf("var %s %s", name, w.typ(o.Type())))
			}
		case *types.Func:
			if o.Exported() {
				lines = append(lines, "func "+name+w.signature(o.Type().(*types.Signature)))
			}
		case *types.TypeName:
			if o.Exported() {
				lines = append(lines, w.typeLines(o)...)
			}
		}
	}
	return sorted(lines)
}

type writer struct{ pkg *types.Package }

func (w *writer) typeLines(o *types.TypeName) []string {
	name := o.Name()
	if o.IsAlias() {
		return []string{"type " + name + " = " + w.typ(types.Unalias(o.Type()))}
	}
	named := o.Type().(*types.Named)
	params := w.typeParams(named.TypeParams())
	var lines []string
	switch under := named.Underlying().(type) {
	case *types.Struct:
		hidden := ""
		for f := range under.Fields() {
			if !f.Exported() {
				hidden = ", hidden fields"
				continue
			}
			embedded := ""
			if f.Embedded() {
				embedded = " (embedded)"
			}
			lines = append(lines, fmt.Sprintf("type %s struct, %s %s%s", name, f.Name(), w.typ(f.Type()), embedded))
		}
		if lines == nil && hidden != "" {
			hidden = ", all hidden"
		}
		lines = append(lines, "type "+name+params+" struct"+hidden)
	case *types.Interface:
		hidden := ""
		for m := range under.Methods() {
			if !m.Exported() {
				hidden = ", hidden methods"
				continue
			}
			lines = append(lines, fmt.Sprintf("type %s interface, %s%s", name, m.Name(), w.signature(m.Type().(*types.Signature))))
		}
		for i := range under.NumEmbeddeds() {
			if _, isInterface := under.EmbeddedType(i).Underlying().(*types.Interface); !isInterface {
				hidden += ", " + w.typ(under.EmbeddedType(i))
			}
		}
		lines = append(lines, "type "+name+params+" interface"+hidden)
	default:
		lines = append(lines, "type "+name+params+" "+w.typ(under))
	}
	for m := range named.Methods() {
		if !m.Exported() {
			continue
		}
		signature := m.Type().(*types.Signature)
		star := ""
		if _, pointer := signature.Recv().Type().(*types.Pointer); pointer {
			star = "*"
		}
		lines = append(lines, fmt.Sprintf("method (%s%s) %s%s", star, name, m.Name(), w.signature(signature)))
	}
	return lines
}

func (w *writer) typeParams(list *types.TypeParamList) string {
	if list.Len() == 0 {
		return ""
	}
	var parts []string
	for p := range list.TypeParams() {
		parts = append(parts, p.Obj().Name()+" "+w.typ(p.Constraint()))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// signature returns type parameters, parameters and results without their names.
func (w *writer) signature(s *types.Signature) string {
	results := w.tuple(s.Results(), false)
	switch s.Results().Len() {
	case 0:
		results = ""
	case 1:
		results = " " + results
	default:
		results = " (" + results + ")"
	}
	return w.typeParams(s.TypeParams()) + "(" + w.tuple(s.Params(), s.Variadic()) + ")" + results
}

func (w *writer) tuple(t *types.Tuple, variadic bool) string {
	var parts []string
	for v := range t.Variables() {
		parts = append(parts, w.typ(v.Type()))
	}
	if variadic {
		last := t.At(t.Len() - 1).Type()
		if slice, is := last.Underlying().(*types.Slice); is {
			parts[len(parts)-1] = "..." + w.typ(slice.Elem())
		}
	}
	return strings.Join(parts, ", ")
}

// typ returns a type as this package would write it, functions without the names
// of their parameters.
func (w *writer) typ(t types.Type) string {
	switch t := t.(type) {
	case *types.Signature:
		return "func" + w.signature(t)
	case *types.Pointer:
		return "*" + w.typ(t.Elem())
	case *types.Slice:
		return "[]" + w.typ(t.Elem())
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), w.typ(t.Elem()))
	case *types.Map:
		return "map[" + w.typ(t.Key()) + "]" + w.typ(t.Elem())
	case *types.Named:
		name := types.TypeString(t.Origin(), types.RelativeTo(w.pkg))
		if i := strings.IndexByte(name, '['); i >= 0 {
			name = name[:i]
		}
		if t.TypeArgs().Len() == 0 {
			return name
		}
		var args []string
		for a := range t.TypeArgs().Types() {
			args = append(args, w.typ(a))
		}
		return name + "[" + strings.Join(args, ", ") + "]"
	}
	return types.TypeString(t, types.RelativeTo(w.pkg))
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
