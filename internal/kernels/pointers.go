package kernels

import "unsafe"

// The assembly takes pointers, and so do its Go twins and the dispatch between
// them; lengths are checked where slices become pointers.

// at is the address of the element i after p.
func at[T any](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(*p))))
}

// values is the slice of n values that begins i after p.
func values[T any](p *T, i, n int) []T { return unsafe.Slice(at(p, i), n) }

// floats is values of float32.
func floats(p *float32, i, n int) []float32 { return values(p, i, n) }

// asWords is the same memory as words of 32 bits. They are only moved, never
// computed with.
func asWords[T packed](s []T) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T)))/4)
}
