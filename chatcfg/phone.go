package chatcfg

import (
	"strings"
	"unicode"
)

// ParsePhone reads a telephone and returns it in E.164 and true, where it is one: with
// its country ("+56 9 1234 5678", "0044 20 7946 0958"), or a Chilean mobile without it
// ("9 1234 5678", "56 9 1234 5678"), whatever dashes and invisible characters it was
// pasted with. Everything else is returned as it was typed, trimmed, and false: it is a
// label ("+56 9 1234 5678 anexo 3", "tarde: 2 2345 6789"), and must not keep anybody
// from writing. [CheckLine] checks it, with [MaxPhone]. A text that shows nothing
// gives the empty string.
func ParsePhone(s string) (string, bool) {
	typed := strings.TrimSpace(s)
	if len(typed) > maxTyped {
		return typed, false
	}
	if number := readPhone(clean(typed)); number != "" {
		return number, true
	}
	if IsBlank(typed) {
		return "", false
	}
	return typed, false
}

// CheckPhone returns what [ParsePhone] makes of a telephone, and the problems of one
// that is only a label, with the path as given; nil if there are none.
func CheckPhone(path, s string) (string, Problems) {
	phone, ok := ParsePhone(s)
	if ok || phone == "" {
		return phone, nil
	}
	return phone, CheckLine(path, phone, MaxPhone)
}

// readPhone returns a cleaned telephone in E.164; empty: it is none, or more than one.
func readPhone(s string) string {
	if country := strings.TrimLeft(s, "( "); strings.HasPrefix(country, "+") {
		s = country // "(+56) 9 1234 5678"
	}
	digits := make([]byte, 0, MaxPhone)
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r))
		case r == '+' && i == 0:
		case r == ' ', r == '-', r == '.', r == '(', r == ')', unicode.Is(unicode.Pd, r):
		default:
			return "" // an extension, another number, or no number at all
		}
	}
	number := string(digits)
	switch {
	case strings.HasPrefix(s, "+"):
	case strings.HasPrefix(number, "00"):
		number = number[2:]
	case len(number) == 9 && number[0] == '9':
		number = "56" + number
	case len(number) == 11 && strings.HasPrefix(number, "569"):
	default:
		return ""
	}
	if strings.Contains(s, "(0)") {
		return "" // the trunk zero of "+44 (0)20…" is not dialled, that of Italy is
	}
	whole := len(number) == 11 || !strings.HasPrefix(number, "56") && !strings.HasPrefix(number, "1")
	if !whole || len(number) < 7 || len(number) > 15 || number[0] == '0' {
		return ""
	}
	return "+" + number
}
