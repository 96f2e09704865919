package scripting

import (
	"reflect"

	"github.com/yuin/gopher-lua/ast"
)

// fixLogicalAssign rewrites assignments such as `x = t.f and n > 0` to `do local v = t.f and n > 0; x = v end`: the compiler of gopher-lua forgets, when the
// value is computed right into a local variable that exists, to store what the left side was when the right one is not looked at, so that x keeps
// its old value.
func fixLogicalAssign(chunk []ast.Stmt) { fixStatements(reflect.ValueOf(&chunk).Elem()) }

var (
	stmtsType = reflect.TypeFor[[]ast.Stmt]()
	astTypes  = map[reflect.Kind]bool{reflect.Interface: true, reflect.Pointer: true, reflect.Struct: true, reflect.Slice: true}
)

// fixStatements walks everything below a part of a syntax tree.
func fixStatements(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			fixStatements(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); astTypes[f.Kind()] && v.Type().Field(i).IsExported() {
				fixStatements(f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			fixStatements(v.Index(i))
			if v.Type() == stmtsType {
				if a, ok := v.Index(i).Interface().(*ast.AssignStmt); ok && forgets(a) {
					v.Index(i).Set(reflect.ValueOf(throughLocals(a)))
				}
			}
		}
	}
}

// forgets tells whether an assignment is of the kind that is compiled wrongly.
func forgets(a *ast.AssignStmt) bool {
	names, logical := false, false
	for _, e := range a.Lhs {
		_, ok := e.(*ast.IdentExpr)
		names = names || ok
	}
	for _, e := range a.Rhs {
		_, ok := e.(*ast.LogicalOpExpr)
		logical = logical || ok
	}
	return names && logical
}

// throughLocals is the assignment by way of new local variables, whose names no scenario can write.
func throughLocals(a *ast.AssignStmt) ast.Stmt {
	local := &ast.LocalAssignStmt{Exprs: a.Rhs}
	copied := &ast.AssignStmt{Lhs: a.Lhs}
	for i := range a.Lhs {
		name := "(value " + string(rune('1'+i)) + ")"
		local.Names = append(local.Names, name)
		id := &ast.IdentExpr{Value: name}
		id.SetLine(a.Line())
		id.SetLastLine(a.LastLine())
		copied.Rhs = append(copied.Rhs, id)
	}
	block := &ast.DoBlockStmt{Stmts: []ast.Stmt{local, copied}}
	for _, s := range []ast.Stmt{local, copied, block} {
		s.SetLine(a.Line())
		s.SetLastLine(a.LastLine())
	}
	return block
}
