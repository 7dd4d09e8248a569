// Command streams shows that streams cost little and lose nothing: a server
// process with many idle streams and many whose readers do not read, and visitors
// who send slowly. It prints the memory of an idle stream, how long a message
// takes to its reader while all that goes on, how many slow readers were cut and
// how many of their messages were lost (none), and how many slow senders were
// refused (all). It fails if any of that is not so.
//
//	go run ./lab/streams -idle 10000 -stuck 1000
//	go run ./lab/streams -idle 10000 -stuck 1000 -hijack
package main
