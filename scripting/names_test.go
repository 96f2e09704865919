package scripting

import (
	"bytes"
	"context"
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"
)

// namesDir holds a walk through what names and files in memory need and a real kernel's counts, recorded with
//
//	oracle/run scripting/testdata/names/names.lua -o DIR
//	go test ./scripting -run TestNamesAsRecorded -record-names DIR/observations.csv
const namesDir = "testdata/names/"

var recordNames = flag.String("record-names", "", "observations.csv of a real kernel's run of names.lua, to keep for TestNamesAsRecorded")

// namesSlack is how many objects of each cache may differ: what the CPU's slab and its partial list hold counts as in use, and a recorded machine has some
// of that when it starts.
var namesSlack = map[string]int{"dentry": 13 * 21, "ext4_inode_cache": 5 * 13, "shmem_inode_cache": 12 * 10}

// TestNamesAsRecorded makes, holds, drops and removes names and files, and compares the objects of their caches with a real kernel's.
func TestNamesAsRecorded(t *testing.T) {
	if *recordNames != "" {
		var out bytes.Buffer
		writeRows(t, &out, *recordNames)
		if err := os.WriteFile(namesDir+"real.txt", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sc, err := Load(namesDir+"names.lua", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rec := &memo{}
	if _, err := sc.Run(context.Background(), RunOptions{Recorder: rec, Cost: "oracle"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(namesDir + "real.txt")
	if err != nil {
		t.Fatal(err)
	}
	real, got := strings.Split(strings.TrimSpace(string(data)), "\n"), rec.of("obs")
	if len(real) != len(got) || len(got) < 100 {
		t.Fatalf("%d rows are recorded, %d came", len(real), len(got))
	}
	for i := range real {
		name, want, _ := strings.Cut(real[i], "=")
		n, value, _ := strings.Cut(got[i], "=")
		w, err1 := strconv.Atoi(want)
		v, err2 := strconv.Atoi(value)
		if n != name || err1 != nil || err2 != nil {
			t.Fatalf("row %d is %q, recorded %q", i, got[i], real[i])
		}
		_, rest, _ := strings.Cut(name, ": ")
		cache, _, _ := strings.Cut(rest, " ")
		slack, ok := namesSlack[cache]
		if !ok || v < w-slack || v > w+slack {
			t.Errorf("%s: %d, recorded %d", name, v, w)
		}
	}
}

// Caches of kernel objects can be sampled.
func TestSampleSlab(t *testing.T) {
	rec, _, err := run1(t, `m = machine { ram = "256MiB" }
sample { every = "10ms", "slab.dentry.*" }
process("a", function(p)
	for i = 1, 210 do p:open("/x" .. i, "r") end
	p:sleep("20ms")
end)`)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rec.columns, " "); got != "slab.dentry.active_objs slab.dentry.num_objs slab.dentry.active_slabs slab.dentry.num_slabs" {
		t.Fatalf("columns %s", got)
	}
	last := rec.rows[len(rec.rows)-1]
	if last[0] != 210 || last[1] != 210 || last[2] != 10 || last[3] != 10 {
		t.Errorf("the last sample is %v, want 210 objects in 10 slabs", last)
	}
}
