// Package linear proves that a conversation is linearizable: customers, agents,
// readers and deadlines use several desks on one store at once, with real
// concurrency, and what each call answered must be explained by some order of
// the calls in which every one takes effect at an instant between its start and
// its end. The checker is porcupine; the sequential conversation that it
// compares with is written from the specification (R3.1 to R3.9, R4.2, R4.3,
// R8.1), not from the code. A store that fails after its commit leaves calls
// that may or may not have happened. Stores that are broken on purpose show that
// the proof can fail.
package linear
