package phys

// Migratetype groups pages by mobility (enum migratetype).
type Migratetype uint8

// The migratetypes. Cma and Isolate follow HighAtomic; a machine without CMA shows no Cma type.
const (
	MigrateUnmovable Migratetype = iota
	MigrateMovable
	MigrateReclaimable
	MigrateHighAtomic
	MigrateCMA
	MigrateIsolate
	NrMigratetypes
)

// MigratePCPTypes is the number of types that have per-CPU lists.
const MigratePCPTypes = MigrateHighAtomic

var migratetypeNames = [NrMigratetypes]string{"Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate"}

// String returns the type's name in /proc/pagetypeinfo.
func (mt Migratetype) String() string { return migratetypeNames[mt] }

// mergeable reports whether blocks of the type may merge with those of another across pageblocks (migratetype_is_mergeable).
func (mt Migratetype) mergeable() bool { return mt < MigratePCPTypes }

// fallbackTypes is the order in which a request that found nothing of its own type looks at the others.
var fallbackTypes = [MigratePCPTypes][2]Migratetype{
	MigrateUnmovable:   {MigrateReclaimable, MigrateMovable},
	MigrateMovable:     {MigrateReclaimable, MigrateUnmovable},
	MigrateReclaimable: {MigrateUnmovable, MigrateMovable},
}

// BlockType returns the migratetype of the pageblock that holds pfn.
func (m *Memory) BlockType(pfn PFN) Migratetype {
	return Migratetype(m.blockTypes[pfn>>m.pageblockOrder]) ^ MigrateMovable
}

// setBlockType sets the type of the pageblock that holds pfn. With mobility grouping off, the types with per-CPU lists all count as
// unmovable (set_pageblock_migratetype).
func (m *Memory) setBlockType(pfn PFN, mt Migratetype) {
	if !m.MobilityGrouping && mt < MigratePCPTypes {
		mt = MigrateUnmovable
	}
	m.blockTypes[pfn>>m.pageblockOrder] = uint8(mt ^ MigrateMovable) // stored so that the zero value is MOVABLE
}
