package bert

import (
	"fmt"

	"cloze/internal/kernels"
)

// table is an embedding table (rows, H) read row by row. When serving, it
// stays as the checkpoint stores it, so that the largest tensor of a small
// model takes no float32 copy.
type table struct {
	param     *Param
	stored    []byte // nil if param.Data holds the values
	precision kernels.Precision
	stride    int // bytes of a stored row
}

func newTable(name string, rows, size int) table {
	return table{param: newMatrix(name, rows, size)}
}

func (t *table) load(r *reader) error {
	if r.training() {
		return r.resident(t.param)
	}
	prec, stored, ok := r.weights.Raw(t.param.Name)
	if !ok {
		return r.resident(t.param)
	}
	if err := r.check(t.param); err != nil {
		return err
	}
	width := prec.StoredBytes()
	if want := t.param.Len() * width; len(stored) != want {
		return fmt.Errorf("tensor %q is %d bytes of %s, want %d: %v", t.param.Name, len(stored), prec, want, t.param.Shape)
	}
	t.stored, t.precision, t.stride = stored, prec, t.param.Shape[1]*width
	return nil
}

// row copies row i into dst (H).
func (t *table) row(dst []float32, i int32) {
	if t.stored == nil {
		copy(dst, t.param.Data[int(i)*len(dst):][:len(dst)])
		return
	}
	kernels.Widen(t.precision, dst, t.stored[int(i)*t.stride:])
}

// bytes is the memory of the table, stored or converted.
func (t *table) bytes() int { return 4*len(t.param.Data) + len(t.stored) }
