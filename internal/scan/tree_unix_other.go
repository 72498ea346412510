//go:build unix && !linux

package scan

func openBeneath(dir int, rel string, flags int) (int, error) { return stepwise(dir, rel, flags) }
