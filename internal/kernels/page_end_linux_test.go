package kernels

import (
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// Nothing may be read after the end of a slice: there may be no memory. Slices
// here end where a page begins that nobody may read.
func TestNothingIsReadPastTheEnd(t *testing.T) {
	const most = 1 << 14 // values
	memory := pagesBeforeNone(t, 4*most)
	atEnd := func(values []float32) []float32 {
		x := unsafe.Slice((*float32)(unsafe.Pointer(&memory[0])), most)[most-len(values):]
		copy(x, values)
		return x
	}
	eachImplementation(t, func(t *testing.T) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		r := newRand(1)
		for n := 1; n <= 67; n++ {
			const rows = 3
			name, other := "", make([]float32, rows*n+16)
			scales := make([]float32, rows)
			last := func() []float32 { return atEnd(normal(r, make([]float32, rows*n), 1)) }
			func() {
				defer func() {
					if err := recover(); err != nil {
						t.Fatalf("%s, %d columns: %v", name, n, err)
					}
				}()
				for a := GELU; a <= Tanh; a++ {
					name = "activation"
					activate(last(), a)
					activateWithSlope(&last()[0], &other[0], n, rows, n, a)
					activateWithSlope(&other[0], &last()[0], n, rows, n, a)
				}
				name = "Multiply"
				Multiply(other[:rows*n], last())
				Multiply(last(), other[:rows*n])
				name = "Softmax"
				Softmax(last(), other[:rows*n], n)
				Softmax(other[:rows*n], last(), n)
				name = "LayerNorm"
				LayerNorm(nil, last(), other[:rows*n], other[:n], other[:n], rows, n, 1e-5)
				LayerNorm(nil, other[:rows*n], last(), other[:n], other[:n], rows, n, 1e-5)
				LayerNorm(nil, other[:n], other[:n], last()[:n], last()[2*n:], 1, n, 1e-5)
				name = "quantize"
				quantize(&make([]uint8, rows*(n+15))[0], (n+15)/16*16, &last()[0], n, rows, n, &scales[0], &other[0])
				name = "roundRows"
				roundRows(&make([]uint16, rows*(n+15))[0], (n+15)/16*16, &last()[0], n, rows, n)
				name = "roundFloat16Rows"
				roundFloat16Rows(&make([]uint16, rows*(n+15))[0], (n+15)/16*16, &last()[0], n, rows, n)
				name = "Widen"
				bytes := unsafe.Slice((*byte)(unsafe.Pointer(&last()[0])), 4*rows*n)
				for _, prec := range []Precision{Float32, BFloat16, Float16} {
					Widen(prec, other[:n], bytes[len(bytes)-n*prec.StoredBytes():])
					Widen(prec, last()[:n], make([]byte, 4*n))
				}
				name = "TopK"
				TopK(last(), 3)
				name = "SumSquares"
				SumSquares(last())
				for prec := Float32; prec <= Int8; prec++ {
					name = "Mul in " + prec.String()
					pack(nil, prec, last(), rows, n).Mul(nil, make([]float32, rows*rows), other[:rows*n], rows, Epilogue{})
					m := pack(nil, prec, make([]float32, n*panelColumns), panelColumns, n)
					m.Mul(nil, make([]float32, rows*panelColumns), last(), rows, Epilogue{})
					m.Mul(nil, atEnd(make([]float32, 7*panelColumns)), make([]float32, 7*n), 7, Epilogue{Bias: make([]float32, panelColumns)})
					m.Mul(nil, make([]float32, panelColumns), other[:n], 1, Epilogue{Residual: atEnd(make([]float32, panelColumns))})
				}
			}()
		}
	})
}

// pagesBeforeNone maps some bytes, a multiple of the pages' size, before a page
// that may not be read.
func pagesBeforeNone(t *testing.T, bytes int) []byte {
	t.Helper()
	const page = 1 << 16 // or less
	memory, err := syscall.Mmap(-1, 0, bytes+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(memory[bytes:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return memory[:bytes]
}
