package chatcfg

import (
	"strings"
)

// The variables of automatic texts (R4.6), as [Text.Uses] names them.
const (
	VarCustomer = "customer"
	VarAgent    = "agent"
	VarAccount  = "account"
	VarNextOpen = "nextOpen"
)

// variables lists them for messages.
const variables = VarCustomer + ", " + VarAgent + ", " + VarAccount + ", " + VarNextOpen

// Text is an automatic text that has been read by [ParseText]. It is immutable
// and safe for concurrent use; the zero Text renders to nothing.
type Text struct {
	parts []part
}

// part is a literal, or a variable with its fallback.
type part struct {
	literal  string
	variable string
	fallback string
}

// Values are the values of the variables. An empty one is none: the variable's
// fallback stands for it.
type Values struct {
	// Customer and Agent are names; Account is the account's name.
	Customer, Agent, Account string
	// NextOpen is when the business hours begin next; see [FormatInstant].
	NextOpen string
}

// ParseText parses an automatic text (R4.6): {customer}, {agent}, {account} and
// {nextOpen} are variables, {customer|amigo} has a fallback, {{ is a literal
// brace and a } outside a variable stands for itself. The error is [Problems],
// all of them, with empty paths: an unknown name, a brace that is not closed or
// that is opened inside another, or more than [MaxVariables]. Lengths are not
// its business; see [CheckText].
func ParseText(s string) (Text, error) {
	var (
		text     Text
		problems Problems
		literal  strings.Builder
		count    int
	)
	flush := func() {
		if literal.Len() > 0 {
			text.parts = append(text.parts, part{literal: literal.String()})
			literal.Reset()
		}
	}
	for s != "" {
		before, rest, found := strings.Cut(s, "{")
		literal.WriteString(before)
		if !found {
			break
		}
		if strings.HasPrefix(rest, "{") {
			literal.WriteByte('{')
			s = rest[1:]
			continue
		}
		end := strings.IndexAny(rest, "{}")
		if end < 0 {
			problems = append(problems, Problem{Code: CodeOpenBrace})
			break
		}
		if rest[end] == '{' {
			problems = append(problems, Problem{Code: CodeNestedBrace})
			s = rest[end:]
			continue
		}
		name, fallback, _ := strings.Cut(rest[:end], "|")
		s = rest[end+1:]
		if !isVariable(name) {
			problems = append(problems, Problem{Code: CodeUnknownVariable, Args: []any{name, variables}})
			continue
		}
		count++
		flush()
		text.parts = append(text.parts, part{variable: name, fallback: fallback})
	}
	flush()
	if count > MaxVariables {
		problems = append(problems, Problem{Code: CodeTooManyVariables, Args: []any{MaxVariables}})
	}
	if problems != nil {
		return Text{}, problems
	}
	return text, nil
}

// isVariable reports whether a name is one of the variables that texts may hold.
func isVariable(name string) bool {
	switch name {
	case VarCustomer, VarAgent, VarAccount, VarNextOpen:
		return true
	}
	return false
}

// Render returns the text with the variables filled in. Values are not expanded again; a
// variable without a value and without a fallback gives the empty string (R4.6).
func (t Text) Render(v Values) string {
	var b strings.Builder
	for _, p := range t.parts {
		value := ""
		switch p.variable {
		case VarCustomer:
			value = v.Customer
		case VarAgent:
			value = v.Agent
		case VarAccount:
			value = v.Account
		case VarNextOpen:
			value = v.NextOpen
		default:
			value = p.literal
		}
		if value == "" {
			value = p.fallback
		}
		b.WriteString(value)
	}
	return b.String()
}

// Uses reports whether the text holds the variable of that name.
func (t Text) Uses(name string) bool {
	for _, p := range t.parts {
		if p.variable != "" && p.variable == name {
			return true
		}
	}
	return false
}

// needs reports whether the text holds the variable without a fallback.
func (t Text) needs(name string) bool {
	for _, p := range t.parts {
		if p.variable == name && p.fallback == "" {
			return true
		}
	}
	return false
}
