// Command claims checks what documents say of the repository and a machine can
// look up:
//
//   - link: relative links and their anchors lead somewhere;
//   - path: files, folders and packages exist;
//   - command: "make" targets and their variables, "go run" and "go test" with
//     their packages, flags and tests, and scripts exist;
//   - name: exported identifiers exist ("charla.New", "Options.Runner", and doc
//     links such as "[Desk.Run]" in comments), by the public surface in api/;
//   - rule: rules named by number (R3.2), in every file, are in docs/SPEC.md;
//   - count: "eight automatic actions" and the like are that many;
//   - asvs: docs/asvs.md answers every requirement once, in the standard's order, and
//     names what shows each one that is met;
//   - conflict: no merge is left half done;
//   - words: the README and all documents are within their limits.
//
// It prints a line for each problem and fails if there is one:
//
//	go run ./lab/claims [-C DIR]
//
// scripts/testdata/documents has a planted fault of each kind, which the test of
// this package expects.
package main
