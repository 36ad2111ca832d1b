//go:build !purego

package kernels

// useFloat16 says that the processor multiplies and adds float16. It may without
// AMX: virtual machines often leave that out.
var useFloat16 = useAVX512 && extendedFeatures()&(1<<23) != 0 // AVX512_FP16; every processor with AVX2 has the leaf
