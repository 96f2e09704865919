package mglru

import "math/bits"

// NrTiers is the number of tiers of pages by their accesses through file descriptors (MAX_NR_TIERS).
const NrTiers = 4

// TierOf is the tier of a page with that many accesses beyond the first: 0, 1, 2 and 3, 4 are in tiers 0 to 3 (lru_tier_from_refs).
func TierOf(refs int) int { return bits.Len(uint(refs)) }

// Tiers counts, for the oldest generation of a kind, the pages of each tier that were evicted, that came back, and that were spared, and keeps
// averages over the generations before (the counters of struct lru_gen_folio with NR_HIST_GENS 1).
type Tiers struct {
	AvgRefaulted, AvgTotal, Refaulted, Evicted, Protected [NrTiers]uint64
}

// carryOver adds what was counted to the averages and begins anew (reset_ctrl_pos).
func (t *Tiers) carryOver() {
	for i := range NrTiers {
		t.AvgRefaulted[i] = (t.AvgRefaulted[i] + t.Refaulted[i]) / 2
		t.AvgTotal[i] = (t.AvgTotal[i] + t.Evicted[i] + t.Protected[i]) / 2
		t.Refaulted[i], t.Evicted[i], t.Protected[i] = 0, 0, 0
	}
}

// position is the refaults of a tier and what they are measured against (struct ctrl_pos).
type position struct{ refaulted, total, gain uint64 }

func (t *Tiers) position(tier int, gain uint64) position {
	return position{
		refaulted: t.AvgRefaulted[tier] + t.Refaulted[tier],
		total:     t.AvgTotal[tier] + t.Evicted[tier] + t.Protected[tier],
		gain:      gain,
	}
}

// within tells whether a tier may be evicted as freely as the one that sets the point: it has few refaults, or no larger a share of them
// (positive_ctrl_err). batch is the number that counts as few, a machine word's bits.
func within(set, p position, batch uint64) bool {
	return p.refaulted < batch || p.refaulted*(set.total+batch)*set.gain <= (set.refaulted+1)*p.total*p.gain
}

// LastTier is the highest tier of a kind that is evicted: that below the first whose share of refaults is more than twice that of tier 0
// (get_tier_idx).
func (g *Gens) LastTier(k Kind, batch uint64) int {
	set := g.Tiers[k].position(0, 1)
	return g.lastWithin(k, set, 2, batch)
}

func (g *Gens) lastWithin(k Kind, set position, gain, batch uint64) int {
	tier := 1
	for tier < NrTiers && within(set, g.Tiers[k].position(tier, gain), batch) {
		tier++
	}
	return tier - 1
}

// ToScan chooses the kind to evict by the refaults of both kinds' first tiers, weighed by swappiness (0 to 200), and the highest of its tiers
// (get_type_to_scan).
func (g *Gens) ToScan(swappiness, batch uint64) (k Kind, lastTier int) {
	gain := [NrKinds]uint64{swappiness, 200 - swappiness}
	if within(g.Tiers[Anon].position(0, gain[Anon]), g.Tiers[File].position(0, gain[File]), batch) {
		k = File
	}
	return k, g.lastWithin(k, g.Tiers[k.Other()].position(0, gain[k.Other()]), gain[k], batch)
}
