package chatcfg

import (
	"slices"
)

// Check returns the problems of a customer's answer (R14.3), of "score" and "comment"; nil
// if there are none. A score is 1 to 5, of thumbs 1 or 5. A comment may be blank; it is a
// problem where comments are off.
func (r *Rating) Check(score int, comment string) Problems {
	var problems Problems
	switch {
	case r.Scale == Thumbs && score != 1 && score != 5:
		problems = append(problems, Problem{Path: "score", Code: CodeInvalidChoice, Args: []any{score, "1, 5"}})
	case score < 1 || score > 5:
		problems = append(problems, Problem{Path: "score", Code: CodeOutOfRange, Args: []any{1, 5}})
	}
	bad := checkString("comment", comment, MaxComment, false, true)
	if bad == nil && !r.Comment && !IsBlank(comment) {
		bad = Problems{{Path: "comment", Code: CodeCommentOff}}
	}
	return append(problems, bad...)
}

// Asks reports whether customers are asked how it was after a close for a reason.
func (r *Rating) Asks(reason string) bool { return r.Enabled && slices.Contains(r.Reasons, reason) }

// neverAsked reports whether customers are to be asked after closes of which none can
// happen.
func (c *Config) neverAsked() bool {
	r := &c.Chat.Rating
	return r.Enabled && !r.Asks("manual") && !(r.Asks("automatic") && c.Automation.AutoClose.Enabled) && !(r.Asks("customer") && c.Chat.VisitorEnds)
}
