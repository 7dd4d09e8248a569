package tickets

import (
	"errors"
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// How long a ticket can be rated (R14.3). Both exclude their end.
const (
	// RatingLasts is how long after the close a rating is taken.
	RatingLasts = 7 * 24 * time.Hour
	// RatingChanges is how long after the first answer it can be changed.
	RatingChanges = time.Hour
)

// MaxRatingChanges is how often a rating can be changed (R14.3).
const MaxRatingChanges = 10

// Rating is what a customer answered to how it was (R14.3).
type Rating struct {
	// Score is 1 to 5; of thumbs 1 or 5.
	Score int `json:"score"`
	// Comment is what they added; it may be empty.
	Comment string `json:"comment,omitempty"`
	// At is when they first answered.
	At time.Time `json:"at"`
	// Changes is how often they changed it.
	Changes int64 `json:"changes,omitempty"`
}

// errSame: the customer has answered so already.
var errSame = errors.New("tickets: the ticket is rated so")

// asks reports whether customers are asked after a close for the ticket's reason.
func (p *Policy) asks(t *Ticket) bool { return p.Rating != nil && p.Rating.Asks(string(t.Reason)) }

// Ratable reports whether the customer may rate the ticket at an instant, or change how they
// rated it, under a configuration.
func (t *Ticket) Ratable(now time.Time, r *chatcfg.Rating) bool {
	return t.Status == StatusClosed && r != nil && r.Asks(string(t.Reason)) && now.Before(t.ClosedAt.Add(RatingLasts)) &&
		(t.Rating == nil || now.Before(t.Rating.At.Add(RatingChanges)) && t.Rating.Changes < MaxRatingChanges)
}

// rate keeps how the customer rates the ticket, in place of what they answered before, and
// adds the fact. Nothing else of the ticket changes. It fails with [ErrRating] if the ticket
// cannot be rated, and with errSame for the answer that it has.
func (d *Draft) rate(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	if !t.Ratable(now, p.Rating) {
		return ErrRating
	}
	if r := t.Rating; r != nil && r.Score == cmd.Score && r.Comment == cmd.Comment {
		return errSame
	}
	rating := Rating{Score: cmd.Score, Comment: cmd.Comment, At: now}
	if t.Rating != nil {
		rating.At, rating.Changes = t.Rating.At, t.Rating.Changes+1
	}
	t.Rating = &rating
	d.AddFact(Fact{Kind: FactRated, Score: cmd.Score, Comment: cmd.Comment})
	return nil
}
