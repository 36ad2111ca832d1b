//go:build !purego

package kernels

var implementations = []implementation{{"NEON", &useNEON, useNEON}}
