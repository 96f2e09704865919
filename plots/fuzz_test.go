package plots

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"mmsim/results"
)

// FuzzRedraw gives Redraw directories that somebody else made: it may fail, but not panic, and it writes
// nothing outside of the directory.
func FuzzRedraw(f *testing.F) {
	spec := `{"file":"m","series":[{"name":"meminfo.MemFree"}],"lines":[{"value":3}],"events":["*"],"width":2,"height":2}`
	f.Add(spec, "time_s,meminfo.MemFree\n0.0,1\n1.0,2\n", "time_s,name,process,detail\n0.5,oom_kill,a,b\n")
	f.Add(`{"file":"m","kind":"area","series":[{"name":"*"}],"width":2,"height":2}`, "time_s,buddy.0.DMA.1,x\n0.0,1,\n", "")
	f.Add(`{"file":"m","kind":"step","log":true,"series":[{"name":"*","scale":-1}],"width":2,"height":2}`, "time_s,a\n0.0,1e308\n0,1e-308\n", "")
	f.Add(`{"file":"m","series":[{"name":"a"}],"lines":[{"name":"a"}],"width":2,"height":2}`, "time_s,a\n-9e9,-1e308\n9e9,1e308\n", "")
	f.Fuzz(func(t *testing.T, spec, samples, events string) {
		if !json.Valid([]byte(spec)) {
			return
		}
		var s Spec
		if json.Unmarshal([]byte(spec), &s) != nil || s.Width != 2 || s.Height != 2 {
			return // a chart of the usual size takes too long to try many
		}
		root := t.TempDir()
		dir := filepath.Join(root, "run")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			results.ManifestName: `{"format":1,"outcome":"ok","plots":[` + spec + `]}`, "samples.csv": samples, "events.csv": events,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = Redraw(dir, RedrawOptions{})
		if left, _ := os.ReadDir(root); len(left) != 1 {
			t.Errorf("something was written outside: %v", left)
		}
	})
}
