package kernels

// Activation is a function applied to every element.
type Activation uint8

// The activations of BERT's configurations. Errors against float64 are below
// 5e-7·|x| for the two GELUs and relatively below 5e-7 for Tanh.
const (
	None     Activation = iota
	GELU                // x·Φ(x) = x·(1 + erf(x/√2))/2: "gelu"
	GELUTanh            // x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2: "gelu_new"
	ReLU                // max(x, 0)
	Tanh
)

const (
	sqrtHalf    = 0.70710678118654752440 // √(1/2)
	sqrtTwoByPi = 0.79788456080286535588 // √(2/π)
	cubicByTanh = 0.044715               // Hendrycks and Gimpel 2016
	cubicScaled = sqrtTwoByPi * cubicByTanh
)

// activateRowsGo applies an activation to columns values of each of the rows,
// which are ld apart.
func activateRowsGo(x *float32, ld, rows, columns int, a Activation) {
	for r := range rows {
		row := floats(x, r*ld, columns)
		switch a {
		case GELU:
			for i, v := range row {
				half := 0.5 * v
				row[i] = half*erf(v*sqrtHalf) + half
			}
		case GELUTanh:
			for i, v := range row {
				half := 0.5 * v
				row[i] = half*tanh(v*(sqrtTwoByPi+cubicScaled*v*v)) + half
			}
		case ReLU:
			for i, v := range row {
				if v < 0 {
					row[i] = 0
				}
			}
		case Tanh:
			for i, v := range row {
				row[i] = tanh(v)
			}
		}
	}
}
