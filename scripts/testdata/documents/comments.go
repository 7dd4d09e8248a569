// Package documents has planted faults in comments, which are read as if they
// stood in package storage.
//
// [Store] and [Queries.Changes] are there, [tickets.Ref] too.
// [Gone] is not. want name
// [Store.Gone] is not. want name
// [Store] has six parts. want count
// These are parts of at most two methods each. want count
// docs/SPEC.md is there, and docs/GONE.md is not. want path
// R9.99 is no rule. want rule
//
//	make sim SEEDS=3
//	make coffee # want command
package documents
