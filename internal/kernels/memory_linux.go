package kernels

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePages returns n zeros, in pages of 2 MB where the kernel gives them:
// through pages of 4 kB, reading a weight of many megabytes waits for address
// translation, most of all in a virtual machine. Weights follow each other in
// blocks of whole pages; memory that nothing has been written to yet is not
// resident. A block is freed when the last weight in it is, but for the newest, which
// the next weights go on filling.
func hugePages[T packed](n int) []T {
	const line = 64
	size := (n*int(unsafe.Sizeof(*new(T))) + line - 1) / line * line
	if size < hugePage/8 {
		return make([]T, n)
	}
	block.mu.Lock()
	defer block.mu.Unlock()
	if len(block.free) < size {
		block.free = newBlock(max(size, blockSize))
	}
	s := block.free[:size]
	block.free = block.free[size:]
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(s))), n)
}

const (
	hugePage  = 2 << 20
	blockSize = 16 * hugePage
)

// block is what is left of the last block.
var block struct {
	mu   sync.Mutex
	free []byte
}

// newBlock returns at least size zeros that begin with a huge page.
func newBlock(size int) []byte {
	size = (size + hugePage - 1) / hugePage * hugePage
	b := make([]byte, size+hugePage)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) % hugePage)
	b = b[skip : skip+size : skip+size]
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // a wish: it may be refused
	return b
}
