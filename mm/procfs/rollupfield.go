package procfs

// Value is a row of the file in kB. False: there is no such row.
func (f *SmapsRollup) Value(name string) (uint64, bool) {
	for _, r := range f.fields(true) {
		if r.label == name {
			return *r.v, true
		}
	}
	return 0, false
}

// Names are the rows of the file, in order.
func (f *SmapsRollup) Names() []string {
	fields := f.fields(true)
	names := make([]string, len(fields))
	for i, r := range fields {
		names[i] = r.label
	}
	return names
}
