package chatcfg

import (
	"errors"
	"fmt"
	"strings"
)

// Problem is one thing wrong with a configuration or with input: where, which,
// and with what numbers. Its text in a reader's language is [Problem.Message].
type Problem struct {
	// Path is the JSON path of the value, such as
	// "automation.newCustomer.messages[1]"; for input of a call the name of
	// the argument, such as "text". Empty: the whole.
	Path string `json:"path"`
	// Code names the kind of problem, such as "blank" or "too_long"; it is
	// stable and fit for a program.
	Code Code `json:"code"`
	// Args are what the message mentions (limits, the offending name), in the
	// order of the message's verbs. They never hold a secret.
	Args []any `json:"args,omitempty"`
}

// Code names a kind of problem or warning.
type Code string

// Refusal is an error by which charla refuses what is asked of it, as [Problems] is:
// nothing was done, and what is as it is cannot be asked for. Errors that are none are
// faults, of the store for example, or say to try again. Test for all with errors.As,
// for one with errors.Is.
type Refusal string

// Error returns the refusal itself, which is the text.
func (r Refusal) Error() string { return string(r) }

// Problems is every problem of one document or call, in the document's order.
// It is the error that refuses it. Use errors.As to get at it.
type Problems []Problem

// Error lists every problem in English.
func (p Problems) Error() string {
	var b strings.Builder
	b.WriteString("chatcfg: ")
	for i, one := range p {
		if i > 0 {
			b.WriteString("; ")
		}
		if one.Path != "" {
			fmt.Fprintf(&b, "%s: ", one.Path)
		}
		b.WriteString(one.Message(English))
	}
	return b.String()
}

// Has reports whether a problem has that path and code.
func (p Problems) Has(path string, code Code) bool {
	for _, one := range p {
		if one.Path == path && one.Code == code {
			return true
		}
	}
	return false
}

// refuse returns [Problems] with a single problem without a path.
func refuse(code Code, args ...any) error {
	return Problems{{Code: code, Args: args}}
}

// under returns the problems of an error, with path before their paths; nil if the error is
// nil or holds none.
func under(path string, err error) Problems {
	var problems Problems
	if !errors.As(err, &problems) {
		return nil
	}
	moved := make(Problems, len(problems))
	for i, p := range problems {
		switch {
		case p.Path == "":
			p.Path = path
		case path == "":
		default:
			p.Path = path + "." + p.Path
		}
		moved[i] = p
	}
	return moved
}

// orNil returns the problems as an error: nil if there are none.
func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
