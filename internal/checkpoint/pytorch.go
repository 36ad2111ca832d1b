package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
)

// torch.save writes a state dict as a pickle of tensors. Each tensor is a view
// of a storage, which the pickle only names by a key. Where the storages are
// depends on the version of PyTorch:
//
//	since 1.6   in a zip file, uncompressed: ROOT/data.pkl and ROOT/data/KEY
//	before      one after the other: the pickles of a magic number, the
//	            protocol version, the system, the state dict and the list of
//	            keys; then for every key the number of values in eight bytes,
//	            and the values
//
// Both are little-endian. See torch/serialization.py, _save and _legacy_save.

const (
	zipStart    = "PK\x03\x04"
	legacyStart = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + // 0x1950a86a20f9469cfc6c
		"\x80\x02M\xe9\x03." // 1001
)

// readPyTorch returns the tensors of a pytorch_model.bin.
func readPyTorch(f *file) ([]*tensor, error) {
	head, err := f.bytes(0, min(f.size, int64(len(legacyStart))))
	if err != nil {
		return nil, err
	}
	var dict *stateDict
	switch {
	case bytes.HasPrefix(head, []byte(zipStart)):
		dict, err = readZip(f)
	case string(head) == legacyStart:
		dict, err = readLegacy(f)
	default:
		err = fmt.Errorf("file starts with %.8q, want what torch.save writes", head)
	}
	if err != nil {
		return nil, about(f.name, err)
	}
	return dict.tensors(f)
}

// readZip reads the format of PyTorch 1.6 and later.
func readZip(f *file) (*stateDict, error) {
	archive, err := zip.NewReader(f.readerAt(), f.size)
	if err != nil {
		return nil, err
	}
	entries := make(map[string]*zip.File, len(archive.File))
	program := ""
	for _, entry := range archive.File {
		entries[entry.Name] = entry
		if path.Base(entry.Name) == "data.pkl" {
			program = entry.Name
		}
	}
	if program == "" {
		return nil, errors.New("zip file has no data.pkl, want what torch.save writes")
	}
	start, size, err := findEntry(f, entries, program)
	if err != nil {
		return nil, err
	}
	dict, _, err := readStateDict(f, start, start+size)
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(dict.storages)) {
		s := dict.storages[key]
		name := path.Join(path.Dir(program), "data", key)
		start, size, err := findEntry(f, entries, name)
		if err != nil {
			return nil, err
		}
		if size != s.bytes() {
			return nil, fmt.Errorf("zip entry %.100q is %d bytes, want %d values of %s", name, size, s.values, s.dtype)
		}
		s.start = start
	}
	return dict, nil
}

// findEntry returns where the bytes of an entry of the zip file are.
func findEntry(f *file, entries map[string]*zip.File, name string) (start, size int64, err error) {
	entry, ok := entries[name]
	switch {
	case !ok:
		return 0, 0, fmt.Errorf("zip entry %.100q is missing", name)
	case entry.Method != zip.Store:
		return 0, 0, fmt.Errorf("zip entry %.100q is compressed, want it stored as torch.save does", name)
	}
	start, err = entry.DataOffset()
	if err != nil {
		return 0, 0, fmt.Errorf("zip entry %.100q: %w", name, err)
	}
	if start > f.size || entry.UncompressedSize64 > uint64(f.size-start) {
		return 0, 0, fmt.Errorf("zip entry %.100q is %d bytes from byte %d, want it inside the file's %d", name, entry.UncompressedSize64, start, f.size)
	}
	return start, int64(entry.UncompressedSize64), nil
}

// readLegacy reads the format of PyTorch before 1.6.
func readLegacy(f *file) (*stateDict, error) {
	system, err := pickleAt(f, int64(len(legacyStart)), f.size)
	if err != nil {
		return nil, err
	}
	dict, at, err := readStateDict(f, int64(len(legacyStart)+len(system)), f.size)
	if err != nil {
		return nil, err
	}
	keys, at, err := readKeys(f, at)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		s := dict.storages[key]
		if s == nil || s.start != 0 {
			return nil, fmt.Errorf("storage %.100q is listed, want each that tensors use, once", key)
		}
		const countBytes = 8
		if f.size-at < countBytes {
			return nil, fmt.Errorf("storage %.100q starts at byte %d of %d: the file is cut short", key, at, f.size)
		}
		count, err := f.bytes(at, at+countBytes)
		if err != nil {
			return nil, err
		}
		if n := binary.LittleEndian.Uint64(count); n != uint64(s.values) {
			return nil, fmt.Errorf("storage %.100q is %d values, want %d", key, n, s.values)
		}
		s.start = at + countBytes
		if s.bytes() > f.size-s.start {
			return nil, fmt.Errorf("storage %.100q is %d bytes from byte %d of %d: the file is cut short", key, s.bytes(), s.start, f.size)
		}
		at = s.start + s.bytes()
	}
	return dict, nil
}
