package chatcfg

import (
	"regexp"
	"strings"
	"unicode"
)

// rutForm is a RUT without dots, white space and leading zeros, as people write it:
// number, check digit, and possibly what it is before them.
var rutForm = regexp.MustCompile(`^(?:RU[TN]:?)?0*([1-9][0-9]{0,7})-?([0-9K])$`)

// ParseRUT reads a Chilean RUT in any usual spelling ("12.345.678-5",
// "12345678-5", "123456785", "12 345 678-k", "RUT: 12.345.678-5"), whatever dashes and
// invisible characters it was pasted with, checks its digit (modulo 11) and
// returns it canonical: "12345678-5", with a capital K (R6.4). The error is
// [Problems].
func ParseRUT(s string) (string, error) {
	if len(s) > maxTyped {
		return "", refuse(CodeInvalidRUT)
	}
	bare := strings.Map(func(r rune) rune {
		switch {
		case r == '.' || r == ' ':
			return -1
		case r < unicode.MaxASCII:
			return unicode.ToUpper(r)
		}
		return r
	}, clean(s))
	form := rutForm.FindStringSubmatch(bare)
	if form == nil || form[2][0] != rutDigit(form[1]) {
		return "", refuse(CodeInvalidRUT)
	}
	return form[1] + "-" + form[2], nil
}

// rutDigit returns the check digit of a number in decimal digits: a digit or K.
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
