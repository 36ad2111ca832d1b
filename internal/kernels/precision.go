package kernels

import "fmt"

// Precision is the number format that a weight is packed in.
type Precision uint8

// The precisions.
const (
	// Float32 computes as the checkpoint's float32 values say.
	Float32 Precision = iota
	// BFloat16 has float32's range and 8 bits of mantissa.
	BFloat16
	// Float16 has 11 bits of mantissa and ends at 65,504. Only processors that
	// multiply and add it (AVX512-FP16) compute in it.
	Float16
	// Int8 has 8 bits and a scale: one for each output of a weight, and one for
	// each row of what it is multiplied with, found when it is.
	Int8
)

var precisionNames = [...]string{Float32: "float32", BFloat16: "bfloat16", Float16: "float16", Int8: "int8"}

func (p Precision) String() string {
	if int(p) < len(precisionNames) {
		return precisionNames[p]
	}
	return fmt.Sprintf("Precision(%d)", uint8(p))
}

// PrecisionNames are the names that ParsePrecision knows.
func PrecisionNames() []string { return precisionNames[:] }

// ParsePrecision is the inverse of String.
func ParsePrecision(s string) (Precision, error) {
	for p, name := range precisionNames {
		if s == name {
			return Precision(p), nil
		}
	}
	return 0, fmt.Errorf("unknown precision %q, want one of %q", s, precisionNames)
}

// AutoName stands for Auto where a precision is chosen by name.
const AutoName = "auto"

// ChoosePrecision is ParsePrecision of a precision that this processor computes
// in, and Auto for AutoName.
func ChoosePrecision(name string) (Precision, error) {
	if name == AutoName {
		return Auto(), nil
	}
	p, err := ParsePrecision(name)
	if err == nil && !Supported(p) {
		err = fmt.Errorf("this processor does not compute in %s", p)
	}
	return p, err
}

// PrecisionChoices are the names that ChoosePrecision takes here.
func PrecisionChoices() []string {
	names := []string{AutoName}
	for p, name := range precisionNames {
		if Supported(Precision(p)) {
			names = append(names, name)
		}
	}
	return names
}

// Auto is the precision to take if nobody asks for one: bfloat16 where AMX
// multiplies it many times as fast as float32, and float32 elsewhere.
func Auto() Precision {
	if UsesAMX(BFloat16) {
		return BFloat16
	}
	return Float32
}
