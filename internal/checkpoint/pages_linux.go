package checkpoint

import (
	"os"
	"syscall"
	"unsafe"
)

// forget tells the kernel that a part of a mapped file has been read for the
// last time. Its pages leave the process's resident memory; should they be
// touched again, they come back from the file. Pages that the part shares with
// what is beside it stay.
//
// Without this a model would count twice after it is loaded: in the form that
// it computes in, and in the pages from which that was made.
func forget(part []byte) {
	page := uintptr(os.Getpagesize())
	start := uintptr(unsafe.Pointer(unsafe.SliceData(part)))
	before := -start % page // up to the first whole page
	if uintptr(len(part)) < before {
		return
	}
	whole := part[before:]
	whole = whole[:uintptr(len(whole))/page*page]
	if len(whole) > 0 {
		// Only advice: if it is refused, memory is all that is lost.
		_ = syscall.Madvise(whole, syscall.MADV_DONTNEED)
	}
}
