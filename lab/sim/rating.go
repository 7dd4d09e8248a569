package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/charlahq/charla/tickets"
)

// asks reports whether customers are asked how it was after a close such as the ticket's
// (R14.3).
func (c *conv) asks(t *ticket) bool {
	r := c.account.current().Chat.Rating
	return r.Enabled && slices.Contains(r.Reasons, string(t.reason))
}

// rate has the customer rate a ticket at an instant (R14.3), or returns why they may not.
func (c *conv) rate(t *ticket, now time.Time, by cause, x *expected) (wrong string) {
	r, s, score, comment := c.account.current().Chat.Rating, by.session, by.cmd.Score, by.cmd.Comment
	verified := s.Customer.Level == tickets.LevelVerified
	why := map[string]bool{
		"is not asked":           !c.asks(t),
		"while it is not closed": t.status != tickets.StatusClosed,
		"after seven days":       !now.Before(t.closedAt.AddDate(0, 0, 7)),
		"after an hour":          t.rating != nil && !now.Before(t.rating.At.Add(time.Hour)),
		"after ten changes":      t.rating != nil && t.rating.Changes >= 10,
		"that is there already":  t.rating != nil && t.rating.Score == score && t.rating.Comment == comment,
		"by another session":     !verified && s.ID != c.session,
		"of an older ticket":     !verified && t != c.ticket && c.identity.Kind != tickets.IdentitySession,
		"out of the scale":       score < 1 || score > 5 || r.Scale == "thumbs" && score > 1 && score < 5,
		"with a comment":         comment != "" && !r.Comment,
	}
	for reason, holds := range why {
		if holds {
			return fmt.Sprintf("a rating %d %q %s", score, comment, reason)
		}
	}
	rating := tickets.Rating{Score: score, Comment: comment, At: now.UTC()}
	if t.rating != nil {
		rating.At, rating.Changes = t.rating.At, t.rating.Changes+1
	}
	t.rating = &rating
	x.facts = append(x.facts, "rated")
	x.score, x.comment = score, comment
	return ""
}

// ratings are how an account's tickets were rated.
func ratings(all []*ticket) (r tickets.Ratings) {
	for _, t := range all {
		if t.asked || t.rating != nil {
			r.Asked++
		}
		if t.rating != nil {
			r.Scores[t.rating.Score-1]++
		}
	}
	return r
}
