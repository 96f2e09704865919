package heaptest

import (
	"bufio"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Runs opens every recorded run of testdata, each in a test of its own under its name, and has check read its lines.
func Runs(t *testing.T, check func(t *testing.T, name string, lines *bufio.Scanner)) {
	const suffix = ".txt.gz"
	files, err := filepath.Glob("testdata/*" + suffix)
	if err != nil || len(files) == 0 {
		t.Fatal("no recorded runs", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), suffix)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			z, err := gzip.NewReader(f)
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(z)
			lines.Buffer(nil, 1<<20)
			check(t, name, lines)
			if err := lines.Err(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
