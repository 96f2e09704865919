package vmstat

// NodeItem is a counter kept per node (enum node_stat_item). Units are pages, except that nr_kernel_stack is in KiB and the items
// of huge pages (see Huge) count huge pages in /proc.
type NodeItem uint8

// The node items, in the order of /proc/vmstat.
const (
	NRInactiveAnon             NodeItem = iota // nr_inactive_anon
	NRActiveAnon                               // nr_active_anon
	NRInactiveFile                             // nr_inactive_file
	NRActiveFile                               // nr_active_file
	NRUnevictable                              // nr_unevictable
	NRSlabReclaimable                          // nr_slab_reclaimable
	NRSlabUnreclaimable                        // nr_slab_unreclaimable
	NRIsolatedAnon                             // nr_isolated_anon
	NRIsolatedFile                             // nr_isolated_file
	WorkingsetNodes                            // workingset_nodes
	WorkingsetRefaultAnon                      // workingset_refault_anon
	WorkingsetRefaultFile                      // workingset_refault_file
	WorkingsetActivateAnon                     // workingset_activate_anon
	WorkingsetActivateFile                     // workingset_activate_file
	WorkingsetRestoreAnon                      // workingset_restore_anon
	WorkingsetRestoreFile                      // workingset_restore_file
	WorkingsetNodereclaim                      // workingset_nodereclaim
	NRAnonPages                                // nr_anon_pages
	NRMapped                                   // nr_mapped
	NRFilePages                                // nr_file_pages
	NRDirty                                    // nr_dirty
	NRWriteback                                // nr_writeback
	NRWritebackTemp                            // nr_writeback_temp
	NRShmem                                    // nr_shmem
	NRShmemHugepages                           // nr_shmem_hugepages
	NRShmemPmdmapped                           // nr_shmem_pmdmapped
	NRFileHugepages                            // nr_file_hugepages
	NRFilePmdmapped                            // nr_file_pmdmapped
	NRAnonTransparentHugepages                 // nr_anon_transparent_hugepages
	NRVmscanWrite                              // nr_vmscan_write
	NRVmscanImmediateReclaim                   // nr_vmscan_immediate_reclaim
	NRDirtied                                  // nr_dirtied
	NRWritten                                  // nr_written
	NRThrottledWritten                         // nr_throttled_written
	NRKernelMiscReclaimable                    // nr_kernel_misc_reclaimable
	NRFollPinAcquired                          // nr_foll_pin_acquired
	NRFollPinReleased                          // nr_foll_pin_released
	NRKernelStack                              // nr_kernel_stack
	NRPageTablePages                           // nr_page_table_pages
	NRSecPageTablePages                        // nr_sec_page_table_pages
	NRSwapcached                               // nr_swapcached
	PgpromoteSuccess                           // pgpromote_success
	PgpromoteCandidate                         // pgpromote_candidate
	NrNodeItems
)

var nodeNames = [NrNodeItems]string{
	"nr_inactive_anon",
	"nr_active_anon",
	"nr_inactive_file",
	"nr_active_file",
	"nr_unevictable",
	"nr_slab_reclaimable",
	"nr_slab_unreclaimable",
	"nr_isolated_anon",
	"nr_isolated_file",
	"workingset_nodes",
	"workingset_refault_anon",
	"workingset_refault_file",
	"workingset_activate_anon",
	"workingset_activate_file",
	"workingset_restore_anon",
	"workingset_restore_file",
	"workingset_nodereclaim",
	"nr_anon_pages",
	"nr_mapped",
	"nr_file_pages",
	"nr_dirty",
	"nr_writeback",
	"nr_writeback_temp",
	"nr_shmem",
	"nr_shmem_hugepages",
	"nr_shmem_pmdmapped",
	"nr_file_hugepages",
	"nr_file_pmdmapped",
	"nr_anon_transparent_hugepages",
	"nr_vmscan_write",
	"nr_vmscan_immediate_reclaim",
	"nr_dirtied",
	"nr_written",
	"nr_throttled_written",
	"nr_kernel_misc_reclaimable",
	"nr_foll_pin_acquired",
	"nr_foll_pin_released",
	"nr_kernel_stack",
	"nr_page_table_pages",
	"nr_sec_page_table_pages",
	"nr_swapcached",
	"pgpromote_success",
	"pgpromote_candidate",
}

// String returns the item's name in /proc/vmstat.
func (i NodeItem) String() string { return nodeNames[i] }
