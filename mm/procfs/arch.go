package procfs

// Arch is an architecture whose kernel prints the files. It decides which lines a file has and the width of addresses.
type Arch uint8

// The architectures.
const (
	X86_64 Arch = iota
	I386
)

// String returns the architecture's name as a scenario writes it.
func (a Arch) String() string {
	if a == I386 {
		return "i386"
	}
	return "x86_64"
}

// addressDigits is the number of hexadecimal digits of a full address.
func (a Arch) addressDigits() int {
	if a == I386 {
		return 8
	}
	return 16
}
