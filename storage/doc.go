// Package storage is the contract between charla and the place where everything
// is kept, with a reference store in memory. Hosts open a store, hand it to
// charla.New, and never call it. R4.2 and the like are rules of docs/SPEC.md.
//
//	store := storage.NewMemory()
//
// The stores for production are modules beside this package: storage/sqlite for
// one machine, storage/postgres for several. Package
// [github.com/charlahq/charla/storage/kv] makes a store of any ordered key-value
// database. The rest of this page is for who writes another one.
//
// # What a store is
//
// A [Store] has seven parts of at most eight methods each. It keeps what it is
// given and knows no rule: what a ticket may do, when something falls due, which
// text is sent, all that is decided before [Conversations.Commit] and arrives as
// values. So a store never reads a clock, makes an ID, or looks into an entry.
// Which makes it small: most of what it holds can be one opaque document a row
// (all types encode to JSON and back without loss), beside the columns that it
// searches by.
//
// What has to be found:
//
//   - accounts by ID and by key, their documents by name and version;
//   - sessions by ID, conversations by ID and by reserved [tickets.Identity];
//   - tickets by number, by the last change, by the start of their wait, by
//     creation, by CountsFrom, by category, fields and words;
//   - messages and entries by their numbers, receipts by scope and key;
//   - answers by their instant;
//   - conversations by Wake, and those that are active by Armed;
//   - deliveries by key, by state, and by what is due: NotBefore while pending,
//     the end of the lease while sending.
//
// Every key begins with the account, except for what is due: two accounts may use
// the same IDs, identities and keys and must never meet.
//
// # What is hard
//
// Commit is the heart. Within one transaction it reads the account and checks, in
// this order, that it exists, is not deleted, and still has [Batch].Config as its
// version; then that the stored conversation has the version before the batch's,
// that the session and the account have the revisions that it names, that no identity
// of [Batch].Reserve is another conversation's, and that no receipt has that scope and
// key. Only then it writes, all or nothing. A commit
// and an [Accounts.Save] exclude each other: lock the account's row, shared in a
// commit and exclusively in a save.
//
// Load is one moment: the version, the ticket and the account that it returns
// belong together.
//
// A claim is a change: it moves the Wake, or sets the lease, in the statement
// that reads it, so that two claimers never get the same row. A deleted account's
// rows are not claimed.
//
// The feed, [Queries.Changes], skips nothing. Numbers that are drawn as a
// transaction begins become visible in another order: a reader that has seen 8
// has then missed 7, which commits later. Draw the number where commits are
// serial, or never let a reader go past the oldest transaction that is still
// open.
//
// An error of a changing call that is none of this package's means that its
// outcome is unknown. Return [ErrConflict] and its like only when nothing did.
//
// # What need not be written again
//
// What every store decides alike is here, as pure functions of values: [Clean] copies a
// record with its times as a store keeps them ([Cut]); [Batch.Check] is the checks of a
// commit, in their order; [Delivery.Claim], [Delivery.CheckSettle], [Delivery.Settle] and
// [Delivery.Replay] are what becomes of a delivery; [TicketQuery.Matches], [Order.Of],
// [Instant.Check] and [Instant.Of] say which tickets are listed and counted, and by which
// instant; [TicketRow.Preview] fills in a row; [Reporter] computes a report; [Cursor],
// [ParseCursor], [TicketQuery.List] and [PageLimit] are the form of pages. [Memory] and
// package kv are made of them.
//
// # How to know that it is right
//
// Package [github.com/charlahq/charla/storage/storagetest] is the suite that the
// stores of charla pass: hand it a function that opens yours. It compares your
// store with [Memory] on random calls, too. Two examples pass: examples/bbolt, by
// package kv, and examples/customstore, a small durable store built on Memory.
package storage
