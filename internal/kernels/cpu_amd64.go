//go:build !purego

package kernels

import "golang.org/x/sys/cpu"

// What the processor has, and may use. Tests turn them off one by one.
var (
	useAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	// Every processor with AVX-512 since Skylake has these four parts of it.
	useAVX512 = useAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL
	useVNNI   = useAVX512 && cpu.X86.HasAVX512VNNI
)
