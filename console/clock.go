package console

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// typedTime is a time of day as people type it: hours, perhaps minutes, and perhaps the half of
// the day.
var typedTime = regexp.MustCompile(`^(\d{1,2})(?:(?:[:.,h]|hrs?)?(\d{2}))?(?:h|hs|hrs?|horas?)?(am|pm)?$`)

// timeOfDay returns a time of day as the configuration writes it, "18:00", for one as people
// type it: 18, 18.00, 1800, 18h, 6pm, "6:00 p. m.". An end may be midnight as 12am or 24. A
// text that is no time is returned as it is, for the library to refuse.
func timeOfDay(text string, end bool) string {
	plain := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "").Replace(strings.ToLower(text))
	for _, half := range []string{"a", "p"} {
		plain = strings.Replace(plain, half+".m.", half+"m", 1)
		plain = strings.Replace(plain, half+".m", half+"m", 1)
	}
	m := typedTime.FindStringSubmatch(plain)
	if m == nil {
		return text
	}
	hour, _ := strconv.Atoi(m[1])
	minute, _ := strconv.Atoi(m[2])
	if m[3] != "" {
		if hour < 1 || hour > 12 {
			return text
		}
		hour %= 12
		if m[3] == "pm" {
			hour += 12
		} else if end && hour == 0 && minute == 0 {
			hour = 24
		}
	}
	if minute > 59 || hour > 24 {
		return text
	}
	return fmt.Sprintf("%02d:%02d", hour, minute)
}
