//go:build !purego

package kernels

import "golang.org/x/sys/cpu"

// What the processor has, and may use. Tests turn them off one by one.
var (
	useNEON = true // every arm64 processor has it
	// Since about 2018: Neoverse N1, Cortex-A76 and A55, Apple's M1 and A11.
	useDotProduct = useNEON && cpu.ARM64.HasASIMDDP
)
