package procfs

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// A file that only root can read is noted as such, and the rest is recorded.
func TestRecordUnprivileged(t *testing.T) {
	proc := copyDir(t, "testdata/snapshot/boot-ram-1g-before")
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(proc, "sys", "vm"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pagetypeinfo", "slabinfo"} {
		if err := os.Chmod(filepath.Join(proc, name), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	// Another user has to get at both folders.
	for name, mode := range map[string]os.FileMode{proc: 0o755, filepath.Dir(proc): 0o755, filepath.Dir(dir): 0o755, dir: 0o777} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	var notes []string
	var err error
	go func() {
		defer close(done)
		// The thread is another user's for files from here on, and ends with the goroutine as it is never unlocked.
		runtime.LockOSThread()
		const nobody = 65534
		if os.Getuid() == 0 {
			syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0)
		}
		notes, err = Record(proc, dir)
	}()
	<-done
	if os.Getuid() != 0 {
		t.Skip("the files belong to who runs this, who can read them: only root can take another user's place")
	}
	if err != nil || len(notes) != 2 || !strings.HasSuffix(notes[0], "pagetypeinfo is not recorded: only root can read it") ||
		!strings.HasSuffix(notes[1], "slabinfo is not recorded: only root can read it") {
		t.Errorf("%q, %v", notes, err)
	}
	s, err := ReadSnapshot(dir)
	if err != nil || s.Pagetypeinfo != nil || s.Slabinfo != nil || s.Swaps == nil {
		t.Errorf("the folder: %v", err)
	}
}

// The machine that this runs on can be recorded, if it is one with zones and as far as it may be read.
func TestRecordThisMachine(t *testing.T) {
	if _, err := os.Stat("/proc/zoneinfo"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	notes, err := Record("/proc", dir)
	if err != nil {
		t.Fatal(err, notes)
	}
	if _, err := ReadSnapshot(dir); err != nil {
		t.Error(err)
	}
}
