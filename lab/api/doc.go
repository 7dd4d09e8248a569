// Command api writes the public surface of every published package, one exported
// identifier a line, so that a change of it shows in a review:
//
//	go run ./lab/api        # writes api/
//	go run ./lab/api -sum   # prints how many identifiers each package exports
//
// A line has what users can depend on: types without the names of parameters, the
// fields and methods of a type each in a line of its own, the values of constants.
// It has no text of a comment, and no type as it was written but as it is.
package main
