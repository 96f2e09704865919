package scripting

import (
	"fmt"
	"strings"
)

//go:generate go run ./internal/gendoc ../docs

const generated = "generated from the table in package scripting by go generate; do not edit"

var scopeTitles = []struct {
	scope Scope
	title string
	intro string
}{
	{ScopeGlobal, "Declaring", "The main chunk runs once, at time 0, before any process starts. What it calls are these."},
	{ScopeProcess, "A process: methods of `p`", "A method of a process object may be called only by that process; a child uses the argument that its own function gets. " +
		"A system call that fails gives `nil` and the name of the errno, and never raises. Any of these may be called inside `pcall`, " +
		"a metamethod, an iterator, a sort function or a coroutine."},
	{ScopeMachine, "The machine: methods of `m`", "From any process, and from functions given to `m:at` and `m:every`."},
	{ScopeKthread, "A kernel thread: methods of `k`", "Of the simulator only."},
}

// Manual is the reference manual of the language, in Markdown.
func Manual() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- %s -->\n\n# Reference of the scenario language\n\n", generated)
	b.WriteString(manualIntro)
	for _, part := range scopeTitles {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", part.title, part.intro)
		var later []string
		for _, e := range byScope[part.scope] {
			if e.Served() {
				e.manual(&b)
			} else {
				later = append(later, "`"+e.Signature()+"`")
			}
		}
		if len(later) > 0 {
			fmt.Fprintf(&b, "\nOf the language, but not there yet in this version (each answers with an error that says so): %s.\n", strings.Join(later, ", "))
		}
	}
	b.WriteString(manualSandbox)
	return b.String()
}

const manualIntro = "A scenario is a file of Lua 5.1. `mmsim check FILE` reads it without running, `mmsim run FILE` runs it.\n\n" +
	"| value | written as | means |\n| --- | --- | --- |\n" +
	"| size | `4096`, `\"64KiB\"`, `\"1.5GiB\"`, `2*GiB` | bytes; `KB MB GB TB` are powers of 1000, `KiB MiB GiB TiB` of 1024; a number is rounded down. The constants `KiB`, `MiB`, `GiB`, `TiB` and `PAGE_SIZE` are there |\n" +
	"| time | `0.25`, `\"250ms\"`, `\"10us\"`, `\"3s\"`, `\"2min\"` | a bare number is seconds; the units are `ns us ms s min h` |\n" +
	"| address | a number | below 2^47; arithmetic works |\n" +
	"| error | `nil, \"ENOMEM\"` | what a system call that fails gives |\n\n" +
	"A wrong type, an unknown field or name is a Lua error that names the file and line and suggests the nearest valid name. It ends the run, unless the script catches it with `pcall`.\n"

const manualSandbox = "\n## What a script may do\n\n" +
	"- Lua's `string`, `table`, `math` and `coroutine` libraries and its basic functions are there. `io`, `os`, `debug` and `package` are not.\n" +
	"- `require(\"name\")` loads `name.lua` from the scenario's folder, once; `dofile` and `loadfile` load from there, too. Paths and links that lead out of the folder are refused.\n" +
	"- `print` writes to the run's log. `math.random` draws from the process's own stream, which the machine's seed and the process's name determine.\n" +
	"- A coroutine may yield anywhere, and a process may block inside of one. `coroutine.yield` is between coroutines; `p:yield()` gives up the CPU.\n" +
	"- A process, and the main chunk, may run 500 million Lua instructions (`--max-steps` raises that), nest calls 1000 deep and make strings of 64 MiB; the heap of the whole program may have three quarters of the host's memory (`--max-memory`).\n" +
	"- Names that `sample{}` and `plot{}` know: `meminfo.FIELD` (bytes), `vmstat.NAME`, `zone.NODE.ZONE.NAME` (pages), `buddy.NODE.ZONE.ORDER` (blocks), `process.NAME.FIELD` (bytes; `VmRSS VmSwap VmSize RssAnon RssFile RssShmem VmPTE`; a child is `process.parent/child.VmRSS`). A `*` stands for any text.\n"

func (e *Entry) manual(b *strings.Builder) {
	fmt.Fprintf(b, "\n### `%s`\n\n%s", e.Signature(), e.Doc)
	if e.SimOnly {
		b.WriteString(" Of the simulator only.")
	}
	b.WriteString("\n")
	var rows []string
	for i := range e.Args {
		a := &e.Args[i]
		if a.Kind != KindTable || !a.Bare && len(a.Fields) == 0 {
			rows = append(rows, a.row(""))
		}
		prefix := ""
		if a.Name == "opts" {
			prefix = "opts."
		}
		for j := range a.Fields {
			rows = append(rows, a.Fields[j].row(prefix))
		}
	}
	if len(rows) > 0 {
		b.WriteString("\n| argument | value | default | |\n| --- | --- | --- | --- |\n")
		b.WriteString(strings.Join(rows, ""))
	}
	if len(e.Results) > 0 {
		var names []string
		for _, r := range e.Results {
			names = append(names, "`"+r.Name+"`")
		}
		fmt.Fprintf(b, "\nGives %s", strings.Join(names, ", "))
		if len(e.Errnos) > 0 {
			fmt.Fprintf(b, "; if it fails, `nil` and one of `%s`", strings.Join(e.Errnos, "` `"))
		}
		b.WriteString(".\n")
	}
}

// row is the argument's line in the manual.
func (a *Arg) row(prefix string) string {
	def := a.Default
	switch {
	case def != "":
		def = "`" + strings.ReplaceAll(def, "`", "") + "`"
	case a.Opt:
		def = "none"
	default:
		def = "needed"
	}
	doc := a.Doc
	if a.NotYet {
		doc = strings.TrimPrefix(doc+"; not there yet", "; ")
	}
	if len(a.Later) > 0 {
		doc = strings.TrimPrefix(doc+"; not there yet: `"+strings.Join(a.Later, "` `")+"`", "; ")
	}
	cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
	return fmt.Sprintf("| `%s%s` | %s | %s | %s |\n", prefix, a.Name, cell(a.values()), cell(def), cell(doc))
}

// values says what the argument may be, for the manual.
func (a *Arg) values() string {
	switch a.Kind {
	case KindSize:
		return "size"
	case KindDelta:
		return "size, also below 0"
	case KindAddr:
		return "address"
	case KindTime:
		return "time"
	case KindInt:
		if a.Min != 0 || a.Max != 0 {
			return fmt.Sprintf("%d to %d", a.Min, a.Max)
		}
		return "whole number"
	case KindCount:
		return fmt.Sprintf("number from %d", a.Min)
	case KindNumber:
		return "number"
	case KindString:
		return "string"
	case KindBool:
		return "boolean"
	case KindEnum:
		return "`\"" + strings.Join(a.Enum, "\"` `\"") + "\"`"
	case KindProt:
		return "letters of `rwx`, or `none`"
	case KindFunc:
		return "function"
	}
	if a.Lua != "" {
		return "`" + a.Lua + "`"
	}
	return "table"
}
