package vmstat

// ZoneItem is a counter kept per zone, in pages unless its name says otherwise (enum zone_stat_item).
type ZoneItem uint8

// The zone items, in the order of /proc/vmstat.
const (
	NRFreePages        ZoneItem = iota // nr_free_pages
	NRZoneInactiveAnon                 // nr_zone_inactive_anon
	NRZoneActiveAnon                   // nr_zone_active_anon
	NRZoneInactiveFile                 // nr_zone_inactive_file
	NRZoneActiveFile                   // nr_zone_active_file
	NRZoneUnevictable                  // nr_zone_unevictable
	NRZoneWritePending                 // nr_zone_write_pending
	NRMlock                            // nr_mlock
	NRBounce                           // nr_bounce
	NRZspages                          // nr_zspages
	NRFreeCma                          // nr_free_cma
	NrZoneItems
)

var zoneNames = [NrZoneItems]string{
	"nr_free_pages",
	"nr_zone_inactive_anon",
	"nr_zone_active_anon",
	"nr_zone_inactive_file",
	"nr_zone_active_file",
	"nr_zone_unevictable",
	"nr_zone_write_pending",
	"nr_mlock",
	"nr_bounce",
	"nr_zspages",
	"nr_free_cma",
}

// String returns the item's name in /proc/vmstat.
func (i ZoneItem) String() string { return zoneNames[i] }

// NumaItem is a counter of allocations by place, kept per zone, in pages (enum numa_stat_item).
type NumaItem uint8

// The NUMA items, in the order of /proc/vmstat.
const (
	NumaHit        NumaItem = iota // numa_hit
	NumaMiss                       // numa_miss
	NumaForeign                    // numa_foreign
	NumaInterleave                 // numa_interleave
	NumaLocal                      // numa_local
	NumaOther                      // numa_other
	NrNumaItems
)

var numaNames = [NrNumaItems]string{
	"numa_hit",
	"numa_miss",
	"numa_foreign",
	"numa_interleave",
	"numa_local",
	"numa_other",
}

// String returns the item's name in /proc/vmstat.
func (i NumaItem) String() string { return numaNames[i] }
