package mm

import (
	"strings"
	"testing"

	"mmsim/engine"
)

// TestPendingSignals: of the signals that are pending when a process runs again, the one that the kernel would take ends it.
func TestPendingSignals(t *testing.T) {
	for _, tt := range []struct{ sent, want string }{
		{"SIGTERM SIGKILL", "SIGTERM"},
		{"SIGHUP SIGTERM", "SIGHUP"},
		{"SIGTERM SIGSEGV", "SIGTERM"},
		{"SIGSEGV SIGTERM", "SIGTERM"},
		{"SIGSEGV SIGABRT", "SIGSEGV"},
		{"SIGABRT SIGQUIT", "SIGQUIT"},
		{"SIGABRT SIGQUIT SIGSEGV SIGBUS", "SIGBUS"},
		{"SIGQUIT SIGKILL", "SIGKILL"},
	} {
		benchMachine(t, 256<<20, func(k *Kernel, p *Process) {
			pid, err := p.Fork("", func(c *Process) { c.Sleep(engine.Second) })
			if err != 0 {
				t.Fatal(err)
			}
			c := k.byPID(pid)
			for _, s := range strings.Fields(tt.sent) {
				c.send(s, false)
			}
			if _, st, _ := p.Wait(pid); st.Signal != tt.want {
				t.Errorf("%s: ended by %s, want %s", tt.sent, st.Signal, tt.want)
			}
		})
	}
}
