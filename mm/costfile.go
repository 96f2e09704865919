package mm

import "mmsim/engine"

// FileCosts is how long work on files and on the page cache takes, in nanoseconds of virtual time; part of CostTable.
type FileCosts struct {
	Open          engine.Time // open(2), unlink(2), ftruncate(2) and fallocate(2) beyond a cheap system call
	ReadPage      engine.Time // read(2): per page copied from the page cache
	ReadaheadPage engine.Time // per page allocated, added to the page cache and handed to the device
	WritePage     engine.Time // write(2): per page allocated, copied to the page cache and made dirty
	RewritePage   engine.Time // write(2): per page copied to one that is in the page cache
	MkwriteFault  engine.Time // making a page of a file writable in a shared mapping, beside the fault
	TmpfsNewPage  engine.Time // write(2) or fallocate(2) in memory: per page that is allocated, besides TmpfsPage
	TmpfsPage     engine.Time // read(2) or write(2) in memory: per page copied
	DirectPage    engine.Time // per page of a transfer with O_DIRECT
	WritebackPage engine.Time // per dirty page found, handed to the device and finished when it is written; also per inode looked at
	WriteRequest  engine.Time // per request that pages are written by, besides: finding its blocks, sending it, and its end

	// JournalCommit is what jbd2 does for a transaction beside waiting for its device. FlushCache is how long the device takes to write out its own cache; 0: it has
	// none that is volatile, and no flush is sent.
	JournalCommit, FlushCache engine.Time

	FreePage, InvalidatePage engine.Time // per clean page that reclaim, and that invalidation, takes out of the page cache and frees
}

// serverFileCosts are [S] of serverCosts throughout: a fifteenth of oracleFileCosts.
var serverFileCosts = FileCosts{
	Open: 1200, ReadPage: 165, ReadaheadPage: 330, WritePage: 1530, RewritePage: 290, DirectPage: 130, TmpfsNewPage: 270, TmpfsPage: 160, MkwriteFault: 480, WritebackPage: 330, WriteRequest: 1800,
	FreePage: 47, InvalidatePage: 130, JournalCommit: 33_000,
}

// oracleFileCosts are measured on the emulated machine by the case calibration.
var oracleFileCosts = FileCosts{
	Open:          18_000,
	ReadPage:      2470,   // 2.56 us, of which a 32nd of a system call
	ReadaheadPage: 4900,   // file-stream-2x: 13.8 us a page, less ReadPage, FreePage, and of CostTable ScanPage and a request for 32 pages; calibration's 30.7 us holds the host's first use of each frame
	WritePage:     23_000, // file-dirty-writeback: 120 MiB in 0.85 s, less WritebackPage for what was written meanwhile
	RewritePage:   4300,   // 32 MiB written over dirty pages
	DirectPage:    2000,
	MkwriteFault:  7200,   // 32 MiB written through a mapping that had been read: 7.55 us a page, less the two accesses
	TmpfsNewPage:  4000,   // shmem-swap writes 160 MiB of new pages at 6.4 us a page
	TmpfsPage:     2400,   // the least of writing 64 MiB of a file in /dev/shm again, three times
	WritebackPage: 4900,   // system time of fsync of 16, 32 and 64 MiB there, by /proc/stat: 2, 4 and 8 hundredths of a second
	WriteRequest:  27_000, // fsync of 4000 pages that are four apart, the least of eight: 128 ms; of 4000 in a row 20 ms

	FreePage: 700, InvalidatePage: 2000, // as CostTable.FreePage, and as its UnmapPage

	JournalCommit: 500_000, // write and fsync of a page behind the end, 20 times: 1.39 ms each, less the page, its request, the time of two others on the device, and two flushes
	FlushCache:    150_000, // fsync of a file that is clean: 170 us each of 20
}
