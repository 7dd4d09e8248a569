// Package lab is the folder of the simulation, the proofs and the benchmark: one
// module, for tests only, that nothing imports. README.md says what each proof
// shows, how it is run and how long it takes.
package lab
