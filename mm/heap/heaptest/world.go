package heaptest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mmsim/mm/heap"
)

// A Subject is an allocator that can recompute its invariants.
type Subject interface {
	heap.Allocator
	Check() error
}

// A Kind is what Properties is to know of an allocator.
type Kind struct {
	New            func(t *rapid.T, os *OS) Subject
	Parameters     []string // names for Mallopt
	ZeroFrees      bool     // realloc(p, 0) frees
	ForeignAborts  string   // the error with which it may end after someone else has moved the break
	AlignmentShift int      // log2 of the largest alignment to ask for
	Align          uint64   // what every block is aligned to, 16 if it is 0
	WordClass      uint64   // the size of a class of blocks that are aligned to no more than that, if there is one
	Dies           string   // how the error begins with which it may end for want of memory
}

type block struct{ addr, n uint64 }

// A world is an allocator, its memory and what is live.
type world struct {
	os   *OS
	h    Subject
	kind Kind
	live []block
	dead []uint64

	foreign bool // someone else has moved the break
	over    bool // then running out of memory can end in an abort, and with it the process
}

func sizes() *rapid.Generator[uint64] {
	return rapid.OneOf(
		rapid.Uint64Range(0, 130), rapid.Uint64Range(0, 1100), rapid.Uint64Range(900, 5000), rapid.Uint64Range(5000, 140000),
		rapid.Uint64Range(100000, 3<<20), rapid.Uint64Range(1<<40, 1<<63+10),
	)
}

func (w *world) add(t *rapid.T, addr, n uint64, err error) {
	if err != nil {
		w.over = w.foreign && err.Error() == w.kind.ForeignAborts || w.dies(err)
		if !w.over && !errors.Is(err, heap.ErrNoMemory) && !errors.Is(err, heap.ErrInvalid) {
			t.Fatal(err)
		}
		return
	}
	usable, err := w.h.UsableSize(addr)
	align := w.kind.Align
	if align == 0 {
		align = 16
	}
	aligned := addr%align == 0 || w.kind.WordClass > 0 && usable == w.kind.WordClass && addr%w.kind.WordClass == 0
	if err != nil || usable < n || !aligned {
		t.Fatalf("block %#x of %d bytes has %d usable, error %v", addr, n, usable, err)
	}
	if usable > 0 && !w.os.Accessible(addr, usable) {
		t.Fatalf("block [%#x, %#x) is not mapped", addr, addr+usable)
	}
	b := block{addr, usable}
	i, found := slices.BinarySearchFunc(w.live, addr, func(b block, a uint64) int { return int(int64(b.addr - a)) })
	if found || i > 0 && w.live[i-1].addr+w.live[i-1].n > addr || i < len(w.live) && addr+usable > w.live[i].addr {
		t.Fatalf("block [%#x, %#x) overlaps a live one", addr, addr+usable)
	}
	w.live = slices.Insert(w.live, i, b)
}

// dies tells whether an allocator has ended for want of memory, as it may.
func (w *world) dies(err error) bool {
	w.over = w.over || w.kind.Dies != "" && strings.HasPrefix(err.Error(), w.kind.Dies)
	return w.over
}

func (w *world) take(t *rapid.T) block {
	i := rapid.IntRange(0, len(w.live)-1).Draw(t, "block")
	b := w.live[i]
	w.live = slices.Delete(w.live, i, i+1)
	return b
}

func (w *world) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"malloc": func(t *rapid.T) {
			n := sizes().Draw(t, "n")
			p, err := w.h.Malloc(n)
			w.add(t, p, n, err)
		},
		"calloc": func(t *rapid.T) {
			n := sizes().Draw(t, "n")
			p, err := w.h.Calloc(n, 1)
			w.add(t, p, n, err)
		},
		"memalign": func(t *rapid.T) {
			n, align := sizes().Draw(t, "n"), uint64(1)<<rapid.IntRange(0, w.kind.AlignmentShift).Draw(t, "shift")
			p, err := w.h.Memalign(align, n)
			if err == nil && n > 0 && p%align != 0 {
				t.Fatalf("memalign(%d): %#x", align, p)
			}
			w.add(t, p, n, err)
		},
		"realloc": func(t *rapid.T) {
			if len(w.live) == 0 {
				return
			}
			b, n := w.take(t), sizes().Draw(t, "n")
			p, err := w.h.Realloc(b.addr, n)
			switch {
			case n == 0 && w.kind.ZeroFrees:
				w.dead = append(w.dead, b.addr)
			case err != nil:
				w.add(t, b.addr, 0, nil) // it is what it was
				w.add(t, 0, 0, err)
			default:
				w.add(t, p, n, nil)
			}
		},
		"free": func(t *rapid.T) {
			if len(w.live) == 0 {
				return
			}
			b := w.take(t)
			if err := w.h.Free(b.addr); err != nil && !w.dies(err) {
				t.Fatal(err)
			}
			w.dead = append(w.dead, b.addr)
		},
		"bad free": func(t *rapid.T) {
			p := rapid.Uint64Range(1, 1<<47).Draw(t, "ptr")
			if len(w.dead) > 0 && rapid.Bool().Draw(t, "dead") {
				p = rapid.SampledFrom(w.dead).Draw(t, "ptr")
			}
			if slices.ContainsFunc(w.live, func(b block) bool { return b.addr == p }) {
				return
			}
			calls := w.os.Calls
			if w.h.Free(p) == nil {
				t.Fatalf("free(%#x) of a dead pointer is accepted", p)
			}
			if _, err := w.h.Realloc(p, 10); err == nil {
				t.Fatalf("realloc(%#x) of a dead pointer is accepted", p)
			}
			if _, err := w.h.UsableSize(p); err == nil {
				t.Fatalf("malloc_usable_size(%#x) of a dead pointer is accepted", p)
			}
			if calls != w.os.Calls {
				t.Fatal("a refused pointer had system calls")
			}
		},
		"trim": func(t *rapid.T) { w.h.Trim(rapid.Uint64Range(0, 1<<20).Draw(t, "pad")) },
		"mallopt": func(t *rapid.T) {
			name := rapid.SampledFrom(w.kind.Parameters).Draw(t, "name")
			if _, err := w.h.Mallopt(name, rapid.Int64Range(0, 1<<18).Draw(t, "value")); err != nil {
				t.Fatal(err)
			}
		},
		"sbrk": func(t *rapid.T) {
			w.foreign = true
			w.os.Sbrk(rapid.Int64Range(1, 20000).Draw(t, "inc"))
		},
		"fork": func(*rapid.T) {
			w.h = w.h.Clone(w.os).(Subject)
		},
		"": func(t *rapid.T) {
			if w.os.Err != nil {
				t.Fatal(w.os.Err)
			}
			if err := w.h.Check(); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// Properties makes random calls with memory that may run out, and checks what is promised of blocks, and all invariants after each.
func Properties(t *testing.T, kind Kind) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{os: New(), kind: kind}
		w.h = kind.New(t, w.os)
		w.os.MaxBreak, w.os.MaxMap = w.os.Break+1<<26, 1<<26
		if rapid.Bool().Draw(t, "limited") {
			w.os.MaxBreak = w.os.Break + rapid.Uint64Range(0, 1<<22).Draw(t, "break")
			w.os.MaxMap = rapid.Uint64Range(0, 1<<24).Draw(t, "map")
		}
		actions := w.actions()
		for name, act := range actions {
			actions[name] = func(t *rapid.T) {
				if !w.over {
					act(t)
				}
			}
		}
		t.Repeat(actions)
	})
}
