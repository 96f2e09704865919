package vmstat

// Event is something that is counted since boot for the whole machine (enum vm_event_item).
type Event uint8

// The events, in the order of /proc/vmstat. The families pgalloc, allocstall and pgskip have one member a zone type; a machine
// shows those of the zone types that its architecture has.
const (
	PgPgin                      Event = iota // pgpgin
	PgPgout                                  // pgpgout
	Pswpin                                   // pswpin
	Pswpout                                  // pswpout
	PgAllocDma                               // pgalloc_dma
	PgAllocDma32                             // pgalloc_dma32
	PgAllocNormal                            // pgalloc_normal
	PgAllocHigh                              // pgalloc_high
	PgAllocMovable                           // pgalloc_movable
	PgAllocDevice                            // pgalloc_device
	AllocStallDma                            // allocstall_dma
	AllocStallDma32                          // allocstall_dma32
	AllocStallNormal                         // allocstall_normal
	AllocStallHigh                           // allocstall_high
	AllocStallMovable                        // allocstall_movable
	AllocStallDevice                         // allocstall_device
	PgSkipDma                                // pgskip_dma
	PgSkipDma32                              // pgskip_dma32
	PgSkipNormal                             // pgskip_normal
	PgSkipHigh                               // pgskip_high
	PgSkipMovable                            // pgskip_movable
	PgSkipDevice                             // pgskip_device
	PgFree                                   // pgfree
	PgActivate                               // pgactivate
	PgDeactivate                             // pgdeactivate
	PgLazyfree                               // pglazyfree
	PgFault                                  // pgfault
	PgMajfault                               // pgmajfault
	PgLazyfreed                              // pglazyfreed
	PgRefill                                 // pgrefill
	PgReuse                                  // pgreuse
	PgStealKswapd                            // pgsteal_kswapd
	PgStealDirect                            // pgsteal_direct
	PgDemoteKswapd                           // pgdemote_kswapd
	PgDemoteDirect                           // pgdemote_direct
	PgScanKswapd                             // pgscan_kswapd
	PgScanDirect                             // pgscan_direct
	PgScanDirectThrottle                     // pgscan_direct_throttle
	PgScanAnon                               // pgscan_anon
	PgScanFile                               // pgscan_file
	PgStealAnon                              // pgsteal_anon
	PgStealFile                              // pgsteal_file
	ZoneReclaimFailed                        // zone_reclaim_failed
	PgInodesteal                             // pginodesteal
	SlabsScanned                             // slabs_scanned
	KswapdInodesteal                         // kswapd_inodesteal
	KswapdLowWmarkHitQuickly                 // kswapd_low_wmark_hit_quickly
	KswapdHighWmarkHitQuickly                // kswapd_high_wmark_hit_quickly
	Pageoutrun                               // pageoutrun
	PgRotated                                // pgrotated
	DropPagecache                            // drop_pagecache
	DropSlab                                 // drop_slab
	OomKill                                  // oom_kill
	NumaPteUpdates                           // numa_pte_updates
	NumaHugePteUpdates                       // numa_huge_pte_updates
	NumaHintFaults                           // numa_hint_faults
	NumaHintFaultsLocal                      // numa_hint_faults_local
	NumaPagesMigrated                        // numa_pages_migrated
	PgMigrateSuccess                         // pgmigrate_success
	PgMigrateFail                            // pgmigrate_fail
	ThpMigrationSuccess                      // thp_migration_success
	ThpMigrationFail                         // thp_migration_fail
	ThpMigrationSplit                        // thp_migration_split
	CompactMigrateScanned                    // compact_migrate_scanned
	CompactFreeScanned                       // compact_free_scanned
	CompactIsolated                          // compact_isolated
	CompactStall                             // compact_stall
	CompactFail                              // compact_fail
	CompactSuccess                           // compact_success
	CompactDaemonWake                        // compact_daemon_wake
	CompactDaemonMigrateScanned              // compact_daemon_migrate_scanned
	CompactDaemonFreeScanned                 // compact_daemon_free_scanned
	HtlbBuddyAllocSuccess                    // htlb_buddy_alloc_success
	HtlbBuddyAllocFail                       // htlb_buddy_alloc_fail
	UnevictablePgsCulled                     // unevictable_pgs_culled
	UnevictablePgsScanned                    // unevictable_pgs_scanned
	UnevictablePgsRescued                    // unevictable_pgs_rescued
	UnevictablePgsMlocked                    // unevictable_pgs_mlocked
	UnevictablePgsMunlocked                  // unevictable_pgs_munlocked
	UnevictablePgsCleared                    // unevictable_pgs_cleared
	UnevictablePgsStranded                   // unevictable_pgs_stranded
	ThpFaultAlloc                            // thp_fault_alloc
	ThpFaultFallback                         // thp_fault_fallback
	ThpFaultFallbackCharge                   // thp_fault_fallback_charge
	ThpCollapseAlloc                         // thp_collapse_alloc
	ThpCollapseAllocFailed                   // thp_collapse_alloc_failed
	ThpFileAlloc                             // thp_file_alloc
	ThpFileFallback                          // thp_file_fallback
	ThpFileFallbackCharge                    // thp_file_fallback_charge
	ThpFileMapped                            // thp_file_mapped
	ThpSplitPage                             // thp_split_page
	ThpSplitPageFailed                       // thp_split_page_failed
	ThpDeferredSplitPage                     // thp_deferred_split_page
	ThpSplitPmd                              // thp_split_pmd
	ThpScanExceedNonePte                     // thp_scan_exceed_none_pte
	ThpScanExceedSwapPte                     // thp_scan_exceed_swap_pte
	ThpScanExceedSharePte                    // thp_scan_exceed_share_pte
	ThpSplitPud                              // thp_split_pud
	ThpZeroPageAlloc                         // thp_zero_page_alloc
	ThpZeroPageAllocFailed                   // thp_zero_page_alloc_failed
	ThpSwpout                                // thp_swpout
	ThpSwpoutFallback                        // thp_swpout_fallback
	BalloonInflate                           // balloon_inflate
	BalloonDeflate                           // balloon_deflate
	BalloonMigrate                           // balloon_migrate
	SwapRa                                   // swap_ra
	SwapRaHit                                // swap_ra_hit
	KsmSwpinCopy                             // ksm_swpin_copy
	CowKsm                                   // cow_ksm
	DirectMapLevel2Splits                    // direct_map_level2_splits
	DirectMapLevel3Splits                    // direct_map_level3_splits
	NrEvents
)

var eventNames = [NrEvents]string{
	"pgpgin",
	"pgpgout",
	"pswpin",
	"pswpout",
	"pgalloc_dma",
	"pgalloc_dma32",
	"pgalloc_normal",
	"pgalloc_high",
	"pgalloc_movable",
	"pgalloc_device",
	"allocstall_dma",
	"allocstall_dma32",
	"allocstall_normal",
	"allocstall_high",
	"allocstall_movable",
	"allocstall_device",
	"pgskip_dma",
	"pgskip_dma32",
	"pgskip_normal",
	"pgskip_high",
	"pgskip_movable",
	"pgskip_device",
	"pgfree",
	"pgactivate",
	"pgdeactivate",
	"pglazyfree",
	"pgfault",
	"pgmajfault",
	"pglazyfreed",
	"pgrefill",
	"pgreuse",
	"pgsteal_kswapd",
	"pgsteal_direct",
	"pgdemote_kswapd",
	"pgdemote_direct",
	"pgscan_kswapd",
	"pgscan_direct",
	"pgscan_direct_throttle",
	"pgscan_anon",
	"pgscan_file",
	"pgsteal_anon",
	"pgsteal_file",
	"zone_reclaim_failed",
	"pginodesteal",
	"slabs_scanned",
	"kswapd_inodesteal",
	"kswapd_low_wmark_hit_quickly",
	"kswapd_high_wmark_hit_quickly",
	"pageoutrun",
	"pgrotated",
	"drop_pagecache",
	"drop_slab",
	"oom_kill",
	"numa_pte_updates",
	"numa_huge_pte_updates",
	"numa_hint_faults",
	"numa_hint_faults_local",
	"numa_pages_migrated",
	"pgmigrate_success",
	"pgmigrate_fail",
	"thp_migration_success",
	"thp_migration_fail",
	"thp_migration_split",
	"compact_migrate_scanned",
	"compact_free_scanned",
	"compact_isolated",
	"compact_stall",
	"compact_fail",
	"compact_success",
	"compact_daemon_wake",
	"compact_daemon_migrate_scanned",
	"compact_daemon_free_scanned",
	"htlb_buddy_alloc_success",
	"htlb_buddy_alloc_fail",
	"unevictable_pgs_culled",
	"unevictable_pgs_scanned",
	"unevictable_pgs_rescued",
	"unevictable_pgs_mlocked",
	"unevictable_pgs_munlocked",
	"unevictable_pgs_cleared",
	"unevictable_pgs_stranded",
	"thp_fault_alloc",
	"thp_fault_fallback",
	"thp_fault_fallback_charge",
	"thp_collapse_alloc",
	"thp_collapse_alloc_failed",
	"thp_file_alloc",
	"thp_file_fallback",
	"thp_file_fallback_charge",
	"thp_file_mapped",
	"thp_split_page",
	"thp_split_page_failed",
	"thp_deferred_split_page",
	"thp_split_pmd",
	"thp_scan_exceed_none_pte",
	"thp_scan_exceed_swap_pte",
	"thp_scan_exceed_share_pte",
	"thp_split_pud",
	"thp_zero_page_alloc",
	"thp_zero_page_alloc_failed",
	"thp_swpout",
	"thp_swpout_fallback",
	"balloon_inflate",
	"balloon_deflate",
	"balloon_migrate",
	"swap_ra",
	"swap_ra_hit",
	"ksm_swpin_copy",
	"cow_ksm",
	"direct_map_level2_splits",
	"direct_map_level3_splits",
}

// String returns the event's name in /proc/vmstat.
func (e Event) String() string { return eventNames[e] }
