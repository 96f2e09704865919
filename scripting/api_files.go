package scripting

var (
	argFD = Arg{Name: "fd", Kind: KindInt}

	resultBytes = []Result{{"bytes", "number?"}, {"errno", "string?"}}
	errnosIO    = []string{"EBADF", "EINVAL"}
)

// fileCalls are files and the page cache.
var fileCalls = []Entry{
	{
		Scope: ScopeProcess, Name: "open", Args: []Arg{{Name: "path", Kind: KindString}, {Name: "mode", Kind: KindString, Opt: true, Default: `"r"`}},
		Results: []Result{{"fd", "number?"}, {"errno", "string?"}}, Errnos: []string{"EINVAL", "EISDIR", "EMFILE", "ENAMETOOLONG", "ENOENT", "ENOSPC", "ENOTDIR"},
		Doc: "Opens a file. mode is `r`, `w` or `rw`, with `+creat`, `+trunc`, `+direct` appended. `/dev/shm/…` and `/tmp/…` are tmpfs, all else is on the disk.",
		fn:  processOpen,
	},
	{
		Scope: ScopeProcess, Name: "read", Args: []Arg{argFD, argLen, {Name: "offset", Kind: KindSize, Opt: true}},
		Results: resultBytes, Errnos: errnosIO, Doc: "Reads; without offset from the file position, which moves.",
		fn: processRead,
	},
	{
		Scope: ScopeProcess, Name: "write", Args: []Arg{argFD, argLen, {Name: "offset", Kind: KindSize, Opt: true}},
		Results: resultBytes, Errnos: append([]string{"EFBIG", "ENOMEM", "ENOSPC"}, errnosIO...), Doc: "Writes; without offset at the file position, which moves.",
		fn: processWrite,
	},
	{Scope: ScopeProcess, Name: "fsync", Args: []Arg{argFD}, Results: resultOK, Errnos: errnosIO, Doc: "Writes a file's dirty pages back and waits (fsync(2)).", fn: processFsync},
	{Scope: ScopeProcess, Name: "fdatasync", Args: []Arg{argFD}, Results: resultOK, Errnos: errnosIO, Doc: "As fsync, for the data (fdatasync(2)).", fn: processFdatasync},
	{Scope: ScopeProcess, Name: "sync", Results: resultOK, Doc: "Writes all dirty pages of all files back and waits (sync(2)).", fn: processSync},
	{Scope: ScopeProcess, Name: "close", Args: []Arg{argFD}, Results: resultOK, Errnos: []string{"EBADF"}, Doc: "Closes a file (close(2)).", fn: processClose},
	{Scope: ScopeProcess, Name: "ftruncate", Args: []Arg{argFD, argLen}, Results: resultOK, Errnos: append([]string{"EFBIG"}, errnosIO...), Doc: "Sets a file's length (ftruncate(2)).", fn: processFtruncate},
	{
		Scope: ScopeProcess, Name: "fallocate", Args: []Arg{argFD, {Name: "offset", Kind: KindSize}, argLen},
		Results: resultOK, Errnos: append([]string{"EFBIG", "ENOMEM", "ENOSPC"}, errnosIO...), Doc: "Allocates blocks of a file (fallocate(2)).",
		fn: processFallocate,
	},
	{Scope: ScopeProcess, Name: "unlink", Args: []Arg{{Name: "path", Kind: KindString}}, Results: resultOK, Errnos: []string{"EISDIR", "ENOENT", "ENOTDIR"}, Doc: "Removes a file (unlink(2)).", fn: processUnlink},
	{
		Scope: ScopeProcess, Name: "fadvise",
		Args:    []Arg{argFD, {Name: "offset", Kind: KindSize}, argLen, {Name: "advice", Kind: KindString}},
		Results: resultOK, Errnos: errnosIO, Doc: "Says how a file will be used (posix_fadvise(2)).",
		fn: processFadvise,
	},
}
