package scenario

import (
	"errors"
	"fmt"
	"strings"

	"github.com/charlahq/charla/chatcfg"
)

// Failure is why a scenario file could not be read, or failed. Its text is
// "FILE:LINE: want …, got …".
type Failure struct {
	// File is the name that was given to [Parse].
	File string
	// Line is the line of the file, from 1, comment and configuration counted.
	Line int
	// Want and Got say, on one line, what was to be and what was.
	Want, Got string
	// Err is the error behind it: charla's refusal of a statement, or what
	// broke; nil: none.
	Err error
	// Last explains the last decision about whom the statement names, one line a rule;
	// empty: there was none.
	Last string
}

// Error returns "FILE:LINE: want …, got …".
func (f *Failure) Error() string {
	return fmt.Sprintf("%s:%d: want %s, got %s", f.File, f.Line, f.Want, f.Got)
}

// Unwrap returns Err, nil if an expectation was not met.
func (f *Failure) Unwrap() error { return f.Err }

// Details returns what Error does, and below it Last.
func (f *Failure) Details() string {
	if f.Last == "" {
		return f.Error()
	}
	return f.Error() + "\n" + f.Last
}

// at sets the failure's file and line, unless it has one, and returns the failure.
func (f *Failure) at(file string, line int) *Failure {
	if f.Line == 0 {
		f.File, f.Line = file, line
	}
	return f
}

// wanted returns a failure with what was wanted and what was got, whose line is not
// known yet.
func wanted(want, got string) *Failure { return &Failure{Want: want, Got: got} }

// asFailure returns an error as a failure: itself if it is one, else one that wanted
// success.
func asFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return &Failure{Want: "success", Got: oneLine(err.Error()), Err: err}
}

// refused reports whether a statement failed because charla refused it or because what
// it expects is not so; any other failure is a fault, of the store for example.
func (f *Failure) refused() bool {
	var problems chatcfg.Problems
	var refusal chatcfg.Refusal
	return f.Err == nil || errors.As(f.Err, &problems) || errors.As(f.Err, &refusal)
}

// oneLine returns a text with each run of white space as one space.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
