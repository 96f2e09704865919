package scripting

import (
	"mmsim/engine"
	"mmsim/mm/procfs"
	"mmsim/plots"
	"mmsim/results"
)

// Param is a parameter that a scenario declares.
type Param struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Doc     string `json:"doc,omitempty"`
}

// Node is one node of the machine's memory.
type Node struct {
	RAM  int64 `json:"ram"` // bytes
	CPUs int   `json:"cpus"`
}

// Swap is one swap area.
type Swap struct {
	Size     int64  `json:"size"` // bytes
	Device   string `json:"device"`
	Priority int    `json:"priority"` // -1: as the kernel assigns
}

// Setting is a name with a value.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Machine is what machine{} declares, with its defaults filled in.
type Machine struct {
	Arch      string    `json:"arch"`
	Nodes     []Node    `json:"nodes"`
	Swap      []Swap    `json:"swap"`
	Sysctl    []Setting `json:"sysctl"`               // by name
	THP       string    `json:"thp,omitempty"`        // empty: as the kernel boots
	THPDefrag string    `json:"thp_defrag,omitempty"` // empty: as the kernel boots
	LRU       string    `json:"lru"`
	Slab      string    `json:"slab"`
	Seed      uint64    `json:"seed"`
	Distance  [][]int   `json:"distance,omitempty"` // between nodes; empty: the default
	CMA       int64     `json:"cma,omitempty"`      // bytes

	KernelCore  Share `json:"kernelcore,omitzero"`
	MovableCore Share `json:"movablecore,omitzero"`
	TLB         TLB   `json:"tlb,omitzero"`
	at          place
}

// TLB is the size of each CPU's translation lookaside buffer. The zero value is none.
type TLB struct {
	Entries int `json:"entries"`
	Ways    int `json:"ways"`
}

// Share is a part of memory: so many bytes, or so many per cent. The zero value is not given.
type Share struct {
	Bytes   int64 `json:"bytes,omitempty"`
	Percent int   `json:"percent,omitempty"`
}

// File is a file that is on the data disk from the start.
type File struct {
	Path string `json:"path"`
	Size int64  `json:"size"` // bytes
	at   place
}

// Process is a declared process.
type Process struct {
	Name        string           `json:"name"`
	Start       float64          `json:"start"` // seconds
	OOMScoreAdj int              `json:"oom_score_adj"`
	Nice        int              `json:"nice"`
	CPU         int              `json:"cpu"`  // -1: any
	Node        int              `json:"node"` // -1: any
	Rlimit      map[string]int64 `json:"rlimit,omitempty"`
	Malloc      string           `json:"malloc"`
	start       engine.Time
	fn          luaFunction
	at          place
}

type expectation struct {
	what string
	fn   luaFunction
	at   place
}

// Scenario is a loaded scenario: what it has declared, and the script that will run. It runs once.
type Scenario struct {
	Path        string
	Params      []Param
	Machine     Machine
	Processes   []Process
	Files       []File
	Plots       []plots.Spec
	SampleEvery engine.Time // 0: nothing is sampled
	Samples     []string    // names in the order of the columns
	StopAfter   engine.Time // 0: when every process has ended
	Expects     []string

	snapshot    *procfs.Snapshot
	modules     []results.Module
	expects     []expectation
	sampleNames []sampleName
	sampleAt    place
	machined    bool // machine{} was called
	seeded      bool // Machine.Seed is known
	s           *state
}
