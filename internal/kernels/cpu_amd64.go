//go:build !purego

package kernels

import (
	"time"

	"golang.org/x/sys/cpu"
)

// What the processor has, and may use. Tests turn them off one by one.
var (
	useAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	// VNNI without AVX-512: Intel since Alder Lake, AMD since Zen 5.
	useAVXVNNI = useAVX2 && cpu.X86.HasAVXVNNI
	// Every processor with AVX-512 since Skylake has these four parts of it.
	useAVX512 = useAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL
	useVNNI   = useAVX512 && cpu.X86.HasAVX512VNNI
	// Some processors multiply pairs of bfloat16 at twice float32's rate, others at
	// half of it.
	useBFloat16 = useAVX512 && cpu.X86.HasAVX512BF16 && bfloat16Pays()
)

// bfloat16Pays says whether a loop of VDPBF16PS does clearly more than one of
// float32 multiply-adds: an instruction does twice as much, and may take up to
// 1.6 times as long. It takes some 50 µs.
func bfloat16Pays() bool {
	const turns, rounds = 1000, 5
	measure := func(loop func(n int)) time.Duration {
		best := time.Hour
		for range rounds {
			start := time.Now()
			loop(turns)
			best = min(best, time.Since(start))
		}
		return best
	}
	measure(peakAVX512) // the clock settles
	return 5*measure(peakBFloat16) < 8*measure(peakAVX512)
}
