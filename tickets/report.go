package tickets

// Report is R2.7's figures of an account over a period, from inclusive, to
// exclusive.
type Report struct {
	// Tickets created in the period, by their status now, and how many of them
	// are important or delayed now.
	Open      int64 `json:"open"`
	Ignored   int64 `json:"ignored"`
	Closed    int64 `json:"closed"`
	Important int64 `json:"important"`
	Delayed   int64 `json:"delayed"`
	// Ratings are how customers rated the tickets created in the period.
	Ratings Ratings `json:"ratings"`
	// First are the first answers of tickets, All every answer, given in the
	// period.
	First Times `json:"first"`
	All   Times `json:"all"`
}

// Times are figures of response times, all zero if there are none. They are
// measured on the SLA's clock: on business hours an answer while closed took no
// time.
type Times struct {
	Count int64 `json:"count"`
	// Mean is cut to the microsecond; the percentiles are by nearest rank: the
	// smallest time that at least that share of all do not exceed.
	Mean Span `json:"mean"`
	P50  Span `json:"p50"`
	P90  Span `json:"p90"`
	// Limited are those that had an SLA, InTime those of them that did not
	// exceed it.
	Limited int64 `json:"limited"`
	InTime  int64 `json:"inTime"`
}

// Ratings are how customers answered to how it was (R14.3).
type Ratings struct {
	// Asked are the tickets whose customers were asked, or answered.
	Asked int64 `json:"asked"`
	// Scores are how many rated 1, 2, 3, 4 and 5.
	Scores [5]int64 `json:"scores"`
}

// Given returns how many tickets were rated.
func (r Ratings) Given() (n int64) {
	for _, count := range r.Scores {
		n += count
	}
	return n
}

// Mean returns the mean score; zero without ratings.
func (r Ratings) Mean() float64 {
	var sum int64
	for i, count := range r.Scores {
		sum += int64(i+1) * count
	}
	return float64(sum) / float64(max(r.Given(), 1))
}

// Share returns the share of those asked who answered, from 0 to 1.
func (r Ratings) Share() float64 { return float64(r.Given()) / float64(max(r.Asked, 1)) }
