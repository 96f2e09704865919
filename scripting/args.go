package scripting

import (
	"fmt"
	"math"
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mmsim/engine"
)

// value is a checked argument.
type value struct {
	set bool // it was given, and not as nil
	b   bool
	n   int64 // sizes (as uint64 where Arg.Wide), addresses, times in ns, whole numbers, protection bits, the index of an enumerated value
	f   float64
	s   string
	lv  lua.LValue // as given, for functions, tables and KindAny
}

// maxSlots bounds the arguments of a function, counting the fields of its tables.
const maxSlots = 17

// call is one call from Lua while it is served. A thread has one, which is used again for every call: what a
// function needs of it after it has blocked, it takes before.
type call struct {
	t    *thread
	L    *lua.LState
	e    *Entry
	v    [maxSlots]value
	used int
}

// check fills c.v from the Lua arguments that start at index first. Table fields follow their table's slot.
func (c *call) check(first int) (bad string) {
	for i := 0; i < c.used; i++ {
		c.v[i] = value{}
	}
	c.used = 0
	args := c.e.Args
	for i := range args {
		a := &args[i]
		slot := c.used
		c.used++
		lv := c.L.Get(first + i)
		if a.Opt && lv.Type() == lua.LTFunction && i+1 < len(args) && args[i+1].Kind == KindFunc {
			// An option before a function was left out: process(name, fn), p:fork(fn).
			c.used += len(a.Fields)
			first--
			continue
		}
		if a.Kind == KindTable {
			if bad := c.checkTable(a, lv, slot); bad != "" {
				return bad
			}
			continue
		}
		if num, ok := lv.(lua.LNumber); ok && a.Kind <= KindAddr {
			// The commonest arguments, without a call: whole sizes and addresses.
			if f := float64(num); f >= 0 && f < maxSize {
				v := &c.v[slot]
				v.set, v.n = true, int64(f)
				continue
			}
		}
		if bad := checkValue(a, lv, &c.v[slot]); bad != "" {
			return bad
		}
	}
	return ""
}

func (c *call) checkTable(a *Arg, lv lua.LValue, slot int) string {
	base := slot + 1
	c.used += len(a.Fields)
	tb, ok := lv.(*lua.LTable)
	switch {
	case lv == lua.LNil && a.Opt:
		return ""
	case !ok && a.Bare:
		return checkValue(&a.Fields[0], lv, &c.v[base])
	case !ok:
		return fmt.Sprintf("expected a table, got %s", typeName(lv))
	}
	c.v[slot].set, c.v[slot].lv = true, tb
	if len(a.Fields) == 0 {
		return ""
	}
	return checkFields(a, tb, c.v[base:base+len(a.Fields)], c.e.Name)
}

// checkFields checks the named fields of tb; what is the table's name in messages.
func checkFields(a *Arg, tb *lua.LTable, out []value, what string) string {
	for k, v := tb.Next(lua.LNil); k != lua.LNil; k, v = tb.Next(k) {
		name, ok := k.(lua.LString)
		i := -1
		if ok {
			i = fieldIndex(a.Fields, string(name))
		}
		if i < 0 {
			return unknown("field of "+what, k.String(), fieldNames(a.Fields))
		}
		if a.Fields[i].NotYet && v != lua.LFalse {
			return notYetMessage(fmt.Sprintf("the field '%s'", name))
		}
		if bad := checkValue(&a.Fields[i], v, &out[i]); bad != "" {
			return bad
		}
	}
	for i := range a.Fields {
		if f := &a.Fields[i]; !out[i].set && !f.Opt {
			return fmt.Sprintf("%s is missing", f.Name)
		}
	}
	return ""
}

func fieldIndex(fields []Arg, name string) int {
	for i := range fields {
		if fields[i].Name == name {
			return i
		}
	}
	return -1
}

func fieldNames(fields []Arg) []string {
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].Name
	}
	return names
}

// checkValue checks lv against a and leaves what it stands for in v. It gives what is wrong, or "".
func checkValue(a *Arg, lv lua.LValue, v *value) string {
	if lv == lua.LNil {
		if a.Opt {
			return ""
		}
		if a.Kind == KindAny {
			v.lv = lv
			return ""
		}
		return fmt.Sprintf("%s is missing (%s)", a.Name, expected(a))
	}
	v.set, v.lv = true, lv
	var err error
	switch x := lv.(type) {
	case lua.LNumber:
		err = fromNumber(a, float64(x), v)
	case lua.LString:
		err = fromString(a, string(x), v)
	case lua.LBool:
		if v.b = bool(x); a.Kind != KindBool && a.Kind != KindAny {
			err = mismatch(a, lv)
		}
	case *lua.LFunction:
		if a.Kind != KindFunc && a.Kind != KindAny {
			err = mismatch(a, lv)
		}
	default:
		if a.Kind != KindAny && (a.Kind != KindTable || lv.Type() != lua.LTTable) {
			err = mismatch(a, lv)
		}
	}
	if err != nil {
		return a.Name + ": " + err.Error()
	}
	return ""
}

func fromNumber(a *Arg, f float64, v *value) (err error) {
	v.f = f
	switch a.Kind {
	case KindSize:
		if a.Wide && f >= maxSize && f < maxWide {
			v.n = int64(uint64(f))
			break
		}
		v.n, err = sizeOf(f)
	case KindDelta:
		v.n, err = sizeOf(math.Abs(math.Floor(f)))
		if f < 0 {
			v.n = -v.n
		}
	case KindAddr:
		if !(f >= 0 && f < maxWide) {
			return fmt.Errorf("expected an address, got %s", formatNumber(f))
		}
		v.n = int64(uint64(f))
	case KindTime:
		var t engine.Time
		t, err = timeOf(f)
		v.n = int64(t)
	case KindInt:
		whole := f == math.Trunc(f) && math.Abs(f) < 1<<53
		v.n = int64(f)
		if !whole || (a.Min != 0 || a.Max != 0) && (v.n < a.Min || v.n > a.Max) {
			return fmt.Errorf("%s, got %s", expected(a), formatNumber(f))
		}
	case KindCount:
		if !(f >= float64(a.Min) && f < maxSize) {
			return fmt.Errorf("%s, got %s", expected(a), formatNumber(f))
		}
		v.n = int64(f)
	case KindNumber:
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("expected a finite number, got %s", formatNumber(f))
		}
	case KindAny:
	default:
		return fmt.Errorf("%s, got the number %s", expected(a), formatNumber(f))
	}
	return err
}

func fromString(a *Arg, s string, v *value) (err error) {
	v.s = s
	switch a.Kind {
	case KindSize:
		v.n, err = ParseSize(s)
	case KindDelta:
		text := strings.TrimSpace(s)
		v.n, err = ParseSize(strings.TrimPrefix(text, "-"))
		if strings.HasPrefix(text, "-") {
			v.n = -v.n
		}
	case KindTime:
		var t engine.Time
		t, err = ParseTime(s)
		v.n = int64(t)
	case KindString, KindAny:
	case KindEnum:
		for i, e := range a.Enum {
			if e == s {
				v.n = int64(i)
				return nil
			}
		}
		for _, e := range a.Later {
			if e == s {
				return fmt.Errorf("%s", notYetMessage(quote(s)))
			}
		}
		return fmt.Errorf("%s, got %s%s", expected(a), quote(s), didYouMean(s, a.Enum))
	case KindProt:
		v.n, err = protBits(s)
	default:
		return fmt.Errorf("%s, got the string %s", expected(a), quote(s))
	}
	return err
}

func protBits(s string) (int64, error) {
	if s == "none" {
		return 0, nil
	}
	var bits int64
	for _, c := range s {
		i := strings.IndexRune("rwx", c)
		if i < 0 {
			return 0, fmt.Errorf(`expected letters of "rwx" or "none", got %s`, quote(s))
		}
		bits |= 1 << i
	}
	return bits, nil
}

func mismatch(a *Arg, lv lua.LValue) error {
	return fmt.Errorf("%s, got %s", expected(a), typeName(lv))
}

// expected says what a's values look like.
func expected(a *Arg) string {
	switch a.Kind {
	case KindSize, KindDelta:
		return sizeExample
	case KindTime:
		return timeExample
	case KindAddr:
		return "expected an address"
	case KindInt:
		if a.Min != 0 || a.Max != 0 {
			return fmt.Sprintf("expected a whole number from %d to %d", a.Min, a.Max)
		}
		return "expected a whole number"
	case KindCount:
		return fmt.Sprintf("expected a number of at least %d", a.Min)
	case KindNumber:
		return "expected a number"
	case KindString:
		return "expected a string"
	case KindBool:
		return "expected true or false"
	case KindEnum:
		quoted := make([]string, len(a.Enum))
		for i, e := range a.Enum {
			quoted[i] = quote(e)
		}
		return "expected " + alternatives(quoted)
	case KindProt:
		return `expected letters of "rwx" or "none"`
	case KindFunc:
		return "expected a function"
	case KindTable:
		return "expected a table"
	}
	return "expected a value"
}

// alternatives joins words as a sentence does: a, b or c.
func alternatives(words []string) string {
	switch n := len(words); {
	case n > 12:
		return "one of " + strings.Join(words[:12], " ") + " ..."
	case n > 1:
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}

func typeName(lv lua.LValue) string {
	if ud, ok := lv.(*lua.LUserData); ok {
		switch ud.Value.(type) {
		case *thread:
			return "a process"
		case *state:
			return "the machine"
		}
	}
	return lv.Type().String()
}

// sortedFields gives the string keys of a table in order, so that nothing depends on how it was built; other
// keys are an error.
func sortedFields(tb *lua.LTable, what string) ([]string, error) {
	var keys []string
	for k, _ := tb.Next(lua.LNil); k != lua.LNil; k, _ = tb.Next(k) {
		name, ok := k.(lua.LString)
		if !ok {
			return nil, fmt.Errorf("%s: expected names as keys, got %s", what, k.String())
		}
		keys = append(keys, string(name))
	}
	sort.Strings(keys)
	return keys, nil
}
