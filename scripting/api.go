package scripting

import "strings"

// Scope is whose name an entry is.
type Scope string

// Scopes of the language.
const (
	ScopeGlobal  Scope = ""  // functions of the main chunk
	ScopeProcess Scope = "p" // methods of a process
	ScopeMachine Scope = "m" // methods of the machine
	ScopeKthread Scope = "k" // methods of a kernel thread
)

// Kind is what an argument must be.
type Kind uint8

// Kinds of argument.
const (
	KindSize   Kind = iota // bytes: a number, rounded down, or "64KiB"
	KindDelta              // a size that may be negative
	KindAddr               // a user address, rounded down
	KindTime               // seconds, or "250ms"
	KindInt                // a whole number from Min to Max
	KindCount              // a number of at least Min, rounded down
	KindNumber             // any finite number
	KindString             // text
	KindBool               // true or false
	KindEnum               // one of the strings in Enum
	KindProt               // letters of "rwx", or "none"
	KindFunc               // a function
	KindTable              // a table with Fields
	KindAny                // any value; the function looks itself
)

// Arg is an argument of a function, or a field of a table.
type Arg struct {
	Name    string
	Kind    Kind
	Opt     bool     // may be left out
	Default string   // what leaving it out means, for the manual
	Enum    []string // KindEnum: the values
	Later   []string // KindEnum: values of the language that this version does not serve
	Min     int64    // KindInt, KindCount
	Max     int64    // KindInt; 0 with Min 0 means any whole number
	Fields  []Arg    // KindTable
	Bare    bool     // KindTable: a value that is no table stands for the first field
	Wide    bool     // KindSize: numbers up to 2^64, as the kernel gets lengths that make no sense
	NotYet  bool     // a field of the language that this version does not serve
	Lua     string   // KindAny, KindFunc: the type for the editor, such as "number|string"
	Doc     string
}

// Result is a value that a function gives.
type Result struct {
	Name string
	Type string // as LuaLS has it
}

// Entry is one name of the language. An entry without a function is part of the language but not of this
// version.
type Entry struct {
	Scope   Scope
	Name    string
	Args    []Arg
	Results []Result
	Errnos  []string // of a system call: what nil may come with
	SimOnly bool     // the real machine has no counterpart
	Doc     string
	fn      func(*call) int
}

// Served says whether this version has the function.
func (e *Entry) Served() bool { return e.fn != nil }

// FullName is how a scenario writes the name: "p:mmap", "machine".
func (e *Entry) FullName() string {
	if e.Scope == ScopeGlobal {
		return e.Name
	}
	return string(e.Scope) + ":" + e.Name
}

// Signature is the entry as a scenario writes it, with its arguments.
func (e *Entry) Signature() string {
	var args []string
	for _, a := range e.Args {
		name := a.Name
		if a.Kind == KindTable {
			name = "{...}"
			if a.Name == "opts" {
				name = "opts"
			}
			if a.Bare {
				name = a.Fields[0].Name
			}
		}
		if a.Opt {
			name = "[" + name + "]"
		}
		args = append(args, name)
	}
	s := e.FullName() + "(" + strings.Join(args, ", ") + ")"
	if len(e.Args) == 1 && e.Args[0].Kind == KindTable && !e.Args[0].Bare {
		s = e.FullName() + " {...}"
	}
	return s
}

// API is the whole language, in the order of the manual.
func API() []*Entry { return language }

// language and its index are made once; the entries' functions refer to nothing that refers back to them.
var language []*Entry

var byScope = map[Scope][]*Entry{}

func init() {
	for _, part := range [][]Entry{
		declarations, memoryCalls, heapCalls, processCalls, sharedCalls, fileCalls, observing, machineCalls, kthreadCalls,
	} {
		for i := range part {
			e := &part[i]
			language = append(language, e)
			byScope[e.Scope] = append(byScope[e.Scope], e)
		}
	}
}

func namesOf(scope Scope) []string {
	var names []string
	for _, e := range byScope[scope] {
		names = append(names, e.Name)
	}
	return names
}

// NotYet lists what the language has and this version does not serve: functions by their full names, fields as
// "machine.lru", values as "machine.lru=mglru".
func NotYet() []string {
	var out []string
	for _, e := range language {
		if !e.Served() {
			out = append(out, e.FullName())
			continue
		}
		for _, a := range e.Args {
			out = append(out, notYetIn(e.FullName(), a)...)
		}
	}
	return out
}

func notYetIn(prefix string, a Arg) []string {
	var out []string
	for _, f := range append([]Arg{a}, a.Fields...) {
		name := prefix + "." + f.Name
		if f.NotYet {
			out = append(out, name)
		}
		for _, v := range f.Later {
			out = append(out, name+"="+v)
		}
		if f.Kind == KindTable && f.Name != a.Name {
			for _, sub := range f.Fields {
				out = append(out, notYetIn(name, sub)...)
			}
		}
	}
	return out
}

func notYetMessage(what string) string {
	return what + " is not there yet in this version of mmsim"
}
