package procfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Snapshot is a machine at a moment, as its files of /proc say: a folder that `mmsim snapshot` records and `--boot` starts from.
// Files that a folder need not have are nil if it has not: pagetypeinfo and slabinfo (which only root can read), swaps (no swap),
// vmallocinfo, iomem and sysctl_vm.
type Snapshot struct {
	Zoneinfo     *Zoneinfo
	Buddyinfo    *Buddyinfo
	Meminfo      *Meminfo
	Vmstat       *Vmstat
	Pagetypeinfo *Pagetypeinfo
	Slabinfo     *Slabinfo
	Swaps        *Swaps
	Vmallocinfo  *Vmallocinfo
	Iomem        *Iomem
	SysctlVM     *SysctlVM

	Baseline Baseline // from beside the folder: see [Baseline]
}

// snapshotFile is a file of a snapshot.
type snapshotFile struct {
	name     string
	required bool
	read     func(*Snapshot, *scanner) error // parses into the snapshot's field
	get      func(*Snapshot) (File, bool)    // the field, false if nil
}

// slot makes the access to a field of the snapshot.
func slot[T any, P interface {
	*T
	File
}](name string, required bool, field func(*Snapshot) **T, parse func(*scanner) (*T, error)) snapshotFile {
	return snapshotFile{
		name: name, required: required,
		read: func(s *Snapshot, sc *scanner) error {
			f, err := parse(sc)
			*field(s) = f
			return err
		},
		get: func(s *Snapshot) (File, bool) {
			f := *field(s)
			return P(f), f != nil
		},
	}
}

// snapshotFiles are the files of a snapshot, in the order in which they are read.
var snapshotFiles = []snapshotFile{
	slot("zoneinfo", true, func(s *Snapshot) **Zoneinfo { return &s.Zoneinfo }, parseZoneinfo),
	slot("buddyinfo", true, func(s *Snapshot) **Buddyinfo { return &s.Buddyinfo }, parseBuddyinfo),
	slot("meminfo", true, func(s *Snapshot) **Meminfo { return &s.Meminfo }, parseMeminfo),
	slot("vmstat", true, func(s *Snapshot) **Vmstat { return &s.Vmstat }, parseVmstat),
	slot("pagetypeinfo", false, func(s *Snapshot) **Pagetypeinfo { return &s.Pagetypeinfo }, parsePagetypeinfo),
	slot("slabinfo", false, func(s *Snapshot) **Slabinfo { return &s.Slabinfo }, parseSlabinfo),
	slot("swaps", false, func(s *Snapshot) **Swaps { return &s.Swaps }, parseSwaps),
	slot("vmallocinfo", false, func(s *Snapshot) **Vmallocinfo { return &s.Vmallocinfo }, parseVmallocinfo),
	slot("iomem", false, func(s *Snapshot) **Iomem { return &s.Iomem }, parseIomem),
	slot("sysctl_vm", false, func(s *Snapshot) **SysctlVM { return &s.SysctlVM }, parseSysctlVM),
}

// SnapshotFiles returns the names of a snapshot's files.
func SnapshotFiles() []string {
	names := make([]string, len(snapshotFiles))
	for i := range snapshotFiles {
		names[i] = snapshotFiles[i].name
	}
	return names
}

// maxFile is how large a file of a snapshot may be, in bytes. A machine with 16 nodes and 4096 CPUs has a zoneinfo of 12 MB.
const maxFile = 64 << 20

// ReadSnapshot reads a folder of recorded files and checks them (see [Snapshot.Check]). An error names the file, the line and what
// was expected there.
func ReadSnapshot(dir string) (*Snapshot, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("reading a snapshot: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("reading a snapshot: %s is not a folder", dir)
	}
	s := &Snapshot{}
	for i := range snapshotFiles {
		f := &snapshotFiles[i]
		name := filepath.Join(dir, f.name)
		data, err := readLimited(name)
		if errors.Is(err, fs.ErrNotExist) && !f.required {
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading a snapshot: %s has no file %s: a snapshot has the text of /proc/%s there", dir, f.name, f.name)
		}
		if err != nil {
			return nil, fmt.Errorf("reading a snapshot: %w", err)
		}
		if err := f.read(s, newScanner(name, data)); err != nil {
			return nil, err
		}
	}
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	var err error
	if s.Baseline, err = readBaseline(dir); err != nil {
		return nil, fmt.Errorf("reading a snapshot: %w", err)
	}
	return s, nil
}

// readLimited reads a file of at most maxFile bytes. Files of /proc have size 0, so only reading tells.
func readLimited(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s has more than %d MB: it is no file of /proc", name, maxFile>>20)
	}
	return data, err
}

// WriteSnapshot writes the snapshot's files to a folder, which is made if need be. Files that the snapshot does not have are left
// as they are.
func (s *Snapshot) WriteSnapshot(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("writing a snapshot: %w", err)
	}
	for i := range snapshotFiles {
		f, ok := snapshotFiles[i].get(s)
		if !ok {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, snapshotFiles[i].name), Text(f), 0o666); err != nil {
			return fmt.Errorf("writing a snapshot: %w", err)
		}
	}
	return nil
}

// Arch tells the architecture by the zones: HighMem is only on i386, DMA32 only on x86-64.
func (s *Snapshot) Arch() (Arch, error) {
	for i := range s.Zoneinfo.Zones {
		switch s.Zoneinfo.Zones[i].Zone {
		case "HighMem":
			return I386, nil
		case "DMA32":
			return X86_64, nil
		}
	}
	return 0, errors.New("zoneinfo: expected a zone DMA32 (x86_64) or HighMem (i386): the machine is of another architecture")
}

// CPUs returns the number of online CPUs: those that every populated zone has a per-CPU list for.
func (s *Snapshot) CPUs() int {
	for i := range s.Zoneinfo.Zones {
		if z := &s.Zoneinfo.Zones[i]; z.Populated() {
			return len(z.Pagesets)
		}
	}
	return 0
}
