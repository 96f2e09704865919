package mm

import "fmt"

// An Errno is what a system call that fails returns; 0 is success (errno(3)).
type Errno uint16

// The errors that the modelled system calls can return, with Linux's numbers.
const (
	EPERM        Errno = 1
	ENOENT       Errno = 2
	ESRCH        Errno = 3
	EINTR        Errno = 4
	EBADF        Errno = 9
	ECHILD       Errno = 10
	EAGAIN       Errno = 11
	ENOMEM       Errno = 12
	EACCES       Errno = 13
	EFAULT       Errno = 14
	EEXIST       Errno = 17
	ENODEV       Errno = 19
	ENOTDIR      Errno = 20
	EISDIR       Errno = 21
	EINVAL       Errno = 22
	EMFILE       Errno = 24
	EFBIG        Errno = 27
	ENOSPC       Errno = 28
	ENAMETOOLONG Errno = 36
	EOVERFLOW    Errno = 75
	EOPNOTSUPP   Errno = 95
)

var errnoNames = map[Errno]string{
	EPERM: "EPERM", ENOENT: "ENOENT", ESRCH: "ESRCH", EINTR: "EINTR", EBADF: "EBADF", ECHILD: "ECHILD", EAGAIN: "EAGAIN",
	ENOMEM: "ENOMEM", EACCES: "EACCES", EFAULT: "EFAULT", EEXIST: "EEXIST", ENODEV: "ENODEV", EINVAL: "EINVAL", EOVERFLOW: "EOVERFLOW", EOPNOTSUPP: "EOPNOTSUPP",
	ENOTDIR: "ENOTDIR", EISDIR: "EISDIR", EMFILE: "EMFILE", EFBIG: "EFBIG", ENOSPC: "ENOSPC", ENAMETOOLONG: "ENAMETOOLONG",
}

// String returns the symbolic name, such as "ENOMEM".
func (e Errno) String() string {
	if n, ok := errnoNames[e]; ok {
		return n
	}
	return fmt.Sprintf("errno %d", uint16(e))
}

// Error makes an Errno an error with its symbolic name.
func (e Errno) Error() string { return e.String() }
