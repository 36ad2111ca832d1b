package kernels

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Files store numbers as float32, bfloat16 or float16, with the lowest byte first.

// StoredBytes is how many bytes a stored number takes, 0 for a precision that files
// do not store numbers in.
func (p Precision) StoredBytes() int {
	switch p {
	case Float32:
		return 4
	case BFloat16, Float16:
		return 2
	}
	return 0
}

// Widen converts len(dst) stored numbers to float32, exactly.
func Widen(prec Precision, dst []float32, stored []byte) {
	stored = storedAs(prec, stored, len(dst))
	switch prec {
	case Float32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(stored[4*i:]))
		}
	case BFloat16:
		for i := range dst {
			dst[i] = widenBFloat16(binary.LittleEndian.Uint16(stored[2*i:]))
		}
	case Float16:
		const registers = 16 // numbers that the assembly widens at a time
		whole := len(dst) / registers * registers
		if whole > 0 {
			widenFloat16s(&dst[0], &stored[0], whole)
		}
		if whole < len(dst) {
			widenFloat16sGo(&dst[whole], &stored[2*whole], len(dst)-whole)
		}
	}
}

// Narrow stores numbers, each as the nearest that there is and of two as the even
// one; too large a number becomes infinite.
func Narrow(prec Precision, stored []byte, src []float32) {
	stored = storedAs(prec, stored, len(src))
	switch prec {
	case Float32:
		for i, v := range src {
			binary.LittleEndian.PutUint32(stored[4*i:], math.Float32bits(v))
		}
	case BFloat16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(stored[2*i:], roundBFloat16(v))
		}
	case Float16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(stored[2*i:], roundFloat16(v))
		}
	}
}

// storedAs are the bytes of n stored numbers.
func storedAs(prec Precision, stored []byte, n int) []byte {
	width := prec.StoredBytes()
	if width == 0 {
		panic(fmt.Sprintf("kernels: numbers are not stored as %s", prec))
	}
	return stored[:n*width]
}

// widenFloat16sGo converts n stored float16.
func widenFloat16sGo(y *float32, x *byte, n int) {
	stored := values(x, 0, 2*n)
	for i, to := 0, floats(y, 0, n); i < n; i++ {
		to[i] = widenFloat16(binary.LittleEndian.Uint16(stored[2*i:]))
	}
}
