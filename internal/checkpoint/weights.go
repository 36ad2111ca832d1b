package checkpoint

import (
	"bytes"
	"fmt"
	"slices"
	"sync/atomic"

	"cloze/internal/kernels"
)

// Has implements bert.Weights.
func (c *Checkpoint) Has(name string) bool { return c.tensors[name] != nil }

// Shape implements bert.Weights.
func (c *Checkpoint) Shape(name string) (shape []int, ok bool) {
	t, ok := c.tensors[name]
	if !ok {
		return nil, false
	}
	return slices.Clone(t.shape), true
}

// Read implements bert.Weights. It returns an error for a tensor that is not
// float, or of another length, or has a value that is infinite or NaN.
func (c *Checkpoint) Read(name string, dst []float32) error {
	t, ok := c.tensors[name]
	switch {
	case !ok:
		return about(c.source, fmt.Errorf("tensor %q is missing", name))
	case !t.dtype.isWeight():
		return t.errorf("has dtype %s, want F32, F16 or BF16", t.dtype)
	case t.len() != len(dst):
		return t.errorf("has %d values %v, want %d", t.len(), t.shape, len(dst))
	}
	stored, err := t.bytes()
	if err != nil {
		return err
	}
	w := widening{dtype: t.dtype, dst: dst, stored: stored}
	c.pool.Run((len(dst)+chunk-1)/chunk, &w)
	if w.broken.Load() {
		return t.errorf("has NaN or infinity at index %d, want finite values", t.dtype.notFinite(stored))
	}
	return nil
}

// Raw implements bert.Weights. A tensor that Read refuses has no raw form. Of a file
// that others may write to it is a copy: somebody who copies another model over that of
// a running server must not change what this one computes with.
func (c *Checkpoint) Raw(name string) (prec kernels.Precision, stored []byte, ok bool) {
	t, ok := c.tensors[name]
	if !ok || !t.dtype.isWeight() {
		return 0, nil, false
	}
	stored, err := t.bytes()
	if err != nil || !t.dtype.finite(stored) {
		return 0, nil, false
	}
	if t.file.shared {
		stored = bytes.Clone(stored)
	}
	return precisions[t.dtype], stored, true
}

// chunk is how many values one task of widening converts: few enough that they
// are still in the cache when they are converted after the check.
const chunk = 1 << 13

// widening converts a tensor to float32 and looks for values that are not
// finite.
type widening struct {
	dtype  DType
	dst    []float32
	stored []byte
	broken atomic.Bool
}

// Do implements kernels.Task; i is a chunk.
func (w *widening) Do(_, i int) {
	start, end := i*chunk, min((i+1)*chunk, len(w.dst))
	width := w.dtype.width()
	stored := w.stored[start*width : end*width]
	if !w.dtype.finite(stored) {
		w.broken.Store(true)
		return
	}
	kernels.Widen(precisions[w.dtype], w.dst[start:end], stored)
}
