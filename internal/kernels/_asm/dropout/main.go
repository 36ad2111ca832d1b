// Command dropout generates dropout, its random numbers included.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

// The constants of SplitMix64.
const (
	increment  uint64 = 0x9e3779b97f4a7c15
	multiplier uint64 = 0xbf58476d1ce4e5b9
	finisher   uint64 = 0x94d049bb133111eb
)

func main() { vectors.Run(dropout) }

// dropout emits loops over two registers of values at a time: as many as there
// are 16-bit numbers in a register of hashes.
func dropout(s vectors.Set) {
	TEXT("dropout"+s.Name, NOSPLIT, "func(y, x, residual *float32, n int, state uint64, threshold uint16, scale float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("dropout%s is dropoutGo for n values, a multiple of %d.", s.Name, 2*s.Lanes))
	y, x, residual := Load(Param("y"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual), Load(Param("residual"), GP64()).(GPVirtual)
	n := Load(Param("n"), GP64())
	scale := s.Broadcast(vectors.Argument("scale"))
	threshold := s.New()
	VPBROADCASTW(vectors.Argument("threshold"), threshold)

	// The generator adds the increment before it mixes, so that lane i of states
	// has state + (i+1)·increment.
	states, step := s.New(), s.New()
	VPBROADCASTQ(vectors.Argument("state"), states)
	VPADDQ(lanes(), states, states)
	VMOVUPS(every(uint64(s.Lanes/2)*increment), step)

	TESTQ(residual, residual)
	JNZ(LabelRef("adding"))
	loop := func(label string, pointers []GPVirtual, finish func(v VecVirtual, at int)) {
		Label(label)
		numbers := mix(s, states)
		VPADDQ(step, states, states)
		for i, v := range keep(s, x, scale, numbers, threshold) {
			finish(v, i*s.Bytes())
		}
		for _, p := range pointers {
			ADDQ(U32(2*s.Bytes()), p)
		}
		SUBQ(U8(2*s.Lanes), n)
		JG(LabelRef(label))
		VZEROUPPER()
		RET()
	}
	loop("plain", []GPVirtual{x, y}, func(v VecVirtual, at int) {
		VMOVUPS(v, Mem{Base: y, Disp: at})
	})
	loop("adding", []GPVirtual{x, y, residual}, func(v VecVirtual, at int) {
		VADDPS(Mem{Base: residual, Disp: at}, v, v)
		VMOVUPS(v, Mem{Base: y, Disp: at})
	})
}

// mix is the output function of SplitMix64, without its addition.
func mix(s vectors.Set, states VecVirtual) VecVirtual {
	z := s.Copy(states)
	xorShift(s, z, 30)
	multiply(s, z, multiplier)
	xorShift(s, z, 27)
	multiply(s, z, finisher)
	xorShift(s, z, 31)
	return z
}

// xorShift computes z ^= z >> n.
func xorShift(s vectors.Set, z VecVirtual, n uint8) {
	shifted := s.New()
	VPSRLQ(U8(n), z, shifted)
	if s.Lanes == 16 {
		VPXORQ(shifted, z, z)
	} else {
		VPXOR(shifted, z, z)
	}
}

// multiply computes z *= c in every 64-bit lane. AVX2 has only the product of
// the lower halves, so there
//
//	z·c = low(z)·low(c) + (low(z)·high(c) + high(z)·low(c))·2³²
func multiply(s vectors.Set, z VecVirtual, c uint64) {
	if s.Lanes == 16 {
		VPMULLQ(every(c), z, z)
		return
	}
	high, cross := s.New(), s.New()
	VPSRLQ(U8(32), z, high)
	VPMULUDQ(every(c), high, high)
	VPMULUDQ(every(c>>32), z, cross)
	VPADDQ(cross, high, high)
	VPSLLQ(U8(32), high, high)
	VPMULUDQ(every(c), z, z)
	VPADDQ(high, z, z)
}

// keep is two registers of x·scale with zeros where a 16-bit number is below
// the threshold.
func keep(s vectors.Set, x GPVirtual, scale, numbers, threshold VecVirtual) [2]VecVirtual {
	kept := [2]VecVirtual{s.New(), s.New()}
	at := func(i int) Mem { return Mem{Base: x, Disp: i * s.Bytes()} }
	if s.Lanes == 16 {
		const notLess = 5
		mask, upper := K(), K()
		VPCMPUW(U8(notLess), threshold, numbers, mask)
		KSHIFTRD(U8(16), mask, upper)
		VMULPS_Z(at(0), scale, mask, kept[0])
		VMULPS_Z(at(1), scale, upper, kept[1])
		return kept
	}
	larger, upper := s.New(), XMM()
	VPMAXUW(threshold, numbers, larger)
	VPCMPEQW(larger, numbers, numbers)
	VEXTRACTI128(U8(1), numbers, upper)
	for i, half := range []Register{numbers.AsX(), upper} {
		mask := s.New()
		VPMOVSXWD(half, mask)
		VMULPS(at(i), scale, kept[i])
		VANDPS(mask, kept[i], kept[i])
	}
	return kept
}

var constants = map[uint64]Mem{}

// every is v in every 64-bit lane.
func every(v uint64) Mem {
	m, ok := constants[v]
	if !ok {
		m = GLOBL(fmt.Sprintf("q%016x", v), RODATA|NOPTR)
		for i := range 8 {
			DATA(8*i, U64(v))
		}
		constants[v] = m
	}
	return m
}

var lanesTable Mem

// lanes is (i+1)·increment in lane i.
func lanes() Mem {
	if lanesTable.Symbol.Name == "" {
		lanesTable = GLOBL("increments", RODATA|NOPTR)
		for i := range uint64(8) {
			DATA(int(8*i), U64((i+1)*increment))
		}
	}
	return lanesTable
}
