//go:build !purego

package kernels

// implementations are ordered: each needs some of those before it.
var implementations = []implementation{
	{"AVX2", &useAVX2, useAVX2},
	{"AVX-VNNI", &useAVXVNNI, useAVXVNNI},
	{"AVX-512", &useAVX512, useAVX512},
	{"AVX-512 VNNI", &useVNNI, useVNNI},
	{"AVX-512 BF16", &useBFloat16, useBFloat16},
	{"AVX-512 FP16", &useFloat16, useFloat16},
	{"AMX", &useAMX, useAMX},
}
