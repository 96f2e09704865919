package mm

import (
	"testing"

	"mmsim/engine"
)

// TestThreadsMax compares kernel.threads-max and kernel.pid_max with what two booted machines of 512 MiB had.
func TestThreadsMax(t *testing.T) {
	for _, tt := range []struct {
		machine    testMachine
		want, pids string
	}{
		{testMachine{ram: 512 << 20, cpus: 2}, "3677", "32768"},
		{testMachine{ram: 512 << 20, arch: "i386"}, "7808", "32768"},
	} {
		k := tt.machine.boot(t)
		if got, _ := k.Sysctl("kernel.threads-max"); got != tt.want {
			t.Errorf("%+v: kernel.threads-max is %s, was %s", tt.machine, got, tt.want)
		}
		if got, _ := k.Sysctl("kernel.pid_max"); got != tt.pids {
			t.Errorf("%+v: kernel.pid_max is %s, was %s", tt.machine, got, tt.pids)
		}
		k.run(t)
	}
}

// TestForkLimits forks until there is EAGAIN, with each of the limits that can be the reason.
func TestForkLimits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		sys   []Sysctl
		nproc uint64
		want  int // children
	}{
		{"RLIMIT_NPROC", nil, 40, 39},
		{"RLIMIT_NPROC of none", nil, LimitNone, 0},
		{"kernel.pid_max", []Sysctl{{"kernel.pid_max", "500"}}, Unlimited, 500 - firstPID - 1},
		{"kernel.threads-max", []Sysctl{{"kernel.threads-max", "200"}}, Unlimited, -1},
	} {
		k := testMachine{sys: tt.sys, ram: 256 << 20}.boot(t)
		var tasks, forks, last int
		opt := DefaultProcessOptions()
		opt.Rlimit.Nproc = tt.nproc
		if _, err := k.Spawn("p", opt, func(p *Process) {
			stack := int64(k.kernelStackPages() * 4)
			tasks = int(k.meminfo().KernelStack) / int(stack)
			for {
				pid, err := p.Fork("", func(c *Process) { c.Exit(0) })
				if err == EAGAIN {
					break
				}
				if err != 0 || forks > 40_000 {
					t.Fatalf("%s: fork %d: %v", tt.name, forks, err)
				}
				forks++
				last = pid
				if forks%2 == 0 {
					p.Sleep(engine.Millisecond) // some have ended: they count until they are waited for
				}
			}
			if forks == 0 {
				return
			}
			if _, _, err := p.Wait(last); err != 0 {
				t.Errorf("%s: wait: %v", tt.name, err)
			}
			if _, err := p.Fork("", func(c *Process) {}); err != 0 {
				t.Errorf("%s: fork after a child was waited for: %v", tt.name, err)
			}
			k.check(t)
		}); err != nil {
			t.Fatal(err)
		}
		k.run(t)
		want := tt.want
		if want < 0 {
			want = 200 - tasks
		}
		if forks != want {
			t.Errorf("%s: %d children, want %d", tt.name, forks, want)
		}
	}
}

// TestPidsGoRound: numbers are given in turn, and those that are taken passed over.
func TestPidsGoRound(t *testing.T) {
	k := testMachine{sys: []Sysctl{{"kernel.pid_max", "310"}}}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		stays, _ := p.Fork("", func(c *Process) { c.Sleep(3600 * engine.Second) })
		last := stays
		for i := range 500 {
			pid, err := p.Fork("", func(c *Process) {})
			if err != 0 {
				t.Fatalf("fork %d: %v", i, err)
			}
			want := last + 1
			if want == 310 {
				want = reservedPIDs
			}
			if pid != want {
				t.Fatalf("pid %d after %d, want %d", pid, last, want)
			}
			last = pid
			p.Wait(pid)
		}
		if k.byPID(stays) == nil || k.byPID(last) != nil {
			t.Error("who is alive is not found, or who is not is")
		}
		p.Kill(stays, "SIGKILL")
		p.Wait(stays)
	})
	k.run(t)
}
