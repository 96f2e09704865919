package mm

import (
	"strconv"
	"strings"

	"mmsim/internal/suggest"
)

// tlbNames are the counters of a CPU's buffer: accesses whose translation was there and was not, interrupts that asked for a flush, pages dropped one by one and
// flushes of all.
var tlbNames = []string{"hits", "misses", "received", "flush_one", "flush_all"}

// tlbShootdowns is the number of flushes that interrupted other CPUs.
const tlbShootdowns = "shootdowns"

// TLBNames are the names that TLB knows: the counters of all CPUs together, and cpuN.NAME for those of CPU N. None: the machine has no buffers.
func (k *Kernel) TLBNames() []string {
	if k.tlb == nil {
		return nil
	}
	names := append([]string{}, tlbNames...)
	names = append(names, tlbShootdowns)
	for cpu := range k.tlb.cpus {
		for _, n := range tlbNames {
			names = append(names, "cpu"+strconv.Itoa(cpu)+"."+n)
		}
	}
	return names
}

// TLB reads a counter of the translation lookaside buffers since the start: an ordinary kernel does not show them (CONFIG_DEBUG_TLBFLUSH and the processor's own counters
// do). Errors: the machine has none, or no such counter.
func (k *Kernel) TLB(name string) (uint64, error) {
	if k.tlb == nil {
		return 0, &ConfigError{Field: "tlb", Reason: "the machine has none; declare one with machine { tlb = true }"}
	}
	if name == tlbShootdowns {
		return k.tlb.shootdowns, nil
	}
	counter, only := name, -1
	if rest, ok := strings.CutPrefix(name, "cpu"); ok {
		if cpu, of, ok := strings.Cut(rest, "."); ok {
			if n, err := strconv.Atoi(cpu); err == nil && n >= 0 && n < len(k.tlb.cpus) && strconv.Itoa(n) == cpu {
				counter, only = of, n
			}
		}
	}
	sum := uint64(0)
	for i := range k.tlb.cpus {
		if only >= 0 && i != only {
			continue
		}
		c := &k.tlb.cpus[i]
		switch counter {
		case "hits":
			sum += c.Hits
		case "misses":
			sum += c.Misses
		case "received":
			sum += c.Received
		case "flush_one":
			sum += c.OneFlushes
		case "flush_all":
			sum += c.AllFlushes
		default:
			return 0, suggest.Unknown("counter of the TLB", name, k.TLBNames())
		}
	}
	return sum, nil
}
