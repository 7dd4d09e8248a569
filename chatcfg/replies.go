package chatcfg

import "strings"

// QuickReply is a text that agents send by its shortcut (R11.5).
type QuickReply struct {
	// Shortcut is what an agent types for it, one line. No two of an account differ only in
	// case.
	Shortcut string `json:"shortcut"`
	// Title says what it is for, one line.
	Title string `json:"title"`
	// Text may hold variables (R4.6, [ParseTemplate]).
	Text Words `json:"text"`
	// Team is the team that it is for, by the host's name; empty: everybody.
	Team string `json:"team,omitempty"`
}

// Limits of quick replies.
const (
	// MaxQuickReplies is how many an account may have.
	MaxQuickReplies = 500
	// MaxShortcut is the length of a shortcut.
	MaxShortcut = 50
	// MaxTeam is the length of a team's name, in bytes.
	MaxTeam = 128
)

// CheckQuickReplies returns nil if an account may have these quick replies, else the
// [Problems], all of them.
func CheckQuickReplies(list []QuickReply) error {
	const path = "replies"
	if len(list) > MaxQuickReplies {
		return Problems{{Path: path, Code: CodeTooMany, Args: []any{MaxQuickReplies}}}
	}
	var problems Problems
	seen := make(map[string]bool, len(list))
	for i, one := range list {
		at := index(path, i)
		shortcut := CheckLine(at+".shortcut", one.Shortcut, MaxShortcut)
		if key := strings.ToLower(one.Shortcut); len(shortcut) == 0 && seen[key] {
			shortcut = Problems{{Path: at + ".shortcut", Code: CodeDuplicate, Args: []any{one.Shortcut}}}
		} else {
			seen[key] = true
		}
		problems = append(append(problems, shortcut...), CheckLine(at+".title", one.Title, MaxTitle)...)
		one.Text.each(at+".text", func(path, text string) {
			bad := CheckText(path, text, MaxText)
			if problems = append(problems, bad...); bad == nil {
				_, err := ParseText(text)
				problems = append(problems, under(path, err)...)
			}
		})
		if one.Team != "" {
			bad := CheckLine(at+".team", one.Team, MaxTeam)
			if bad == nil && len(one.Team) > MaxTeam {
				bad = Problems{{Path: at + ".team", Code: CodeTooLong, Args: []any{MaxTeam}}}
			}
			problems = append(problems, bad...)
		}
	}
	if problems == nil {
		return nil
	}
	return problems
}
