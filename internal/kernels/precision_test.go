package kernels

import (
	"slices"
	"testing"
)

func TestChoosePrecision(t *testing.T) {
	for _, name := range PrecisionChoices() {
		p, err := ChoosePrecision(name)
		if err != nil || !Supported(p) || name != AutoName && p.String() != name {
			t.Errorf("ChoosePrecision(%q) = %v, %v", name, p, err)
		}
	}
	if p, err := ChoosePrecision("auto"); err != nil || p != Auto() {
		t.Errorf(`ChoosePrecision("auto") = %v, %v; want %v`, p, err, Auto())
	}
	for _, name := range []string{"", "int4", "Float32"} {
		if p, err := ChoosePrecision(name); err == nil {
			t.Errorf("ChoosePrecision(%q) = %v, want an error", name, p)
		}
	}
	for _, name := range PrecisionNames() {
		p, _ := ParsePrecision(name)
		if _, err := ChoosePrecision(name); (err == nil) != Supported(p) || slices.Contains(PrecisionChoices(), name) != Supported(p) {
			t.Errorf("ChoosePrecision(%q): %v, though supported is %v", name, err, Supported(p))
		}
	}
}
