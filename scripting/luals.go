package scripting

import (
	"fmt"
	"strings"
)

// scopeClasses are the classes of the objects in the editor's definitions.
var scopeClasses = map[Scope]string{ScopeProcess: "Process", ScopeMachine: "Machine", ScopeKthread: "Kthread"}

// LuaLS is the language as definitions for the Lua language server.
func LuaLS() string {
	var b strings.Builder
	b.WriteString("---@meta\n-- " + generated + "\n\n")
	b.WriteString("---Bytes: 4096, \"64KiB\", 2*GiB.\n---@alias Size number|string\n\n")
	b.WriteString("---Seconds, or a time with a unit: \"250ms\", \"2min\".\n---@alias Time number|string\n\n")
	for _, c := range []string{"KiB", "MiB", "GiB", "TiB", "PAGE_SIZE"} {
		fmt.Fprintf(&b, "---@type number\n%s = nil\n\n", c)
	}
	for _, part := range scopeTitles {
		if class := scopeClasses[part.scope]; class != "" {
			fmt.Fprintf(&b, "---@class %s\nlocal %s = {}\n\n", class, part.scope)
		}
		for _, e := range byScope[part.scope] {
			e.luals(&b)
		}
	}
	return b.String()
}

func (e *Entry) luals(b *strings.Builder) {
	var names []string
	var params strings.Builder
	for i := range e.Args {
		a := &e.Args[i]
		typ := a.luaType()
		if a.Kind == KindTable && len(a.Fields) > 0 {
			class := luaClass(e, a)
			fmt.Fprintf(b, "---@class %s\n", class)
			for j := range a.Fields {
				f := &a.Fields[j]
				fmt.Fprintf(b, "---@field %s%s %s%s\n", f.Name, optional(f), f.luaType(), comment(f))
			}
			b.WriteString("\n")
			if typ = class; a.Bare {
				typ += "|" + a.Fields[0].luaType()
			}
		}
		names = append(names, a.Name)
		fmt.Fprintf(&params, "---@param %s%s %s%s\n", a.Name, optional(a), typ, comment(a))
	}
	for _, line := range strings.Split(e.Doc, "\n") {
		b.WriteString("---" + line + "\n")
	}
	if !e.Served() {
		b.WriteString("---Not there yet in this version.\n---@deprecated\n")
	}
	b.WriteString(params.String())
	e.overload(b)
	for _, r := range e.Results {
		fmt.Fprintf(b, "---@return %s %s\n", r.Type, r.Name)
	}
	fmt.Fprintf(b, "function %s(%s) end\n\n", e.FullName(), strings.Join(names, ", "))
}

// overload is the form without the option that stands before a function.
func (e *Entry) overload(b *strings.Builder) {
	var params []string
	left := false
	if e.Scope != ScopeGlobal {
		params = append(params, "self: "+scopeClasses[e.Scope])
	}
	for i := range e.Args {
		a := &e.Args[i]
		if a.Opt && i+1 < len(e.Args) && e.Args[i+1].Kind == KindFunc {
			left = true
			continue
		}
		params = append(params, a.Name+": "+a.luaType())
	}
	if !left {
		return
	}
	fmt.Fprintf(b, "---@overload fun(%s)", strings.Join(params, ", "))
	var results []string
	for _, r := range e.Results {
		results = append(results, r.Type)
	}
	if len(results) > 0 {
		b.WriteString(": " + strings.Join(results, ", "))
	}
	b.WriteString("\n")
}

// luaClass names the table of an argument: ProcessMmapFields.
func luaClass(e *Entry, a *Arg) string {
	title := func(s string) string {
		var out string
		for _, w := range strings.Split(s, "_") {
			out += strings.ToUpper(w[:1]) + w[1:]
		}
		return out
	}
	return scopeClasses[e.Scope] + title(e.Name) + title(a.Name)
}

func optional(a *Arg) string {
	if a.Opt {
		return "?"
	}
	return ""
}

func comment(a *Arg) string {
	if a.Doc == "" {
		return ""
	}
	return " # " + a.Doc
}

func (a *Arg) luaType() string {
	if a.Lua != "" {
		return a.Lua
	}
	switch a.Kind {
	case KindSize, KindDelta:
		return "Size"
	case KindTime:
		return "Time"
	case KindAddr, KindNumber:
		return "number"
	case KindInt:
		return "integer"
	case KindCount:
		return "number"
	case KindString, KindProt:
		return "string"
	case KindBool:
		return "boolean"
	case KindEnum:
		return `"` + strings.Join(append(append([]string{}, a.Enum...), a.Later...), `"|"`) + `"`
	case KindFunc:
		return "function"
	case KindTable:
		return "table"
	}
	return "any"
}
