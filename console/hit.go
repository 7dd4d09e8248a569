package console

import (
	"slices"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/internal/fold"
	"github.com/charlahq/charla/tickets"
)

// piece is a part of a text; Hit: one of the words that were looked for.
type piece struct {
	Text string
	Hit  bool
}

// How far a search looks for the message that it found.
const (
	// hitMessages is how many of a conversation's last messages it reads, hitRows of how many
	// rows of a list.
	hitMessages, hitRows = 50, rowsPerPage
	// hitBefore is how many words stand before the first hit.
	hitBefore = 4
)

// hits shows in each row the last message that has one of the words of a search in place of
// the last one. A row without one among the last messages stays as it is: the customer's data
// or the category have them, or an older message.
func (v *visit) hits(rows []ticketRow, search string) error {
	words := strings.Fields(fold.Query(search))
	for i := range rows[:min(len(rows), hitRows)] {
		row := &rows[i]
		if len(words) == 0 {
			return nil
		}
		if row.Snippet != "" {
			if row.Found = excerpt(row.Snippet, words); row.Found != nil {
				continue
			}
		}
		inbox := v.inboxOf(row.Ref.Account, &v.person)
		page, err := inbox.Messages(v.r.Context(), row.Ref, charla.MessageQuery{Newest: true, PageQuery: charla.PageQuery{Limit: hitMessages}})
		if err != nil {
			return err
		}
		for _, m := range slices.Backward(page.Items) {
			if m.Ticket != row.Number || m.From != tickets.FromCustomer && m.From != tickets.FromAgent && m.From != tickets.FromNote {
				continue
			}
			if row.Found = excerpt(m.Text, words); row.Found != nil {
				row.By, row.URL = m.From, row.URL+"#m"+itoa(int(m.Seq))
				break
			}
		}
	}
	return nil
}

// excerpt returns a text from a few words before its first hit on, in pieces; nil: no word
// of it is looked for, or begins like one.
func excerpt(text string, words []string) []piece {
	var out []piece
	before := []string{}
	for _, one := range strings.Fields(text) {
		hit := slices.ContainsFunc(strings.Fields(fold.Query(one)), func(part string) bool {
			return slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(part, word) })
		})
		switch {
		case hit && out == nil:
			if len(before) > hitBefore {
				before = append([]string{"…"}, before[len(before)-hitBefore:]...)
			}
			for _, text := range before {
				out = append(out, piece{text, false})
			}
			out = append(out, piece{one, true})
		case out == nil:
			before = append(before, one)
		default:
			out = append(out, piece{one, hit})
		}
	}
	return out
}
