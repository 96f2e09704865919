package phys

// Prefetch has the processor fetch the rows of some pages that are about to be needed, and changes nothing. Who follows links from page to page is told where the
// next one is only when a row has come, and waits for each anew; who knows the pages from elsewhere has all fetched at once. Numbers of no page do no harm.
func (m *Memory) Prefetch(pages []uint32) { prefetch(m.sections, pages) }

// PrefetchPrev fetches the row of the page before another on its list, and returns that page: for a step at a time along the list, in the midst of other work. Page
// 0 stands for none.
func (m *Memory) PrefetchPrev(pfn PFN) PFN {
	prev := m.Page(pfn).Prev
	prefetch(m.sections, []uint32{uint32(prev)})
	return prev
}
