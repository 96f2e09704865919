package phys

func (l *Layout) estimate() ([]Range, error) {
	return []Range{{0, 1 * mib}}, nil
}
