package mm

import (
	"testing"

	"mmsim/engine"
)

// onlyCosts is a table in which nothing of the kernel takes time but what set says.
func onlyCosts(set func(*CostTable)) *CostTable {
	c := CostTable{Name: "only", Devices: serverCosts.Devices}
	set(&c)
	return &c
}

// TestDirectReclaimTakesCPU reclaims once for a process: it spends its beginning, and each round, 13 at most, one a priority.
func TestDirectReclaimTakesCPU(t *testing.T) {
	const begin, round = 1_000_000, 1000
	k := testMachine{
		files: []FileConfig{{Path: "/data/f", Size: 16 * mib}},
		table: onlyCosts(func(c *CostTable) { c.DirectReclaim, c.ReclaimRound = begin, round }),
	}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		fd, _ := p.Open("/data/f", OpenFlags{Read: true})
		p.Read(fd, 16*mib, -1)
		ac, _ := k.fastContext(&p.task, gfpFile)
		before := p.proc.CPUTime()
		freed := p.tryToFreePages(ac, gfpFile, 0)
		rounds := p.proc.CPUTime() - before - begin
		if freed < swapClusterMax || rounds%round != 0 || rounds < round || rounds > 13*round {
			t.Errorf("%d pages freed in %v beside the beginning", freed, rounds)
		}
	})
	k.run(t)
}

// TestKswapdTakesCPU: kswapd spends what a waking takes each time that it has balanced its node, and once when the machine starts.
func TestKswapdTakesCPU(t *testing.T) {
	const wake = 5000
	k := testMachine{
		files: []FileConfig{{Path: "/data/f", Size: 256 * mib}},
		table: onlyCosts(func(c *CostTable) { c.KswapdWake = wake }),
	}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		fd, _ := p.Open("/data/f", OpenFlags{Read: true})
		p.Read(fd, 256*mib, -1)
		p.Sleep(engine.Second)
		runs, got := k.vm(t, "pageoutrun"), k.nodes[0].kswapd.proc.CPUTime()
		if runs < 10 || got != engine.Duration(runs+1)*wake {
			t.Errorf("kswapd balanced its node %d times and ran for %v", runs, got)
		}
	})
	k.run(t)
}

// TestPageoutTakesCPU pages out what lies in a row: each page is looked at and written, 254 in a request.
func TestPageoutTakesCPU(t *testing.T) {
	const pages, requests = 512, 3
	k := testMachine{
		swap:  []SwapConfig{{Size: 64 * mib, Device: "ssd", Priority: -1}},
		table: onlyCosts(func(c *CostTable) { c.ScanPage, c.SwapOutPage, c.SwapOutRequest = 1, 1000, 1_000_000 }),
	}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		a := p.mustMmap(t, 4*mib)
		a = (a + 2*mib - 1) &^ (2*mib - 1) // one page table
		p.write(a, pages*4096)
		before := p.proc.CPUTime()
		p.Madvise(a, pages*4096, MadvPageout)
		if got := p.proc.CPUTime() - before; got != pages*1001+requests*1_000_000 || k.vm(t, "pswpout") != pages {
			t.Errorf("%d pages written in %v", k.vm(t, "pswpout"), got)
		}
	})
	k.run(t)
}

// TestSwapReadsByKblockd: a page that is read from swap alone is sent by the worker of kblockd of the reader's CPU, those of readahead by the reader.
func TestSwapReadsByKblockd(t *testing.T) {
	const pages, send = 64, 2000
	for _, v := range []struct{ cluster, least, most int }{{0, pages, pages}, {3, 0, pages / 8}} {
		k := testMachine{
			swap:  []SwapConfig{{Size: 256 * mib, Device: "ssd", Priority: -1}},
			sys:   []Sysctl{{"vm.page-cluster", itoa(v.cluster)}},
			table: onlyCosts(func(c *CostTable) { c.DispatchIO = send }),
		}.boot(t)
		k.spawn(t, "p", func(p *Process) {
			a, b := p.mustMmap(t, pages*4096), p.mustMmap(t, 120*mib)
			p.write(a, pages*4096)
			p.write(b, 120*mib)
			w := k.kblockd[0].task.proc
			before, in := w.CPUTime(), k.vm(t, "pswpin")
			p.read(a, pages*4096)
			in = k.vm(t, "pswpin") - in
			if got := int((w.CPUTime() - before) / send); in != pages || got < v.least || got > v.most {
				t.Errorf("page-cluster %d: of %d pages read the worker sent %d", v.cluster, in, got)
			}
		})
		k.run(t)
	}
}
