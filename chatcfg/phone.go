package chatcfg

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParsePhone reads a telephone and returns it in E.164 where it can be, and
// true: with its country ("+56 9 1234 5678", "0044 20 7946 0958"), or a Chilean
// mobile without it ("9 1234 5678", "56 9 1234 5678"). Any other that looks like
// a telephone is returned as it was typed, trimmed, and false: it is a label,
// and a doubtful one must not keep anybody from writing. What does not look like
// one gives the empty string: letters, other signs than those of telephones
// (space + - . / ( ) #), fewer than four digits, more than twenty, or more than
// [MaxPhone] characters.
func ParsePhone(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) > utf8.UTFMax*MaxPhone || utf8.RuneCountInString(s) > MaxPhone {
		return "", false
	}
	digits := make([]byte, 0, MaxPhone)
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r))
		case r == ' ' || r == '\u00a0' || strings.ContainsRune("+-./()#", r) || unicode.Is(unicode.Pd, r):
		default:
			return "", false
		}
	}
	if len(digits) < 4 || len(digits) > 20 {
		return "", false
	}
	number := string(digits)
	switch {
	case strings.LastIndex(s, "+") > 0 || strings.ContainsAny(s, "#/"):
		return s, false // two numbers, or an extension
	case strings.HasPrefix(s, "+"):
	case strings.HasPrefix(number, "00"):
		number = number[2:]
	case len(number) == 9 && number[0] == '9':
		number = "56" + number
	case len(number) == 11 && strings.HasPrefix(number, "569"):
	default:
		return s, false
	}
	if strings.Contains(s, "(0)") {
		return s, false // the trunk zero of "+44 (0)20…" is not dialled, that of Italy is
	}
	chilean := strings.HasPrefix(number, "56")
	if len(number) < 8 || len(number) > 15 || number[0] == '0' || chilean && len(number) != 11 {
		return s, false
	}
	return "+" + number, true
}
