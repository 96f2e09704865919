package phys

// Prefetch has the processor fetch the rows of some pages that are about to be needed, and changes nothing. Who follows links from page to page is told where the
// next one is only when a row has come, and waits for each anew; who knows the pages from elsewhere has all fetched at once. Numbers of no page do no harm.
func (m *Memory) Prefetch(pages []uint32) { prefetch(m.sections, pages) }
