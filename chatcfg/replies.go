package chatcfg

import (
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// QuickReply is a text that agents send by its shortcut (R11.5).
type QuickReply struct {
	// Shortcut is what an agent types for it, one line. No two of an account match the same
	// ([QuickReply.Matches]).
	Shortcut string `json:"shortcut"`
	// Title says what it is for, one line.
	Title string `json:"title"`
	// Text may hold variables (R4.6, [ParseTemplate]).
	Text Words `json:"text"`
	// Team is the team that it is for, by the host's name, as a tickets.TeamID; empty:
	// everybody. It restricts nothing by itself: which ones an agent is offered is the host's.
	Team string `json:"team,omitempty"`
}

// Matches reports whether a shortcut is the quick reply's, whatever its case and however
// its accents are composed.
func (q *QuickReply) Matches(shortcut string) bool {
	return foldShortcut(q.Shortcut) == foldShortcut(shortcut)
}

// foldShortcut returns a shortcut without case, its accents composed.
func foldShortcut(s string) string { return norm.NFC.String(cases.Fold().String(norm.NFC.String(s))) }

// Limits of quick replies.
const (
	// MaxQuickReplies is how many an account may have, with at most [MaxDocument] bytes of
	// text in all.
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
	bytes := 0
	seen := make(map[string]bool, len(list))
	for i, one := range list {
		at := index(path, i)
		shortcut := CheckLine(at+".shortcut", one.Shortcut, MaxShortcut)
		if key := foldShortcut(one.Shortcut); len(shortcut) == 0 && seen[key] {
			shortcut = Problems{{Path: at + ".shortcut", Code: CodeDuplicate, Args: []any{one.Shortcut}}}
		} else {
			seen[key] = true
		}
		problems = append(append(problems, shortcut...), CheckLine(at+".title", one.Title, MaxTitle)...)
		one.Text.each(at+".text", func(path, text string) {
			bytes += len(text)
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
	if bytes > MaxDocument {
		problems = append(problems, Problem{Path: path, Code: CodeTooLarge, Args: []any{MaxDocument}})
	}
	if problems == nil {
		return nil
	}
	return problems
}
