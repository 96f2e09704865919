// Package jbd2 is the book-keeping of a journal of blocks, as Linux' jbd2 keeps it: which blocks belong to which transaction, where in the log a transaction
// lies, and which blocks the journal holds until they are written to their place. It does no I/O and knows no time.
//
// Invariants: at most one transaction is running and one is being committed; numbers of transactions follow each other; a block is in the running and in the
// committing transaction at most once each, and waits for its checkpoint in at most one, the last that committed it; the log from the tail on holds the
// transactions that have blocks which wait, in order.
package jbd2
