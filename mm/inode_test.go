package mm

import (
	"testing"
	"unsafe"
)

// TestInodeSize holds the inode to the size class of the host's allocator that it fills: a file that was closed is little else, and a machine has many.
func TestInodeSize(t *testing.T) {
	const class = 576
	if n := unsafe.Sizeof(inode{}); n > class {
		t.Errorf("an inode takes %d bytes of the host's memory, more than %d", n, class)
	}
}
