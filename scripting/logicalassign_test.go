package scripting

import (
	"context"
	"testing"
)

// TestLogicalAssign: what `and` and `or` give reaches a local variable that has a value already, and whatever else is assigned to.
func TestLogicalAssign(t *testing.T) {
	sc := mustLoad(t, machineDecl+`
local t, up = { no = false }, "old"
process("p", function(p)
  local function case(name, got, want) p:record(name, tostring(got) .. (got == want and " right" or " WRONG")) end
  local x = 7
  x = t.no and #t > 0
  case("field and comparison", x, false)
  x = 7
  x = t.none and #t > 0
  case("nil and comparison", x, nil)
  x = true
  x = 1 > 2 and 2 > 1 or t.no and 3 > 2
  case("or of ands", x, false)
  local a, b = 1, 2
  a, b = t.no and a > b, b
  case("one of two", a, false)
  case("the other of two", b, 2)
  up = t.no and 1 > 0
  case("upvalue", up, false)
  t.x = 5
  t.x = t.no and 1 > 0
  case("field", t.x, false)
  x = x or "kept"
  case("itself", x, "kept")
  x = x and x .. "!"
  case("of itself", x, "kept!")
  local f = function() local y = 1; y = t.no and 1 > 0; return y end
  case("in a function in an expression", f(), false)
end)`)
	rec := &memo{}
	if _, err := sc.Run(context.Background(), RunOptions{Recorder: rec}); err != nil {
		t.Fatal(err)
	}
	rows := rec.of("obs")
	if len(rows) != 10 {
		t.Errorf("%d rows, want 10", len(rows))
	}
	for _, r := range rows {
		if r[len(r)-5:] != "right" {
			t.Error(r)
		}
	}
}
