//go:build !amd64 || purego

package kernels

const blockRows, blockFlops = 1, partFlops

// UsesAMX says whether AMX multiplies weights of a precision.
func UsesAMX(Precision) bool { return false }

func (t *product) usesAMX() bool { return false }

func (t *product) cutForAMX(_, _ int) {}

func (t *product) blocks(_, _, _, _, _ int) { panic("kernels: no AMX") }
