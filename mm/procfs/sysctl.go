package procfs

import (
	"bytes"
	"strconv"
	"strings"
)

// SysctlVM is what /proc/sys/vm holds, in one file: a line "name = value" for each of its files, then a blank line. It is not a
// file of the kernel's; a recorded snapshot has it.
type SysctlVM struct {
	Values []Sysctl
}

// Sysctl is a sysctl's value.
type Sysctl struct {
	Name  string // without "vm."
	Value string // the file's text without its newline: a number, or numbers separated by tabs
}

// Append appends the file's text to b.
func (f *SysctlVM) Append(b []byte) []byte {
	for i := range f.Values {
		b = append(b, f.Values[i].Name...)
		b = append(b, " = "...)
		b = append(b, f.Values[i].Value...)
		b = append(b, "\n\n"...)
	}
	return b
}

// Value returns the value of a sysctl by its name without "vm.", false if it was not recorded.
func (f *SysctlVM) Value(name string) (string, bool) {
	for i := range f.Values {
		if f.Values[i].Name == name {
			return f.Values[i].Value, true
		}
	}
	return "", false
}

// Numbers returns a sysctl's value as numbers: one, or several for vm.lowmem_reserve_ratio. It is false if the sysctl was not
// recorded or is not made of numbers.
func (f *SysctlVM) Numbers(name string) ([]int64, bool) {
	text, ok := f.Value(name)
	words := strings.Fields(text)
	numbers := make([]int64, len(words))
	for i, w := range words {
		v, err := strconv.ParseInt(w, 10, 64)
		if err != nil {
			return nil, false
		}
		numbers[i] = v
	}
	return numbers, ok && len(numbers) > 0
}

// ParseSysctlVM reads a recorded sysctl_vm. Any name may stand there, once; blank lines mean nothing.
func ParseSysctlVM(data []byte) (*SysctlVM, error) {
	return parseSysctlVM(newScanner("sysctl_vm", data))
}

func parseSysctlVM(s *scanner) (*SysctlVM, error) {
	f := &SysctlVM{}
	seen := map[string]bool{}
	for s.next() {
		if len(s.line) == 0 {
			continue
		}
		name, value, ok := bytes.Cut(s.line, []byte(" = "))
		switch v := (Sysctl{Name: string(name), Value: string(value)}); {
		case !ok || len(name) == 0 || bytes.ContainsAny(name, " \t"):
			s.fail(s.line, `"name = value"`)
		case seen[v.Name]:
			s.fail(name, "each sysctl once")
		default:
			seen[v.Name] = true
			f.Values = append(f.Values, v)
		}
	}
	return orNil(f, s.err)
}
