// Package powercut proves that what a desk on SQLite acknowledged survives the
// power going out (R8.1, R4.5, R8.2).
//
// SQLite runs on a disk that is written in Go ([Disk]): it keeps every write, every
// sync and every change of the folder in a log, beside what the running process
// sees. A desk works on it, and the log remembers where each acknowledgement fell.
// Then the power is cut after every operation of that log: what was synced is
// there, and of the rest any part may be there, sector by sector of 512 bytes
// ([Platter.Cut]). Each such image becomes a disk, the database is opened on it, and
//
//   - everything that was acknowledged by then is there exactly once, sequences and
//     history have no gap, every ticket was created once, no deadline fired twice,
//     and SQLite's own integrity_check finds nothing;
//   - no e-mail that went out before goes out again;
//   - what was under way is repeated with its key, the desk goes on, and its own disk
//     is cut again, in the recovery too.
//
// The log of shared memory (-shm) is not on the disk: a process that is gone has
// none, as on a real machine after a cut.
//
// # What a disk may do here
//
// Lose, keep or garble each sector of each write that was not synced, in any
// combination; keep a longer size and lose what was in it; lose or keep the
// creation and removal of a file until its folder is synced. It keeps two writes of
// the same sector in their order, does not touch bytes beside those written
// (SQLite's "powersafe overwrite", which its own file layer assumes too), and a sync
// that returned holds.
//
// # Negative controls
//
// With synchronous NORMAL or OFF, or a disk whose sync does nothing, the same cuts
// must lose acknowledged messages: else nothing was proved.
package powercut
