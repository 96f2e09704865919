package swap

// Disable begins to take an area out of use (the first half of swapoff): no slot of it is given out any more, its slots count neither as free nor
// in Total, areas below it whose priority was the kernel's choice move up by one, and the CPUs' slot caches are emptied and stay off until Remove or
// Reinsert. NrFree is below zero while slots of the area are in use and the other areas have fewer free ones.
func (s *Swap) Disable(a *Area) {
	for i, b := range s.byPriority {
		if b != a {
			continue
		}
		if a.Priority < 0 {
			for _, c := range s.byPriority[i+1:] {
				c.Priority++
			}
			s.least++
		}
		s.byPriority = append(s.byPriority[:i], s.byPriority[i+1:]...)
		break
	}
	a.Off = true
	s.Total -= a.Slots
	s.NrFree -= a.Slots
	s.enabled = false
	s.drain()
}

// Reinsert undoes Disable after a swapoff that failed (reinsert_swap_info). An area whose priority was the kernel's choice becomes the last.
func (s *Swap) Reinsert(a *Area) {
	a.Off = false
	s.enable(a, a.Priority)
	s.enabled = true
}

// Remove ends what Disable began, of an area of which no slot is used and that nobody pins: its number is free for another.
func (s *Swap) Remove(a *Area) {
	s.Areas[a.Index] = nil
	s.enabled = len(s.byPriority) > 0
}

// Pin keeps the area of an entry from going until Unpin, and tells whether it is there (get_swap_device). Count of such an entry may be 0.
func (s *Swap) Pin(e Entry) bool {
	if !s.Valid(e) {
		return false
	}
	s.Areas[e.Area()].Pins++
	return true
}

// Unpin undoes Pin.
func (s *Swap) Unpin(e Entry) { s.Areas[e.Area()].Pins-- }

// enable makes an area's slots available at a priority, below 0 for the kernel's choice (_enable_swap_info).
func (s *Swap) enable(a *Area, priority int) {
	if priority < 0 {
		s.least--
		priority = s.least
	}
	a.Priority = priority
	at := 0
	for at < len(s.byPriority) && s.byPriority[at].Priority >= priority {
		at++
	}
	s.byPriority = append(s.byPriority, nil)
	copy(s.byPriority[at+1:], s.byPriority[at:])
	s.byPriority[at] = a
	s.Total += a.Slots
	s.NrFree += a.Slots
}

// Active are the areas that hold slots, by number, those that are being taken out of use included (the order of /proc/swaps).
func (s *Swap) Active() []*Area {
	var out []*Area
	for _, a := range s.Areas {
		if a != nil {
			out = append(out, a)
		}
	}
	return out
}

// Rotational tells whether some area is on a device that turns (nr_rotate_swap).
func (s *Swap) Rotational() bool {
	for _, a := range s.Areas {
		if a != nil && a.Rotational {
			return true
		}
	}
	return false
}

// Shown are the slots that /proc/meminfo counts, in total and free (si_swapinfo): those of an area that is being taken out of use count in both
// totals while they are used, so that what is used is right.
func (s *Swap) Shown() (total, free int) {
	leaving := 0
	for _, a := range s.Areas {
		if a != nil && a.Off {
			leaving += a.Used
		}
	}
	return s.Total + leaving, s.NrFree + leaving
}

// NextUsed is the first slot behind a given one that is in use, 0 if there is none (find_next_to_unuse).
func (a *Area) NextUsed(behind int) int {
	for o := behind + 1; o < len(a.usage); o++ {
		if a.usage[o] != 0 {
			return o
		}
	}
	return 0
}
