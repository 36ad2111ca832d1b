//go:build !purego

package kernels

// implementations are ordered: each needs those before it.
var implementations = []implementation{
	{"NEON", &useNEON, useNEON},
	{"NEON dot product", &useDotProduct, useDotProduct},
}
