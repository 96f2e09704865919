package ptmalloc_test

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"mmsim/mm/heap/heaptest"
	"mmsim/mm/heap/ptmalloc"
)

// A replay makes the calls of a recorded run and describes what they did as testdata/record.lua does.
type replay struct {
	os   *heaptest.OS
	h    *ptmalloc.Heap
	base uint64
	top  uint64
	live map[int]uint64
}

func (r *replay) place(a uint64) string {
	switch {
	case a == 0:
		return "none"
	case a >= r.base && a < r.base+1<<30:
		return fmt.Sprintf("heap%d", a-r.base)
	}
	return fmt.Sprintf("map%d", r.top-a)
}

func (r *replay) call(line string) (string, error) {
	var args []uint64
	f := strings.Fields(line)
	for _, s := range f[1:] {
		if n, err := strconv.ParseUint(s, 10, 64); err == nil {
			args = append(args, n)
		}
	}
	var ptr uint64
	var err error
	result, isBlock := "", false
	switch f[0] {
	case "malloc":
		ptr, err = r.h.Malloc(args[1])
		isBlock = true
	case "calloc":
		ptr, err = r.h.Calloc(args[1], 1)
		isBlock = true
	case "memalign":
		ptr, err = r.h.Memalign(args[1], args[2])
		isBlock = true
	case "realloc":
		ptr, err = r.h.Realloc(r.live[int(args[0])], args[1])
		if args[1] == 0 {
			delete(r.live, int(args[0]))
		} else {
			isBlock = true
		}
	case "free":
		err = r.h.Free(r.live[int(args[0])])
		delete(r.live, int(args[0]))
	case "touch":
		a := r.live[int(args[0])]
		n, _ := r.h.UsableSize(a)
		r.os.Touch(a, n, true)
	case "trim":
		result = strconv.FormatBool(r.h.Trim(args[0]))
	case "mallopt":
		var ok bool
		ok, err = r.h.Mallopt(f[1], int64(args[0]))
		result = strconv.FormatBool(ok)
	case "sbrk":
		ptr, _ = r.os.Sbrk(int64(args[0]))
	default:
		return "", fmt.Errorf("unknown call %q", line)
	}
	if result == "" {
		result = r.place(ptr)
	}
	usable := "-"
	if isBlock && ptr != 0 {
		r.live[int(args[0])] = ptr
		n, uerr := r.h.UsableSize(ptr)
		if uerr != nil {
			return "", uerr
		}
		usable = strconv.FormatUint(n, 10)
	}
	size := (r.os.Break+4095)&^4095 - r.base + r.os.Mapped()
	out := fmt.Sprintf("%s %s %d %d %d %d", result, usable, r.os.Break-r.base, r.os.Maps(), size, r.os.Resident())
	if ptr == 0 && isBlock {
		return out, nil
	}
	return out, err
}

// newReplay reads the name of a recorded run, arch-bBLOCK-seed, and its first line: the first break and the end of the area for mappings.
func newReplay(t *testing.T, name, start string) *replay {
	parts := strings.Split(name, "-")
	bits := 64
	if parts[0] == "i386" {
		bits = 32
	}
	var base, top uint64
	if _, err := fmt.Sscanf(start, "start,%d %d", &base, &top); err != nil {
		t.Fatalf("%q: %v", start, err)
	}
	o := heaptest.NewAt(base, top)
	block, err := strconv.ParseUint(parts[1][1:], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if block > 0 {
		o.MaxBreak = base + block - 4096 // the kernel keeps a page free before the next mapping
	}
	return &replay{os: o, h: ptmalloc.New(o, bits), base: base, top: top, live: map[int]uint64{}}
}

// TestRecorded compares with runs of the real allocator on a real kernel: addresses, usable sizes, the break, the number of mappings, the
// size of the address space and the resident pages after every call.
func TestRecorded(t *testing.T) {
	heaptest.Runs(t, func(t *testing.T, name string, lines *bufio.Scanner) {
		lines.Scan()
		r := newReplay(t, name, lines.Text())
		for n := 1; lines.Scan(); n++ {
			call, want, _ := strings.Cut(lines.Text(), ",")
			got, err := r.call(call)
			if got != want || err != nil {
				t.Fatalf("call %d, %q:\n got %s (error %v)\nwant %s", n, call, got, err, want)
			}
			if err := r.h.Check(); err != nil {
				t.Fatalf("after call %d, %q: %v", n, call, err)
			}
			if r.os.Err != nil {
				t.Fatalf("call %d, %q: %v", n, call, r.os.Err)
			}
		}
	})
}
