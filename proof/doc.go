// Package proof is above what breaks charla on purpose and looks at what is left:
// real processes that are killed (proof/crash), power cuts below SQLite
// (proof/powercut), many callers at once (proof/linear), text from outside
// (proof/foreign), two versions at once (proof/upgrade), databases put back (proof/restore). It is for tests only; docs/reliability.md says what they prove.
package proof
