package engine

import "math/bits"

// DeviceConfig is what a device can do. Anything that is 0 is no limit, and costs no time.
type DeviceConfig struct {
	Name        string
	Latency     Duration // of every request, beside its transfer; those of several requests overlap
	WriteDelay  Duration // what a write takes longer
	BytesPerSec int64    // transfers share this: one after another
	IOPS        int64    // at most so many requests a second are taken up
	Depth       int      // at most so many requests are in flight; the others queue

	// Burst is the time for which the device may be busier than BytesPerSec and IOPS allow, if it was idle for as long before: then they are the rates at which
	// two buckets leak that hold what goes through in Burst, and a request is taken up when neither is full, as with a host's throttle. A transfer takes
	// bytes/BurstBytesPerSec then. 0: the limits hold for each request.
	Burst            Duration
	BurstBytesPerSec int64
}

// DeviceStats counts what a device has done, for completed requests unless said otherwise.
type DeviceStats struct {
	Reads, Writes           uint64
	ReadBytes, WrittenBytes uint64
	Busy                    Duration // time with at least one request in flight, until now
	Wait                    Duration // sum over requests of the time from Submit to completion (await is this by the number)
	MaxQueued               int      // the most that waited for a place in flight
}

// Device serves requests in the order in which they come. A request that is taken up at t transfers from max(t, the time at which the
// previous one's transfer ended) and is complete Latency after its transfer. A transfer takes bytes/BytesPerSec or 1/IOPS, whichever
// is longer, rounded up to a nanosecond.
type Device struct {
	sim      *Sim
	cfg      DeviceConfig
	interval Duration // 1/IOPS
	inFlight int
	busFree  Time
	full     [2]Time // with a Burst: when the buckets of bytes and of requests would be empty if nothing came
	since    Time    // when the first in flight was taken up
	head     *request
	tail     *request
	queued   int
	pool     *request
	stats    DeviceStats
}

// request is one request of a device; complete is bound once, since requests are used again.
type request struct {
	dev      *Device
	next     *request
	bytes    int64
	write    bool
	issued   Time
	done     func()
	proc     *Proc
	complete func()
}

// NewDevice returns an idle device.
func NewDevice(s *Sim, cfg DeviceConfig) *Device {
	d := &Device{sim: s, cfg: cfg}
	if cfg.IOPS > 0 {
		d.interval = mulDivUp(1, uint64(Second), uint64(cfg.IOPS))
	}
	return d
}

// mulDivUp returns a*b/c rounded up, MaxTime if that does not fit.
func mulDivUp(a, b, c uint64) Duration {
	hi, lo := bits.Mul64(a, b)
	lo, carry := bits.Add64(lo, c-1, 0)
	hi += carry
	if hi >= c {
		return MaxTime
	}
	q, _ := bits.Div64(hi, lo, c)
	if q > uint64(MaxTime) {
		return MaxTime
	}
	return Duration(q)
}

// Name returns the device's name.
func (d *Device) Name() string { return d.cfg.Name }

// Config returns what the device was made with.
func (d *Device) Config() DeviceConfig { return d.cfg }

// InFlight returns the number of requests that are taken up and not complete.
func (d *Device) InFlight() int { return d.inFlight }

// Queued returns the number of requests that wait to be taken up.
func (d *Device) Queued() int { return d.queued }

// Stats returns what the device has done until now.
func (d *Device) Stats() DeviceStats {
	st := d.stats
	if d.inFlight > 0 {
		st.Busy += d.sim.now - d.since
	}
	return st
}

// Submit queues a request and returns. done, if not nil, is called as a callback when it is complete. Bytes below 0 count as 0.
func (d *Device) Submit(bytes int64, write bool, done func()) {
	d.submit(bytes, write, done, nil)
}

func (d *Device) submit(bytes int64, write bool, done func(), p *Proc) *request {
	r := d.pool
	if r != nil {
		d.pool = r.next
	} else {
		r = &request{dev: d}
		r.complete = r.completed
	}
	r.next = nil
	r.bytes, r.write, r.done, r.proc = max(bytes, 0), write, done, p
	r.issued = d.sim.now
	if d.cfg.Depth > 0 && d.inFlight >= d.cfg.Depth {
		if d.tail == nil {
			d.head = r
		} else {
			d.tail.next = r
		}
		d.tail = r
		d.queued++
		d.stats.MaxQueued = max(d.stats.MaxQueued, d.queued)
		return r
	}
	d.start(r)
	return r
}

func (d *Device) start(r *request) {
	s := d.sim
	if d.inFlight == 0 {
		d.since = s.now
	}
	d.inFlight++
	begin, transfer := s.now, transferTime(r.bytes, d.cfg.BytesPerSec)
	if d.cfg.Burst > 0 {
		for i, amount := range [2]Duration{transfer, d.interval} {
			begin = max(begin, d.full[i]-d.cfg.Burst)
			d.full[i] = max(s.now, d.full[i]).add(amount)
		}
		transfer = transferTime(r.bytes, d.cfg.BurstBytesPerSec)
	} else {
		transfer = max(transfer, d.interval)
	}
	d.busFree = max(begin, d.busFree).add(transfer)
	if t := s.trace.IOStart; t != nil {
		t(s.now, d, r.bytes, r.write)
	}
	latency := d.cfg.Latency
	if r.write {
		latency += d.cfg.WriteDelay
	}
	s.q.push(d.busFree.add(latency), r.complete)
}

// transferTime is how long bytes take at a rate; none is no time.
func transferTime(bytes, perSec int64) Duration {
	if perSec <= 0 {
		return 0
	}
	return mulDivUp(uint64(bytes), uint64(Second), uint64(perSec))
}

func (r *request) completed() {
	d := r.dev
	s := d.sim
	d.inFlight--
	if d.inFlight == 0 {
		d.stats.Busy += s.now - d.since
	}
	if r.write {
		d.stats.Writes++
		d.stats.WrittenBytes += uint64(r.bytes)
	} else {
		d.stats.Reads++
		d.stats.ReadBytes += uint64(r.bytes)
	}
	d.stats.Wait += s.now - r.issued
	if t := s.trace.IODone; t != nil {
		t(s.now, d, r.bytes, r.write)
	}
	if w := d.head; w != nil {
		if d.head = w.next; d.head == nil {
			d.tail = nil
		}
		w.next = nil
		d.queued--
		d.start(w)
	}
	done, p := r.done, r.proc
	r.done, r.proc = nil, nil
	r.next, d.pool = d.pool, r
	if p != nil {
		p.request = nil
		p.wakeSoon()
	}
	if done != nil {
		done()
	}
}
