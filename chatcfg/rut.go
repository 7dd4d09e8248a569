package chatcfg

import (
	"strings"
	"unicode"
)

// ParseRUT reads a Chilean RUT in any usual spelling ("12.345.678-5",
// "12345678-5", "123456785", "12 345 678-k"), checks its digit (modulo 11) and
// returns it canonical: "12345678-5", with a capital K (R6.4). The error is
// [Problems].
func ParseRUT(s string) (string, error) {
	invalid := refuse(CodeInvalidRUT)
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 32 {
		return "", invalid
	}
	body, digit := s[:len(s)-1], s[len(s)-1]
	if digit == 'k' {
		digit = 'K'
	}
	body = strings.TrimSpace(body)
	for _, dash := range [...]string{"-", "‐", "‑", "–", "−"} {
		if cut, ok := strings.CutSuffix(body, dash); ok {
			body = cut
			break
		}
	}
	body = strings.Map(func(r rune) rune {
		if r == '.' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, body)
	body = strings.TrimLeft(body, "0")
	if body == "" || len(body) > 8 || strings.Trim(body, "0123456789") != "" || digit != rutDigit(body) {
		return "", invalid
	}
	return body + "-" + string(digit), nil
}

// rutDigit is the check digit of a number.
func rutDigit(body string) byte {
	sum, factor := 0, 2
	for i := len(body) - 1; i >= 0; i-- {
		sum += int(body[i]-'0') * factor
		if factor++; factor > 7 {
			factor = 2
		}
	}
	return "0K987654321"[sum%11]
}
