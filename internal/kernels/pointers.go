package kernels

import "unsafe"

// The assembly takes pointers, and so do its Go twins and the dispatch between
// them; lengths are checked where slices become pointers.

// at is the address of the float32 i after p.
func at(p *float32, i int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), i*4)) }

// floats is the slice of n values that begins i after p.
func floats(p *float32, i, n int) []float32 { return unsafe.Slice(at(p, i), n) }
