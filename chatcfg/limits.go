package chatcfg

import (
	"math"
	"time"
)

// The limits of the configuration and of what people type. Lengths are in
// characters (Unicode code points); a text is also refused when it has more than
// four bytes for each of them.
const (
	// MaxDocument is the largest document or patch in bytes.
	MaxDocument = 256 << 10
	// MaxDepth is how deep objects and lists of a document may nest.
	MaxDepth = 16

	// MaxMessages is how many texts an automatic action may have.
	MaxMessages = 3
	// MaxReminders is how many steps [Reminders] may have.
	MaxReminders = 3
	// MaxText is the length of an automatic text or of the welcome message.
	MaxText = 2000
	// MaxVariables is how many variables one automatic text may hold, so that
	// what it renders to stays below MaxMessage.
	MaxVariables = 10
	// MaxNote is the length of the other texts of more than one line.
	MaxNote = 500
	// MaxComment is the length of a customer's comment on how it was.
	MaxComment = 1000
	// MaxTitle is the length of the contact form's title.
	MaxTitle = 120
	// MaxButton is the length of the long button's text.
	MaxButton = 40
	// MaxMailbox is the length of the ID of a mailbox.
	MaxMailbox = 200

	// MaxKeywords is how many important keywords there may be.
	MaxKeywords = 1000
	// MaxKeyword is the length of a keyword.
	MaxKeyword = 100
	// MaxCategories is how many categories there may be, MaxCategory the length of one.
	MaxCategories = 500
	MaxCategory   = 500
	// MaxAddresses is how many addresses may be notified.
	MaxAddresses = 20
	// MaxDomains is how many extra domains there may be.
	MaxDomains = 50
	// MaxDelaySeconds is the longest delay of the welcome message and of
	// opening on load.
	MaxDelaySeconds = 3600
	// MaxRepeatMinutes is the longest time before the welcome message shows
	// again: a year.
	MaxRepeatMinutes = 365 * 24 * 60
	// MaxNotified is how many messages a notification may show.
	MaxNotified = 3

	// MaxMessage is the length of a message of a chat.
	MaxMessage = 4000
	// MaxName is the length of a name: of an account, an author, a visitor.
	MaxName = 100
	// MaxEmail is the length of an e-mail address in bytes.
	MaxEmail = 254
	// MaxPhone is the length of a telephone as it is typed.
	MaxPhone = 40
)

// MinDuration and MaxDuration bound every configurable [Duration] (R2.1); the
// shortest time to auto-close is MinAutoClose (R4.2).
const (
	MinDuration  = time.Second
	MinAutoClose = time.Minute
	MaxDuration  = 365 * 24 * time.Hour
)

// unitStd returns the length of a unit; zero if it is unknown.
func unitStd(u Unit) time.Duration {
	switch u {
	case UnitSeconds:
		return time.Second
	case UnitMinutes:
		return time.Minute
	case UnitHours:
		return time.Hour
	case UnitDays:
		return 24 * time.Hour
	}
	return 0
}

// Std returns the duration as a [time.Duration]: the longest that there is for one that does
// not fit, which [Config.Validate] refuses, and zero for an unknown unit.
func (d Duration) Std() time.Duration {
	unit := unitStd(d.Unit)
	switch {
	case unit == 0:
		return 0
	case d.Value > math.MaxInt64/int64(unit):
		return math.MaxInt64
	case d.Value < math.MinInt64/int64(unit):
		return math.MinInt64
	}
	return time.Duration(d.Value) * unit
}
