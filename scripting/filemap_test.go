package scripting

import (
	"bytes"
	"context"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// filemapDir holds a walk through mappings of files and what a real kernel made of it, recorded with
//
//	oracle/run scripting/testdata/filemap/filemap.lua -o DIR
//	go test ./scripting -run TestFileMappingsAsRecorded -record-filemap DIR/observations.csv
const filemapDir = "testdata/filemap/"

var recordFilemap = flag.String("record-filemap", "", "observations.csv of a real kernel's run of filemap.lua, to keep for TestFileMappingsAsRecorded")

// What differs for a reason: a page that readahead asks for is there before the fault comes again, or not, as the device is fast; a child of the recorder
// faults a page of the recorder's own text in; ext4 reads a block of its own.
var (
	filemapTimed = []string{"touch page 48, which is marked", "touch page 60", "file"}
	filemapExt4  = regexp.MustCompile(`^(app DONTNEED=.*), read \d+`)
)

func filemapRows(rows []string) []string {
	rows = slices.DeleteFunc(rows, func(r string) bool {
		name, _, _ := strings.Cut(r[strings.Index(r, " ")+1:], "=")
		return slices.Contains(filemapTimed, name)
	})
	for i := range rows {
		rows[i] = filemapExt4.ReplaceAllString(rows[i], "$1")
	}
	return rows
}

// TestFileMappingsAsRecorded walks through mappings of files and compares faults, resident sets, what is read, smaps and errors with a real kernel's.
func TestFileMappingsAsRecorded(t *testing.T) {
	if *recordFilemap != "" {
		var out bytes.Buffer
		writeRows(t, &out, *recordFilemap)
		if err := os.WriteFile(filemapDir+"real.txt", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sc, err := Load(filemapDir+"filemap.lua", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rec := &memo{}
	if _, err := sc.Run(context.Background(), RunOptions{Recorder: rec, Cost: "oracle"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filemapDir + "real.txt")
	if err != nil {
		t.Fatal(err)
	}
	real := filemapRows(strings.Split(strings.TrimSpace(string(data)), "\n"))
	if len(real) < 100 {
		t.Fatalf("%d rows are recorded", len(real))
	}
	compareCalls(t, rowsByProcess(real), rowsByProcess(filemapRows(rec.of("obs"))))
}
