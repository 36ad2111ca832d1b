//go:build !linux && !purego

package kernels

// permitTiles refuses AMX where it has never run: Windows wants to be asked in a
// way of its own (EnableProcessOptionalXStateFeatures), and no Mac has it.
func permitTiles() bool { return false }
