// Package turns proves that the next ticket is taken once, and found: on each store, while two
// processes take, repeat their calls and compete.
package turns
