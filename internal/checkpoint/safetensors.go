package checkpoint

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// A safetensors file is
//
//	8 bytes   length of the header, little-endian
//	header    JSON: {"NAME": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]}, …}
//	          and perhaps "__metadata__": {"format": "pt"}
//	data      the values, little-endian and row-major, tensor after tensor without gaps
//
// https://github.com/huggingface/safetensors, README.md and tensor.rs.

const (
	weightsFile   = "model.safetensors"
	metadataEntry = "__metadata__"
)

// maxHeader is the reference implementation's limit, MAX_HEADER_SIZE.
const maxHeader = 100_000_000

// headerEntry describes a tensor in the header.
type headerEntry struct {
	DType   DType   `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // start and end, counted from the end of the header
}

// readSafetensors returns the tensors of a file in the order of their data.
func readSafetensors(f *file) ([]*tensor, error) {
	header, data, err := splitSafetensors(f)
	if err != nil {
		return nil, about(f.name, err)
	}
	tensors, err := parseHeader(f, header)
	if err != nil {
		return nil, err
	}
	return tensors, checkLayout(f, tensors, data)
}

// splitSafetensors returns the header and where the data starts.
func splitSafetensors(f *file) (header []byte, data int64, err error) {
	const prefix = 8
	if f.size < prefix {
		return nil, 0, fmt.Errorf("file is %d bytes, want at least %d", f.size, prefix)
	}
	length, err := f.bytes(0, prefix)
	if err != nil {
		return nil, 0, err
	}
	n := binary.LittleEndian.Uint64(length)
	if room := uint64(f.size - prefix); n > maxHeader || n > room {
		return nil, 0, fmt.Errorf("header length is %d, want at most %d", n, min(room, maxHeader))
	}
	data = prefix + int64(n)
	header, err = f.bytes(prefix, data)
	if err == nil && (n == 0 || header[0] != '{') {
		err = fmt.Errorf("header starts with %.20q, want {", header)
	}
	return header, data, err
}

// Metadata reads what SaveWithMetadata noted beside the weights in a directory;
// nothing if it has no model.safetensors.
func Metadata(path string) (map[string]string, error) {
	f, err := openFile(directory{os.DirFS(path), path}, weightsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.close() //nolint:errcheck // nothing was written
	header, _, err := splitSafetensors(f)
	if err != nil {
		return nil, about(f.name, err)
	}
	var entries struct {
		Metadata map[string]string `json:"__metadata__"`
	}
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, about(f.name, fmt.Errorf("header: %w", err))
	}
	return entries.Metadata, nil
}

func parseHeader(f *file, header []byte) ([]*tensor, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, about(f.name, fmt.Errorf("header: %w", err))
	}
	delete(entries, metadataEntry)
	tensors := make([]*tensor, 0, len(entries))
	for name, raw := range entries {
		t := &tensor{name: name, file: f}
		var e headerEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, t.errorf("in the header: %w", err)
		}
		want, ok := size(e.DType, e.Shape)
		switch {
		case bitsOf[e.DType] == 0:
			return nil, t.errorf("has dtype %q, which safetensors does not know", e.DType)
		case !ok:
			return nil, t.errorf("has shape %v, want dimensions whose product is a size in bytes", e.Shape)
		case len(e.Offsets) != 2:
			return nil, t.errorf("has data_offsets %v, want a start and an end", e.Offsets)
		case e.Offsets[0] < 0 || e.Offsets[1]-e.Offsets[0] != want:
			return nil, t.errorf("has data_offsets %v, want %d bytes for %s %v", e.Offsets, want, e.DType, e.Shape)
		}
		t.dtype, t.shape = e.DType, e.Shape
		t.start, t.end = e.Offsets[0], e.Offsets[1]
		tensors = append(tensors, t)
	}
	slices.SortFunc(tensors, func(a, b *tensor) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name))
	})
	return tensors, nil
}

// checkLayout holds the tensors to the format's rule that they fill the data
// without overlap or gap, and makes their offsets those of the file.
func checkLayout(f *file, tensors []*tensor, data int64) error {
	var filled int64
	for _, t := range tensors {
		switch {
		case t.end > f.size-data:
			return t.errorf("ends at byte %d of the data, want at most %d: the file is cut short", t.end, f.size-data)
		case t.start < filled:
			return t.errorf("starts at byte %d of the data, want %d: it overlaps another", t.start, filled)
		case t.start > filled:
			return t.errorf("starts at byte %d of the data, want %d: no tensor has the bytes between", t.start, filled)
		}
		filled = t.end
		t.start += data
		t.end += data
	}
	if filled != f.size-data {
		return about(f.name, fmt.Errorf("tensors have %d bytes, want the %d bytes of data", filled, f.size-data))
	}
	return nil
}
