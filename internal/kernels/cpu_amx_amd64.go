//go:build !purego

package kernels

import "golang.org/x/sys/cpu"

// useAMX says that the processor multiplies tiles of bfloat16 and of int8, and
// that this process may.
var useAMX = useAVX512 && cpu.X86.HasAMXTile && cpu.X86.HasAMXBF16 && cpu.X86.HasAMXInt8 && savesTiles() && permitTiles()

// savesTiles says whether the operating system saves and restores the tile
// registers and their configuration.
func savesTiles() bool {
	const tiles = 1<<17 | 1<<18
	return cpu.X86.HasOSXSAVE && enabledState()&tiles == tiles
}
