package kernels

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePages returns n zeros, in pages of 2 MB where the kernel gives them:
// reading a weight of many megabytes through pages of 4 kB would wait for
// address translation.
func hugePages[T packed](n int) []T {
	const page = 2 << 20
	s := make([]T, n)
	size := int(unsafe.Sizeof(s[0]))
	start := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	skip := int(-start%page) / size
	if whole := (n - skip) * size / page * page; skip < n && whole > 0 {
		b := unsafe.Slice((*byte)(unsafe.Pointer(&s[skip])), whole)
		_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // a wish: it may be refused
	}
	return s
}
