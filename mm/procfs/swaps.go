package procfs

import (
	"bytes"
	"strconv"
)

// Swaps is /proc/swaps (mm/swapfile.c, swap_show()): the swap areas in use, in the order in which they were added.
type Swaps struct {
	Areas []SwapArea
}

// SwapArea is an area's line.
type SwapArea struct {
	Path     string // as it was given to swapon; blanks and backslashes are written as \040 and so on
	File     bool   // a file, not a partition
	Size     uint64 // kB, without the page of the header
	Used     uint64 // kB
	Priority int64  // negative if the kernel chose it
}

const (
	swapsHeader = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority"
	// swapWide is the number from which the file has one tab less after a size.
	swapWide = 10000000
)

// Append appends the file's text to b.
func (f *Swaps) Append(b []byte) []byte {
	b = append(append(b, swapsHeader...), '\n')
	for i := range f.Areas {
		a := &f.Areas[i]
		start := len(b)
		b = appendEscaped(b, a.Path, " \t\n\\")
		b = appendSpaces(b, max(40-(len(b)-start), 1))
		if a.File {
			b = append(b, "file\t\t"...)
		} else {
			b = append(b, "partition\t"...)
		}
		b = appendSwapSize(b, a.Size)
		b = appendSwapSize(b, a.Used)
		b = append(strconv.AppendInt(b, a.Priority, 10), '\n')
	}
	return b
}

func appendSwapSize(b []byte, kb uint64) []byte {
	b = append(strconv.AppendUint(b, kb, 10), '\t')
	if kb < swapWide {
		b = append(b, '\t')
	}
	return b
}

// appendEscaped appends s with the bytes of the set written in octal (mangle_path()).
func appendEscaped(b []byte, s, set string) []byte {
	for i := range len(s) {
		if c := s[i]; bytes.IndexByte([]byte(set), c) >= 0 {
			b = append(b, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		} else {
			b = append(b, c)
		}
	}
	return b
}

// unescape is the inverse of appendEscaped.
func unescape(s []byte) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if v, err := strconv.ParseUint(string(s[i+1:i+4]), 8, 8); err == nil {
				b = append(b, byte(v))
				i += 3
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// ParseSwaps reads /proc/swaps.
func ParseSwaps(data []byte) (*Swaps, error) { return parseSwaps(newScanner("swaps", data)) }

func parseSwaps(s *scanner) (*Swaps, error) {
	f := &Swaps{}
	s.literal(swapsHeader)
	for s.next() {
		w := words(s.line)
		if len(w) != 5 {
			s.fail(s.line, "an area: its path, type, size, used size and priority")
			break
		}
		a := SwapArea{Path: unescape(w[0]), Size: s.uint(w[2]), Used: s.uint(w[3]), Priority: s.int(w[4])}
		switch string(w[1]) {
		case "partition":
		case "file":
			a.File = true
		default:
			s.fail(w[1], "partition or file")
		}
		f.Areas = append(f.Areas, a)
	}
	return orNil(f, s.err)
}
