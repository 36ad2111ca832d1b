//go:build !linux

package kernels

// hugePages returns n zeros.
func hugePages[T packed](n int) []T { return make([]T, n) }
