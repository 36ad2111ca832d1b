//go:build linux || darwin

package checkpoint

import (
	"math"
	"os"
	"syscall"
)

// mapFile maps a file into memory, read-only: pages come from the page cache
// when they are touched, and processes that serve the same file share them.
//
// A file that somebody truncates while it is mapped kills the process when it
// is next read; Save therefore replaces files and never rewrites them, and a model that
// is served needs its file only while it is loaded.
func mapFile(f *os.File, size int64) (data []byte, unmap func() error, err error) {
	if size == 0 {
		return []byte{}, func() error { return nil }, nil // cannot be mapped
	}
	if size > math.MaxInt {
		return nil, nil, syscall.EFBIG
	}
	data, err = syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, err
	}
	return data, func() error { return syscall.Munmap(data) }, nil
}
