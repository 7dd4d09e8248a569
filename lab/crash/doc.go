// Package crash proves that what a desk acknowledged survives its process (R8.1,
// R4.5, R8.2): real processes, under load, are killed again and again, at any moment
// and while they start, and started again on the same database.
//
// Customers and agents are in this process, which lives on, and keep a ledger: what
// they asked for, and what was answered. A child ([Child]) has a desk, with its
// runner; requests and answers go through pipes. Who got no answer asks again when
// there is a process again, with the same key; who was told that nothing had happened
// asks anew. The children's clocks are the real one, sped up, so that delays and
// auto-closes are due all the time; their mailers and hooks append to files, which a
// killed process cannot take back.
//
// [SQLite] kills the one process of a database. After each kill a copy of the
// database is checked by SQLite's integrity_check, and from time to time the ledger
// is compared with the copy. [Cluster] has three processes on one PostgreSQL
// database, whose clocks differ, and people ask any of them. It kills processes, and
// the server, in three ways, and, by a proxy between them, cuts connections: instead
// of a COMMIT, of the answer to it, or of any other answer. Somebody follows the
// account's feed all the time, and must have every change in the end (R8.3). It needs
// Linux.
//
// [Takers] kills processes while agents take tickets: each must get one, and nobody two.
//
// A database that has been through enough of that is settled and audited: every
// acknowledgement is there once, sequences and history have no gap, no deadline fired
// twice and none was lost, no mail went out twice, every event was told, and every
// key still answers as before.
package crash
