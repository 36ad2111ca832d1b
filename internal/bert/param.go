package bert

// Param is one named tensor that a model learns. Model.Parameters lists them
// all: loading, saving, counting, clipping, AdamW and the gradient tests range
// over that one list.
type Param struct {
	Name  string // as in Hugging Face's checkpoints
	Shape []int
	// Data are the values, row-major. It is nil where a serving model holds
	// them in another form: packed, or as stored in the checkpoint.
	Data []float32
	// Grad is ∂loss/∂Data, to which Backward adds; nil in a serving model and
	// for a frozen parameter.
	Grad []float32
	// Decay says whether weight decay applies: to matrices, but not to biases
	// and LayerNorm (google-research/bert, optimization.py).
	Decay bool
}

// Len is the number of values, the product of Shape.
func (p *Param) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// learns says whether any of the parameters has a gradient.
func learns(params []*Param) bool {
	for _, p := range params {
		if p.Grad != nil {
			return true
		}
	}
	return false
}

func newMatrix(name string, rows, cols int) *Param {
	return &Param{Name: name, Shape: []int{rows, cols}, Decay: true}
}

// newVector makes a bias, or the gamma or beta of a LayerNorm.
func newVector(name string, n int) *Param {
	return &Param{Name: name, Shape: []int{n}}
}
