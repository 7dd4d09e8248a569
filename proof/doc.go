// Package proof holds what breaks charla on purpose and looks at what is left: real
// processes that are killed (proof/crash) and power cuts below SQLite
// (proof/powercut). It is for tests only; docs/reliability.md says what they prove.
package proof
