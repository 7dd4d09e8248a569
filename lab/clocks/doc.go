// Package clocks proves that a clock that is wrong for a moment does no lasting harm: on
// each store, while the clock is 30 days or 80 years off, one of everything that dates
// something is done; five minutes after the clock is right again, and an hour later,
// everything is as without it.
package clocks
