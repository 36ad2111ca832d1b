package kernels

import (
	"fmt"
	"math"
	"testing"
)

// The sums are of integers, so every implementation has the same; only the
// rounding of the scales' products may differ.
func TestInt8AgainstItsDefinition(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	eachImplementation(t, func(t *testing.T) {
		for _, shape := range tileShapes {
			rows, out, in := shape[0], shape[1], shape[2]
			for offset := range 2 {
				t.Run(fmt.Sprintf("%dx%dx%d offset %d", rows, out, in, offset), func(t *testing.T) {
					r := newRand(uint64(rows*out + in))
					x, w, residual := newGuarded(rows*in, offset), normal(r, make([]float32, out*in), 1), newGuarded(rows*out, offset)
					normal(r, x.slice(), 3)
					for i := range x.slice() {
						x.slice()[i] += float32(2 * (i / max(in, 1) % 3)) // rows around 0, 2 and 4
					}
					normal(r, residual.slice(), 1)
					bias := normal(r, make([]float32, out), 1)
					y := newGuarded(rows*out, 1-offset)
					m := Pack(pool, Int8, w, out, in)
					m.Mul(pool, y.slice(), x.slice(), rows, Epilogue{Bias: bias, Residual: residual.slice()})
					y.check(t, "y")
					x.check(t, "x")
					weightScales, weights := quantized(w, out, in)
					rowScales, centers, values := centered(x.slice(), rows, in)
					for i, got := range y.slice() {
						row, column := i/max(out, 1), i%max(out, 1)
						sum, weightSum := 0, 0
						for k := range in {
							sum += values[row*in+k] * weights[column*in+k]
							weightSum += weights[column*in+k]
						}
						ofCenter := centers[row] * weightScales[column] * float64(weightSum)
						want := float64(sum)*weightScales[column]*rowScales[row] + ofCenter + float64(bias[column]) + float64(residual.slice()[i])
						if math.Abs(float64(got)-want) > 1e-6*(3+math.Abs(want)+math.Abs(ofCenter)) {
							t.Fatalf("y[%d] = %v, want %v", i, got, want)
						}
					}
				})
			}
		}
	})
}

// The largest sum is below 2³¹ still.
func TestInt8OfMostInputs(t *testing.T) {
	ones := make([]float32, MaxInputs)
	for i := range ones {
		ones[i] = 1
	}
	eachImplementation(t, func(t *testing.T) {
		var y [1]float32
		Pack(nil, Int8, ones, 1, MaxInputs).Mul(nil, y[:], ones, 1, Epilogue{})
		if off := math.Abs(float64(y[0])/MaxInputs - 1); off > 1e-5 {
			t.Errorf("%d ones are %v", MaxInputs, y[0])
		}
	})
}

// Without a bias and of rows as far below 0 as above it, nothing is rounded but
// the sum, which is exact below 2²⁴, and its products with the two scales.
func TestInt8SumsAreExact(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	eachImplementation(t, func(t *testing.T) {
		for _, shape := range tileShapes {
			rows, out, in := shape[0], shape[1], shape[2]
			r := newRand(uint64(rows + out + in))
			x, w := normal(r, make([]float32, rows*in), 2), normal(r, make([]float32, out*in), 1)
			for row := range rows {
				for k := 1; k < in; k += 2 {
					x[row*in+k] = -x[row*in+k-1]
				}
				if in%2 > 0 {
					x[row*in+in-1] = 0
				}
			}
			y := make([]float32, rows*out)
			m := Pack(pool, Int8, w, out, in)
			m.Mul(pool, y, x, rows, Epilogue{})
			_, weights := quantized(w, out, in)
			_, values := quantized(x, rows, in)
			scales, q := make([]float32, rows), make([]uint8, rows*(in+15))
			if rows > 0 {
				quantizeGo(&q[0], in+15, &x[0], in, rows, in, &scales[0], nil)
			}
			for i, got := range y {
				row, column := i/out, i%out
				sum := 0
				for k := range in {
					sum += values[row*in+k] * weights[column*in+k]
				}
				if want := float32(sum) * m.int8.scales[column] * scales[row]; got != want {
					t.Fatalf("%dx%dx%d: y[%d][%d] = %v, want %v", rows, out, in, row, column, got, want)
				}
			}
		}
	})
}

// quantized is the symmetric quantisation of rows to ±127, in float64 but for
// the one division that decides the rounding.
func quantized(x []float32, rows, columns int) (scales []float64, values []int) {
	for r := range rows {
		row := x[r*columns:][:columns]
		largest := float32(1e-30)
		for _, v := range row {
			largest = max(largest, v, -v)
		}
		scales = append(scales, float64(largest)/127)
		for _, v := range row {
			values = append(values, int(math.RoundToEven(float64(v*(127/largest)))))
		}
	}
	return scales, values
}

// centered is the quantisation of rows around their centers, likewise.
func centered(x []float32, rows, columns int) (scales, centers []float64, values []int) {
	for r := range rows {
		row := x[r*columns:][:columns]
		var lowest, highest float32
		for _, v := range row {
			lowest, highest = min(lowest, v), max(highest, v)
		}
		span := max(highest-lowest, 1e-30)
		scale := float64(span) / 254
		center := math.RoundToEven(float64((highest + lowest) * (254 / span) * 0.5))
		scales, centers = append(scales, scale), append(centers, center*scale)
		for _, v := range row {
			values = append(values, min(int(math.RoundToEven(float64(v*(254/span)))-center), 127))
		}
	}
	return scales, centers, values
}

// What comes out of GELU has all eight bits: its error is hardly more than that
// of values on both sides of 0.
func TestInt8IsCloseToFloat32AfterGELU(t *testing.T) {
	const rows, out, in = 20, 64, 768
	r := newRand(1)
	x, w := normal(r, make([]float32, rows*in), 1), normal(r, make([]float32, out*in), 0.05)
	activateRowsGo(&x[0], in, rows, in, GELU)
	exact, y := make([]float32, rows*out), make([]float32, rows*out)
	Pack(nil, Float32, w, out, in).Mul(nil, exact, x, rows, Epilogue{})
	eachImplementation(t, func(t *testing.T) {
		Pack(nil, Int8, w, out, in).Mul(nil, y, x, rows, Epilogue{})
		var difference, norm float64
		for i := range y {
			difference += math.Pow(float64(y[i]-exact[i]), 2)
			norm += math.Pow(float64(exact[i]), 2)
		}
		if relative := math.Sqrt(difference / norm); relative > 0.011 {
			t.Errorf("relative error %v", relative)
		}
	})
}

// The error of a product of normal values is that of rounding to 8 bits.
func TestInt8IsCloseToFloat32(t *testing.T) {
	const rows, out, in = 20, 64, 768
	r := newRand(1)
	x, w := normal(r, make([]float32, rows*in), 1), normal(r, make([]float32, out*in), 0.05)
	exact, y := make([]float32, rows*out), make([]float32, rows*out)
	Pack(nil, Float32, w, out, in).Mul(nil, exact, x, rows, Epilogue{})
	eachImplementation(t, func(t *testing.T) {
		Pack(nil, Int8, w, out, in).Mul(nil, y, x, rows, Epilogue{})
		var difference, norm float64
		for i := range y {
			difference += math.Pow(float64(y[i]-exact[i]), 2)
			norm += math.Pow(float64(exact[i]), 2)
		}
		// Steps of a 127th of about 3 deviations, in both factors.
		if relative := math.Sqrt(difference / norm); relative > 0.012 {
			t.Errorf("relative error %v", relative)
		}
	})
}

func TestInt8OfZerosAndSpecialValues(t *testing.T) {
	const rows, out, in = 16, 40, 37
	eachImplementation(t, func(t *testing.T) {
		w := normal(newRand(1), make([]float32, out*in), 1)
		clear(w[3*in : 4*in])
		m := Pack(nil, Int8, w, out, in)
		x, y := normal(newRand(2), make([]float32, rows*in), 1), make([]float32, rows*out)
		clear(x[2*in : 3*in])
		x[5*in+36], x[6*in], x[7*in+1] = float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))
		m.Mul(nil, y, x, rows, Epilogue{})
		for i, v := range y {
			row, column := i/out, i%out
			switch {
			case row >= 5 && row <= 7:
				if !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) {
					t.Fatalf("row %d: y[%d] = %v, want no number", row, column, v)
				}
			case row == 2 || column == 3:
				if v != 0 {
					t.Fatalf("row %d: y[%d] = %v, want 0", row, column, v)
				}
			case math.IsNaN(float64(v)) || math.IsInf(float64(v), 0):
				t.Fatalf("row %d: y[%d] = %v", row, column, v)
			}
		}
	})
}

func TestQuantizeAgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(1)
		for columns := 1; columns <= 130; columns++ {
			for offset := range 4 {
				const rows = 4
				g := newGuarded(rows*columns, offset)
				x := normal(r, g.slice(), 2)
				for k := range columns {
					x[columns+k] = max(x[columns+k], -x[columns+k]) // of one sign
					x[2*columns+k] -= 5
					x[3*columns+k] = 127.5 - float32(k%2)*126.5 // halves of a step
				}
				ld := (columns + 15) / 16 * 16
				for _, symmetric := range []bool{false, true} {
					got, want := make([]uint8, rows*ld+16), make([]uint8, rows*ld)
					factors, wantFactors := make([]float32, 2*rows), make([]float32, 2*rows)
					centers, wantCenters := &factors[rows], &wantFactors[rows]
					if symmetric {
						centers, wantCenters = nil, nil
					}
					quantize(&got[0], ld, &x[0], columns, rows, columns, &factors[0], centers)
					quantizeGo(&want[0], ld, &x[0], columns, rows, columns, &wantFactors[0], wantCenters)
					for i, v := range factors {
						if v != wantFactors[i] {
							t.Fatalf("%d columns: scales and centers %v, want %v", columns, factors, wantFactors)
						}
					}
					for row := range rows {
						for k := range columns {
							if got[row*ld+k] != want[row*ld+k] {
								t.Fatalf("%d columns: %d at %d of row %d, want %d", columns, got[row*ld+k], k, row, want[row*ld+k])
							}
						}
					}
					for k, v := range got[rows*ld:] {
						if v != 0 {
							t.Fatalf("%d columns: wrote %d at %d after the last row", columns, v, k)
						}
					}
				}
			}
		}
	})
}

func TestWidenBytes(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		widen := widenBytesGo
		if multipliesWords() {
			widen = widenBytes
		}
		for _, n := range []int{64, 128, 192} {
			x, y := make([]uint8, n), make([]uint16, n+64)
			for i := range x {
				x[i] = uint8(3 * i)
			}
			widen(&y[0], &x[0], n)
			for i, v := range y {
				want := uint16(0)
				if i < n {
					want = uint16(x[i])
				}
				if v != want {
					t.Fatalf("%d bytes: %d at %d, want %d", n, v, i, want)
				}
			}
		}
	})
}

// Every value is at most half a step from what it became, and 0 is exact.
func TestQuantizeGoIsClose(t *testing.T) {
	r := newRand(1)
	const columns = 100
	for shift := -6; shift <= 6; shift++ {
		x := normal(r, make([]float32, columns), 2)
		x[7] = 0
		for k := range x {
			if k != 7 {
				x[k] += float32(shift)
			}
		}
		q := make([]uint8, columns+12)
		var scale, center float32
		quantizeGo(&q[0], columns+12, &x[0], columns, 1, columns, &scale, &center)
		for k, v := range x {
			back := center + scale*float32(int(q[k])-int8Zero)
			if math.Abs(float64(back-v)) > 0.5001*float64(scale) || k == 7 && math.Abs(float64(back)) > 1e-6 {
				t.Errorf("shift %d: %v became %v, steps of %v", shift, v, back, scale)
			}
		}
	}
}

func TestInt8AllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	pool := NewPool(2)
	defer pool.Close()
	m := Pack(nil, Int8, make([]float32, 256*256), 256, 256)
	x, y := make([]float32, 40*256), make([]float32, 40*256)
	if n := testing.AllocsPerRun(50, func() { m.Mul(pool, y, x, 40, Epilogue{}) }); n != 0 {
		t.Errorf("Mul allocates %v times, want 0", n)
	}
}
