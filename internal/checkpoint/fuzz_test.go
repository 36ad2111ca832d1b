package checkpoint

import (
	"encoding/binary"
	"runtime"
	"testing"
)

// Whatever the bytes, a reader returns tensors that lie inside the file or an
// error, and takes memory in proportion to the file.

func FuzzSafetensorsHeader(f *testing.F) {
	for _, header := range []string{
		"",
		"{}",
		"[]",
		`{"__metadata__":{"format":"pt"}}`,
		`{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}`,
		`{"a":{"dtype":"F16","shape":[],"data_offsets":[0,2]},"b":{"dtype":"BF16","shape":[11],"data_offsets":[2,24]}}`,
		`{"a":{"dtype":"I64","shape":[0,7],"data_offsets":[0,0]},"b":{"dtype":"F4","shape":[48],"data_offsets":[0,24]}}`,
		`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,24]}}`,
		`{"a":{"dtype":"F32","shape":[-6],"data_offsets":[24,0]}}`,
		`{"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24]},"b":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}`,
	} {
		f.Add(append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), make([]byte, 24)...))
	}
	f.Add(binary.LittleEndian.AppendUint64(nil, 1<<63))
	f.Fuzz(func(t *testing.T, data []byte) { checkReader(t, data, readSafetensors) })
}

func FuzzPyTorch(f *testing.F) {
	for _, file := range pytorchFiles() {
		if len(file.data) < 1<<10 {
			f.Add(file.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkReader(t, data, readPyTorch) })
}

func checkReader(t *testing.T, data []byte, read func(*file) ([]*tensor, error)) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f := &file{name: "file", data: data, size: int64(len(data))}
	tensors, err := read(f)
	runtime.ReadMemStats(&after)
	// An empty dictionary is one byte of a pickle and a map in memory.
	if took, limit := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+500*len(data)); took > limit {
		t.Errorf("reading %d bytes took %d bytes of memory, want at most %d", len(data), took, limit)
	}
	if err != nil {
		if err.Error() == "" {
			t.Error("the error says nothing")
		}
		return
	}
	for _, tensor := range tensors {
		want, ok := size(tensor.dtype, tensor.shape)
		if !ok || tensor.start < 0 || tensor.start > tensor.end || tensor.end > f.size {
			t.Fatalf("tensor %q %s %v is at %d to %d of %d bytes", tensor.name, tensor.dtype, tensor.shape, tensor.start, tensor.end, f.size)
		}
		values, err := tensor.bytes()
		if err != nil || int64(len(values)) != want {
			t.Fatalf("tensor %q %s %v has %d bytes, %v, want %d", tensor.name, tensor.dtype, tensor.shape, len(values), err, want)
		}
	}
}
