package charla

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla/internal/strictjson"
)

// claims are what a signed identity says (RFC 7519). A time that is not said is zero.
type claims struct {
	audience                   []string
	subject, name, email       string
	rut, phone                 string
	issued, notBefore, expires time.Time
}

// tokenDepth is how deep the header and the claims of an identity may nest.
const tokenDepth = 16

// readClaims reads the claims that an identity is made of and ignores others. It fails
// if raw is no JSON object, or one of those claims is of the wrong type.
func readClaims(raw []byte) (claims, error) {
	var c claims
	err := strictjson.ReadObject(raw, tokenDepth, func(name string, v strictjson.Value) error {
		var err error
		switch name {
		case "aud":
			c.audience, err = readAudience(v)
		case "sub":
			c.subject, err = readText(v)
		case "name":
			c.name, err = readOptionalText(v)
		case "email":
			c.email, err = readOptionalText(v)
		case "rut":
			c.rut, err = readOptionalText(v)
		case "phone":
			c.phone, err = readOptionalText(v)
		case "iat":
			c.issued, err = readDate(v)
		case "nbf":
			c.notBefore, err = readDate(v)
		case "exp":
			c.expires, err = readDate(v)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	if err != nil {
		return claims{}, err
	}
	return c, nil
}

// check returns nil if the claims hold for an account now, else an error that says why
// not: they are for another account, without an end, expired, of the future, not valid
// yet, or valid for longer than [MaxIdentity].
func (c *claims) check(account string, now time.Time) error {
	latest := now.Add(identitySkew)
	begins := c.issued
	if begins.IsZero() {
		begins = latest
	}
	switch {
	case !slices.Contains(c.audience, account):
		return errors.New("aud: not this account")
	case c.expires.IsZero():
		return errors.New("exp: missing")
	case !now.Before(c.expires):
		return errors.New("exp: expired")
	case c.expires.Sub(begins) > MaxIdentity:
		return fmt.Errorf("exp: it lasts longer than %s", MaxIdentity)
	case c.issued.After(latest):
		return errors.New("iat: in the future")
	case c.notBefore.After(latest):
		return errors.New("nbf: in the future")
	}
	return nil
}

// checkHeader returns nil if a token's header is that of an identity, else an error
// that says why not: it is malformed, its alg is not EdDSA, its typ is not JWT, or it
// has a crit. Other parameters, such as a key's ID, are ignored.
func checkHeader(raw []byte) error {
	signed := false
	err := strictjson.ReadObject(raw, tokenDepth, func(name string, v strictjson.Value) error {
		text := v.Kind == strictjson.String
		switch name {
		case "alg":
			if signed = text && (v.Text == "EdDSA" || v.Text == "Ed25519"); !signed {
				return errors.New("alg: not EdDSA")
			}
		case "typ":
			if !text || !strings.EqualFold(v.Text, "JWT") {
				return errors.New("typ: not JWT")
			}
		case "crit":
			return errors.New("crit: not understood")
		}
		return nil
	})
	if err == nil && !signed {
		err = errors.New("alg: missing")
	}
	return err
}

// readAudience reads who a token is for: one text, or a list of texts. Anything else is
// an error.
func readAudience(v strictjson.Value) ([]string, error) {
	items := v.Items
	if v.Kind != strictjson.List {
		items = []strictjson.Value{v}
	}
	var audience []string
	for _, item := range items {
		one, err := readText(item)
		if err != nil {
			return nil, err
		}
		audience = append(audience, one)
	}
	return audience, nil
}

// readText returns a JSON string's text. Anything else is an error.
func readText(v strictjson.Value) (string, error) {
	if v.Kind != strictjson.String {
		return "", errors.New("not text")
	}
	return v.Text, nil
}

// readOptionalText returns a JSON string's text, and the empty text for null. Anything
// else is an error.
func readOptionalText(v strictjson.Value) (string, error) {
	if v.Kind == strictjson.Null {
		return "", nil
	}
	return readText(v)
}

// maxDate is the end of the year 9999, in seconds since 1970.
const maxDate = 253402300799

// readDate reads a NumericDate: seconds since 1970, which may have a fraction. It fails
// for anything else and for times before 1970 or after maxDate.
func readDate(v strictjson.Value) (time.Time, error) {
	seconds, err := strconv.ParseFloat(v.Text, 64)
	if v.Kind != strictjson.Number || err != nil || seconds < 0 || seconds > maxDate {
		return time.Time{}, errors.New("not seconds since 1970")
	}
	whole, rest := math.Modf(seconds)
	return time.Unix(int64(whole), int64(rest*float64(time.Second))), nil
}
