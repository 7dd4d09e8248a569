// Package crash proves that what a desk acknowledged survives its process (R8.1,
// R4.5, R8.2): a real process, under load, is killed again and again, at any moment
// and while it starts, and started again on the same SQLite database.
//
// Customers and agents are in this process, which lives on, and keep a ledger: what
// they asked for, and what was answered. The child ([Child]) has the desk; requests
// and answers go through pipes. Who got no answer asks again, with the same key, when
// there is a process again. The child's clock is the real one, sped up, so that
// delays and auto-closes fall due all the time; its mailer and its hook append to
// files, which a killed process cannot take back.
//
// After each kill a copy of the database is checked by SQLite's integrity_check, from
// time to time the ledger is compared with the copy, and a database that has been
// through enough kills is settled and audited: every acknowledgement is there once,
// sequences and history have no gap, no deadline fired twice and none was lost, no
// mail went out twice, every event was told, and every key still answers as before.
package crash
