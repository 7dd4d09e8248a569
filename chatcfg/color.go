package chatcfg

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MinContrast is the least contrast of WCAG AA for text (R6.6).
const MinContrast = 4.5

// ParseColor reads #RGB or #RRGGBB, in any case and with white space around, and
// returns it in lower case (R6.6). It fails with [Problems] for any other text.
func ParseColor(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if _, ok := rgb(s); !ok {
		return "", refuse(CodeInvalidColor)
	}
	return s, nil
}

// rgb returns the three channels of a colour in lower case, or false if it is none.
func rgb(s string) ([3]uint8, bool) {
	var c [3]uint8
	hex, ok := strings.CutPrefix(s, "#")
	if ok && len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	if !ok || len(hex) != 6 || strings.ContainsAny(hex, "+-_") {
		return c, false
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	return [3]uint8{uint8(n >> 16), uint8(n >> 8), uint8(n)}, err == nil
}

// Contrast returns the WCAG contrast ratio of two colours, in any order, from 1 to 21. It
// returns 0 if one of them is not a colour.
func Contrast(a, b string) float64 {
	la, okA := luminance(a)
	lb, okB := luminance(b)
	if !okA || !okB {
		return 0
	}
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance returns the relative luminance of WCAG 2, or false if it is not a colour.
func luminance(color string) (float64, bool) {
	c, ok := rgb(strings.ToLower(strings.TrimSpace(color)))
	var l float64
	for i, weight := range [...]float64{0.2126, 0.7152, 0.0722} {
		v := float64(c[i]) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		l += weight * v
	}
	return l, ok
}

// Readable returns the text colour to use on a background: text if its contrast is enough,
// else black or white, whichever has enough (R6.6). If the background is not a colour, it
// returns text.
func Readable(background, text string) string {
	if _, ok := luminance(background); !ok || Contrast(background, text) >= MinContrast {
		return text
	}
	if Contrast(background, "#ffffff") >= MinContrast {
		return "#ffffff"
	}
	return "#000000"
}

// Accent returns a colour that can be read on a surface: color, moved towards black or
// white as far as that needs (R6.6). If one of them is not a colour, it returns color.
func Accent(color, surface string) string {
	c, ok := rgb(strings.ToLower(strings.TrimSpace(color)))
	light, okSurface := luminance(surface)
	if !ok || !okSurface {
		return color
	}
	end := 255.0
	if light > 0.18 {
		end = 0
	}
	const steps = 20
	for i := 0.0; ; i++ {
		var mixed [3]uint8
		for j, v := range c {
			mixed[j] = uint8(math.Round(float64(v) + (end-float64(v))*i/steps))
		}
		accent := fmt.Sprintf("#%02x%02x%02x", mixed[0], mixed[1], mixed[2])
		if i == steps || Contrast(accent, surface) >= MinContrast {
			return accent
		}
	}
}
