//go:build !purego

package kernels

import "golang.org/x/sys/unix"

// permitTiles asks Linux for the tile registers, which a process has to do once:
// they make what is saved of each of its threads, and the stack of a signal
// handler, larger by 8 kB (Documentation/arch/x86/xstate.rst). Go's signal
// stacks have 32 kB.
func permitTiles() bool {
	const (
		archRequestPermission = 0x1023 // ARCH_REQ_XCOMP_PERM
		tileData              = 18
	)
	_, _, err := unix.RawSyscall(unix.SYS_ARCH_PRCTL, archRequestPermission, tileData, 0)
	return err == 0
}
