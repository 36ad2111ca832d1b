//go:build !amd64 || purego

package kernels

import "runtime"

// pause waits a little.
func pause(int) { runtime.Gosched() }
