package bert_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// fixture is a small safetensors file: what testdata/make_fixtures.py wrote, or
// an embedded model. It implements bert.Weights with as little code as shows
// what the network asks of a checkpoint; package checkpoint reads real ones.
type fixture struct {
	metadata map[string]string
	tensors  map[string]tensor
	data     []byte
}

type tensor struct {
	Dtype   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

func openFixture(t testing.TB, path string) *fixture {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header := file[8:][:binary.LittleEndian.Uint64(file)]
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	f := &fixture{tensors: make(map[string]tensor), data: file[8+len(header):]}
	for name, entry := range entries {
		into := any(&f.metadata)
		var x tensor
		if name != "__metadata__" {
			into = &x
		}
		if err := json.Unmarshal(entry, into); err != nil {
			t.Fatalf("%s: %s: %v", path, name, err)
		}
		if name != "__metadata__" {
			f.tensors[name] = x
		}
	}
	return f
}

// config decodes the configuration in the metadata.
func (f *fixture) config(t testing.TB) bert.Config {
	t.Helper()
	var c bert.Config
	if err := json.Unmarshal([]byte(f.metadata["config"]), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fixture) Has(name string) bool {
	_, ok := f.tensors[name]
	return ok
}

func (f *fixture) Shape(name string) ([]int, bool) {
	x, ok := f.tensors[name]
	return x.Shape, ok
}

func (f *fixture) Raw(name string) (prec kernels.Precision, stored []byte, ok bool) {
	dtype, stored, _ := f.tensor(name)
	prec, ok = map[string]kernels.Precision{"F32": kernels.Float32, "F16": kernels.Float16, "BF16": kernels.BFloat16}[dtype]
	return prec, stored, ok
}

func (f *fixture) tensor(name string) (dtype string, data []byte, ok bool) {
	x, ok := f.tensors[name]
	return x.Dtype, f.data[x.Offsets[0]:x.Offsets[1]], ok
}

func (f *fixture) Read(name string, dst []float32) error {
	dtype, data, ok := f.tensor(name)
	if !ok {
		return fmt.Errorf("no tensor %q", name)
	}
	width := len(data) / max(len(dst), 1)
	for i := range dst {
		dst[i] = number(dtype, data[i*width:])
	}
	return nil
}

// number decodes the first value of data.
func number(dtype string, data []byte) float32 {
	switch dtype {
	case "F32":
		return math.Float32frombits(binary.LittleEndian.Uint32(data))
	case "BF16":
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(data)) << 16)
	case "F16":
		h := binary.LittleEndian.Uint16(data)
		exponent, mantissa := int(h>>10&0x1f), float64(h&0x3ff)
		value := math.Ldexp(mantissa+1024, exponent-25)
		if exponent == 0 {
			value = math.Ldexp(mantissa, -24)
		}
		if h&0x8000 != 0 {
			value = -value
		}
		return float32(value)
	case "I32":
		return float32(int32(binary.LittleEndian.Uint32(data)))
	case "U16":
		return float32(binary.LittleEndian.Uint16(data))
	case "U8":
		return float32(data[0])
	}
	panic("fixture: dtype " + dtype)
}

// floats returns a tensor's values, which must be there.
func (f *fixture) floats(t testing.TB, name string) []float32 {
	t.Helper()
	shape, ok := f.Shape(name)
	if !ok {
		t.Fatalf("fixture has no tensor %q", name)
	}
	n := 1
	for _, d := range shape {
		n *= d
	}
	values := make([]float32, n)
	if err := f.Read(name, values); err != nil {
		t.Fatal(err)
	}
	return values
}

// ints returns a tensor of whole numbers.
func (f *fixture) ints(t testing.TB, name string) []int32 {
	t.Helper()
	floats := f.floats(t, name)
	values := make([]int32, len(floats))
	for i, x := range floats {
		values[i] = int32(x)
	}
	return values
}

// batch returns the sequences that the expected values are of.
func (f *fixture) batch(t testing.TB) (ids, types [][]int32) {
	t.Helper()
	allIDs, allTypes := f.ints(t, "ids"), f.ints(t, "types")
	for _, n := range f.ints(t, "lengths") {
		ids, types = append(ids, allIDs[:n:n]), append(types, allTypes[:n:n])
		allIDs, allTypes = allIDs[n:], allTypes[n:]
	}
	return ids, types
}

// tolerance is how far a float32 may be from PyTorch's.
const tolerance = 1e-4

// compare reports the largest difference between got and want where it is more
// than tolerance.
func compare(t testing.TB, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d values, want %d", what, len(got), len(want))
		return
	}
	worst := 0
	for i := range want {
		// A NaN is worse than any number.
		if !(distance(got[i], want[i]) <= distance(got[worst], want[worst])) {
			worst = i
		}
	}
	if len(want) > 0 && !(distance(got[worst], want[worst]) <= tolerance) {
		t.Errorf("%s[%d] = %v, want %v", what, worst, got[worst], want[worst])
	}
}

func distance(a, b float32) float64 { return math.Abs(float64(a) - float64(b)) }
