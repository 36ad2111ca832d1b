package main

import "cloze/internal/kernels"

// precisions are those that this processor can compute in.
func precisions() []string {
	var names []string
	for _, p := range []kernels.Precision{kernels.Float32, kernels.BFloat16, kernels.Float16, kernels.Int8} {
		if kernels.Supported(p) {
			names = append(names, p.String())
		}
	}
	return names
}

// productsIn names what computes products in a precision that has been parsed.
func productsIn(precision string) string {
	p, err := kernels.ParsePrecision(precision)
	if err != nil {
		return "unknown"
	}
	return kernels.Implementation(p)
}
