// Package frozen opens what an older build has stored, on SQLite and PostgreSQL,
// and compares what today's code answers with what that build answered: accounts
// and their configurations, tickets with every field, messages, history, searches,
// deliveries in each state, forms, sessions by their tokens, repeated keys, a signed
// identity, a snippet; then deadlines that were pending fire. testdata/README.md
// says how the files were made.
package frozen
