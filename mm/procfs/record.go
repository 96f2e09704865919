package procfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// recordedSysctls are the files of /proc/sys/vm that stand first in a recorded sysctl_vm, in the order of the reference snapshots.
var recordedSysctls = []string{
	"admin_reserve_kbytes", "dirty_background_ratio", "dirty_background_bytes", "dirty_bytes", "dirty_expire_centisecs", "dirty_ratio",
	"dirty_writeback_centisecs", "extfrag_threshold", "lowmem_reserve_ratio", "max_map_count", "min_free_kbytes", "min_slab_ratio",
	"min_unmapped_ratio", "nr_hugepages", "nr_overcommit_hugepages", "oom_kill_allocating_task", "overcommit_kbytes",
	"overcommit_memory", "overcommit_ratio", "page-cluster", "percpu_pagelist_high_fraction", "swappiness", "user_reserve_kbytes",
	"vfs_cache_pressure", "watermark_boost_factor", "watermark_scale_factor", "compaction_proactiveness", "zone_reclaim_mode",
	"highmem_is_dirtyable", "unprivileged_userfaultfd",
}

// sysctlActions are files of /proc/sys/vm that do something instead of holding a value.
var sysctlActions = []string{"compact_memory", "drop_caches", "stat_refresh"}

// Record copies the files of a snapshot from a mounted /proc, which is root, to a folder, which is made if need be: the machine that
// it runs on. sysctl_vm is put together from /proc/sys/vm. The files are read one after the other, so on a busy machine they do not
// agree to the page.
//
// Without the privilege to read a file that a snapshot need not have, such as pagetypeinfo and slabinfo, Record goes on: notes says
// what is missing, and why. Missing files that a snapshot must have, text that is not a kernel's, and a machine that cannot be
// simulated (see [Snapshot.Check]) are errors; the files stay in the folder then, to look at.
func Record(root, dir string) (notes []string, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("recording a snapshot: %w", err)
	}
	for i := range snapshotFiles {
		f := &snapshotFiles[i]
		data, err := recordFile(root, f.name)
		switch {
		case err != nil && f.required:
			return notes, fmt.Errorf("recording a snapshot: %w", err)
		case errors.Is(err, fs.ErrPermission):
			notes = append(notes, fmt.Sprintf("%s is not recorded: only root can read it", filepath.Join(root, f.name)))
			continue
		case errors.Is(err, fs.ErrNotExist):
			notes = append(notes, fmt.Sprintf("%s is not recorded: this kernel does not have it", filepath.Join(root, f.name)))
			continue
		case err != nil:
			return notes, fmt.Errorf("recording a snapshot: %w", err)
		}
		// A file of an unknown form must not make the whole folder unreadable.
		if err := f.read(&Snapshot{}, newScanner(filepath.Join(root, f.name), data)); err != nil && !f.required {
			notes = append(notes, fmt.Sprintf("not recorded: %v", err))
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, f.name), data, 0o666); err != nil {
			return notes, fmt.Errorf("recording a snapshot: %w", err)
		}
	}
	if _, err := ReadSnapshot(dir); err != nil {
		return notes, fmt.Errorf("recording a snapshot: %w", err)
	}
	return notes, nil
}

// recordFile returns the text of a snapshot's file.
func recordFile(root, name string) ([]byte, error) {
	if name == "sysctl_vm" {
		f, err := recordSysctls(filepath.Join(root, "sys", "vm"))
		if err != nil {
			return nil, err
		}
		return Text(f), nil
	}
	return readLimited(filepath.Join(root, name))
}

// recordSysctls reads the values of a folder of sysctls. Files that cannot be read are left out.
func recordSysctls(dir string) (*SysctlVM, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	present := map[string]bool{}
	names := slices.Clone(recordedSysctls)
	for _, e := range entries {
		present[e.Name()] = e.Type().IsRegular()
		if !slices.Contains(recordedSysctls, e.Name()) && !slices.Contains(sysctlActions, e.Name()) {
			names = append(names, e.Name())
		}
	}
	f := &SysctlVM{}
	for _, name := range names {
		if !present[name] {
			continue
		}
		data, err := readLimited(filepath.Join(dir, name))
		value := strings.TrimSuffix(string(data), "\n")
		if err != nil || strings.Contains(value, "\n") {
			continue
		}
		f.Values = append(f.Values, Sysctl{Name: name, Value: value})
	}
	return f, nil
}
