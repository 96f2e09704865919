package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The scenario that the README shows is the file that it names, has some twenty lines, runs and leaves its chart.
func TestReadmeScenario(t *testing.T) {
	found := regexp.MustCompile("(?s)```lua\n(.*?)```").FindAllStringSubmatch(readme(t), -1)
	if len(found) != 1 {
		t.Fatalf("%d Lua blocks in the README, want 1", len(found))
	}
	script := found[0][1]
	file, err := os.ReadFile(filepath.Join(root, "scenarios", "hello.lua"))
	if err != nil {
		t.Fatal(err)
	}
	if string(file) != script {
		t.Error("scenarios/hello.lua is not what the README shows")
	}
	if n := strings.Count(script, "\n"); n > 22 {
		t.Errorf("it has %d lines", n)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "hello.lua")
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if code := run([]string{"run", "--out", filepath.Join(dir, "out"), path}, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d\n%s%s", code, stdout.String(), stderr.String())
	}
	charts, err := filepath.Glob(filepath.Join(dir, "out", "*.png"))
	if err != nil || len(charts) == 0 {
		t.Errorf("no chart: %v", err)
	}
	if !strings.Contains(stdout.String(), ": ok\n") {
		t.Errorf("the summary does not say ok:\n%s", stdout.String())
	}
}

// Every scenario that we ship ends well, and the one that the README runs leaves two charts at least.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "scenarios", "*.lua"))
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			out := filepath.Join(t.TempDir(), "out")
			if code := run([]string{"run", "--quiet", "--out", out, file}, &stdout, &stderr); code != exitOK {
				t.Fatalf("exit code %d\n%s", code, stderr.String())
			}
			if stdout.Len()+stderr.Len() > 0 {
				t.Errorf("--quiet printed %s%s", stdout.String(), stderr.String())
			}
			charts, err := filepath.Glob(filepath.Join(out, "*.png"))
			if err != nil || len(charts) < 1 || filepath.Base(file) == "kswapd.lua" && len(charts) < 2 {
				t.Errorf("charts: %v %v", charts, err)
			}
		})
	}
}

// The README's table of libraries has the versions of go.mod.
func TestReadmeLibraries(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\S+\.\S+/\S+) \| (v\S+) \|`).FindAllStringSubmatch(readme(t), -1)
	if len(rows) < 10 {
		t.Fatalf("%d rows of libraries", len(rows))
	}
	listed := map[string]bool{}
	for _, row := range rows {
		listed[row[1]] = true
		if !strings.Contains(string(mod), row[1]+" "+row[2]) {
			t.Errorf("%s %s is not what go.mod has", row[1], row[2])
		}
	}
	for _, line := range regexp.MustCompile(`(?m)^\s+(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		if !listed[line[1]] {
			t.Errorf("go.mod needs %s, which the README does not list", line[1])
		}
	}
}

// What the README links to is there.
func TestReadmeLinks(t *testing.T) {
	for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(readme(t), -1) {
		if strings.Contains(m[1], "://") {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			t.Errorf("%s: %v", m[1], err)
		}
	}
	if out, err := exec.Command("bash", "-n", filepath.Join(root, ".ci", "run")).CombinedOutput(); err != nil {
		t.Errorf(".ci/run: %v %s", err, out)
	}
}
