package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"mmsim/mm/procfs"
)

// readBoot reads the snapshot of --boot; nil if dir is empty.
func readBoot(dir string) (*procfs.Snapshot, error) {
	if dir == "" {
		return nil, nil
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("--boot: there is no directory %s", dir)
	}
	s, err := procfs.ReadSnapshot(dir)
	if err != nil {
		return nil, fmt.Errorf("--boot: %w", err)
	}
	return s, nil
}

// hashBoot is the hash of a snapshot's files by name, in hex.
func hashBoot(dir string) (string, error) {
	h := sha256.New()
	for _, name := range procfs.SnapshotFiles() {
		f, err := os.Open(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s\n", name)
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hashFile is the hash of a file, in hex.
func hashFile(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
