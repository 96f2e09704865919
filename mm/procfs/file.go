package procfs

import (
	"path"
	"strings"
)

// File is the data of any of the files.
type File interface {
	// Append appends the file's text to b.
	Append(b []byte) []byte
}

// Text returns a file's text.
func Text(f File) []byte { return f.Append(nil) }

// parsers has the reader of every file by its name.
var parsers = map[string]func(*scanner) (File, error){
	"meminfo":       parser(parseMeminfo),
	"vmstat":        parser(parseVmstat),
	"zoneinfo":      parser(parseZoneinfo),
	"buddyinfo":     parser(parseBuddyinfo),
	"pagetypeinfo":  parser(parsePagetypeinfo),
	"slabinfo":      parser(parseSlabinfo),
	"swaps":         parser(parseSwaps),
	"vmallocinfo":   parser(parseVmallocinfo),
	"iomem":         parser(parseIomem),
	"sysctl_vm":     parser(parseSysctlVM),
	"stat":          parser(parseStat),
	"uptime":        parser(parseUptime),
	"loadavg":       parser(parseLoadavg),
	"memory":        parser(parsePressure),
	"io":            parser(parsePressure),
	"cpu":           parser(parsePressure),
	"status":        parser(parseStatus),
	"statm":         parser(parseStatm),
	"maps":          parser(parseMaps),
	"smaps":         parser(parseSmaps),
	"smaps_rollup":  parser(parseSmapsRollup),
	"numa_maps":     parser(parseNumaMaps),
	"oom_score":     parser(parseNumber),
	"oom_score_adj": parser(parseNumber),
	"oom_adj":       parser(parseNumber),
}

// parser makes a reader of one type a reader of any.
func parser[T any, P interface {
	*T
	File
}](parse func(*scanner) (*T, error)) func(*scanner) (File, error) {
	return func(s *scanner) (File, error) {
		f, err := parse(s)
		if err != nil {
			return nil, err
		}
		return P(f), nil
	}
}

// Parse reads a file by its name: the last part of the path tells which file it is, as "zoneinfo", "/proc/zoneinfo",
// "pressure/memory" or "self/smaps", and the whole path stands in errors. A process's stat is not among them.
func Parse(name string, data []byte) (File, error) {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	parse, ok := parsers[base]
	if !ok {
		return nil, &ParseError{File: name, Want: "the name of a file in /proc that says something of memory"}
	}
	return parse(newScanner(name, data))
}
