package bert

import (
	"fmt"
	"slices"

	"cloze/internal/kernels"
)

// Weights is where a model's values come from: a checkpoint, whatever its
// format and its own names for the tensors. Names are those of Hugging Face's
// BertForPreTraining (bert.…, cls.…) and heads.NAME.….
//
// cls.predictions.decoder.weight is there only if the decoder is not tied to
// the word embeddings; cls.predictions.bias is the decoder's bias.
type Weights interface {
	Has(name string) bool
	// Shape is a tensor's shape; ok is false if there is no such tensor.
	Shape(name string) (shape []int, ok bool)
	// Read converts a tensor to float32. dst has its length.
	Read(name string, dst []float32) error
	// Raw gives a tensor as it is stored: little-endian, row-major, in a precision
	// that kernels.Widen knows. ok is false where it is not stored so. The bytes
	// must stay as they are for as long as the model is used.
	Raw(name string) (prec kernels.Precision, stored []byte, ok bool)
}

// reader fills a model's parameters from Weights, for serving or for training.
type reader struct {
	weights Weights
	options Options
	// scratch is the one float32 tensor that serving needs while it packs.
	scratch []float32
	// initial draws the values of new parameters; nil when serving.
	initial *initializer
}

// training says whether parameters keep their float32 values and gradients.
func (r *reader) training() bool { return r.initial != nil }

// tensor reads p into dst, or draws it if it is new.
func (r *reader) tensor(p *Param, dst []float32) error {
	if r.training() && (r.weights == nil || mayBeNew(p) && !r.weights.Has(p.Name)) {
		r.initial.draw(p, dst)
		return nil
	}
	if err := r.check(p); err != nil {
		return err
	}
	return r.weights.Read(p.Name, dst)
}

// check returns an error unless there is a tensor of p's name and shape.
func (r *reader) check(p *Param) error {
	shape, ok := r.weights.Shape(p.Name)
	switch {
	case !ok:
		return fmt.Errorf("tensor %q is missing, want %v", p.Name, p.Shape)
	case !slices.Equal(shape, p.Shape):
		return fmt.Errorf("tensor %q is %v, want %v", p.Name, shape, p.Shape)
	}
	return nil
}

// resident reads a parameter that a serving model, too, keeps in float32.
func (r *reader) resident(p *Param) error {
	p.Data = make([]float32, p.Len())
	if r.training() {
		p.Grad = make([]float32, p.Len())
	}
	return r.tensor(p, p.Data)
}

// scratchFor lends n floats until the next call.
func (r *reader) scratchFor(n int) []float32 {
	r.scratch = grow(r.scratch, n)
	return r.scratch
}

// grow returns a slice of length n, s's memory if that is large enough. What
// is in it is undefined.
func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}

// pack packs values (out, in) as the options say.
func (r *reader) pack(values []float32, out, in int) *kernels.Matrix {
	return kernels.Pack(r.options.Pool, r.options.Precision, values, out, in)
}
