package tickets

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Span is a length of time that is text in JSON: its seconds and an "s", such as "41.5s".
// JavaScript's parseFloat reads the seconds, [time.ParseDuration] all of it. As a number
// of nanoseconds, what is longer than 104 days would not be exact in a browser.
type Span time.Duration

// Std returns the span as a [time.Duration].
func (s Span) Std() time.Duration { return time.Duration(s) }

// String returns the span as [time.Duration.String] does, such as "1m30s".
func (s Span) String() string { return s.Std().String() }

// MarshalJSON returns the seconds as text, exact to the nanosecond. It never fails.
func (s Span) MarshalJSON() ([]byte, error) {
	sign, n := "", uint64(s)
	if s < 0 {
		sign, n = "-", -n
	}
	text := strconv.FormatUint(n/1e9, 10)
	if rest := n % 1e9; rest > 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%09d", rest), "0")
	}
	return []byte(`"` + sign + text + `s"`), nil
}

// UnmarshalJSON reads what MarshalJSON wrote, any other text that [time.ParseDuration]
// reads, and the nanoseconds that earlier versions wrote. It fails for anything else.
func (s *Span) UnmarshalJSON(b []byte) error {
	if !bytes.HasPrefix(b, []byte(`"`)) {
		return json.Unmarshal(b, (*time.Duration)(s))
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("tickets: %w", err)
	}
	*s = Span(d)
	return nil
}
