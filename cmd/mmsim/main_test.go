package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mmsim/results"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"mmsim": main,
	})
}

var update = flag.Bool("update", false, "replace golden text in the scripts by what is printed now")

// TestScripts runs the command line as a user does. Beside testscript's commands there are:
//
//	exitcode N COMMAND...         runs a command that must end with N
//	await FILE TEXT               waits until TEXT is in FILE
//	sum DIR FILE                  writes the hashes of all files of DIR to FILE
//	isjson FILE [FIELD VALUE]...  checks that FILE (or stdout) is one JSON object with these fields
//	sameruns A B                  compares two run directories, wall times aside
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			repo, err := filepath.Abs(root)
			env.Setenv("REPO", repo)
			return err
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exitcode": exitStatus,
			"await":    await,
			"isjson":   isJSON,
			"sameruns": sameRuns,
			"sum":      sum,
		},
	})
}

func exitStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code is %d, want %d", got, want)
	}
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	for range 3000 {
		if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte(args[1])) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s did not come to %s", args[1], path)
}

func sum(ts *testscript.TestScript, _ bool, args []string) {
	var b strings.Builder
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		hash, err := hashFile(path)
		fmt.Fprintln(&b, path, hash)
		return err
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o644))
}

func isJSON(ts *testscript.TestScript, _ bool, args []string) {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	var object map[string]any
	ts.Check(d.Decode(&object))
	if _, err := d.Token(); err != io.EOF {
		ts.Fatalf("there is more behind the JSON")
	}
	for i := 1; i+1 < len(args); i += 2 {
		if got := fmt.Sprint(object[args[i]]); got != args[i+1] {
			ts.Fatalf("%s is %s, want %s", args[i], got, args[i+1])
		}
	}
}

func sameRuns(ts *testscript.TestScript, _ bool, args []string) {
	a, b := ts.MkAbs(args[0]), ts.MkAbs(args[1])
	files := 0
	for _, dir := range []string{a, b} {
		ts.Check(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			files++
			if x, y := content(ts, a, name), content(ts, b, name); !bytes.Equal(x, y) {
				ts.Fatalf("%s differs between %s and %s", name, args[0], args[1])
			}
			return nil
		}))
	}
	if files == 0 {
		ts.Fatalf("nothing to compare")
	}
}

// content is a file of a run directory, without the wall times if it is the manifest.
func content(ts *testscript.TestScript, dir, name string) []byte {
	if name == results.ManifestName {
		m, err := results.ReadManifest(dir)
		ts.Check(err)
		m.Started, m.WallSeconds = time.Time{}, 0
		text, err := json.Marshal(m)
		ts.Check(err)
		return text
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	ts.Check(err)
	return text
}
