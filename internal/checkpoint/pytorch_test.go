package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// Pickles are written here as torch.save writes them, a piece at a time.

const (
	pickleStart = "\x80\x02"
	orderedDict = "ccollections\nOrderedDict\n)R"
	rebuildView = "ctorch._utils\n_rebuild_tensor_v2\n"
)

func pickled(items ...string) string {
	return pickleStart + orderedDict + strings.Join(items, "") + "."
}

func str(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func num(n int32) string { return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }

func tuple(items ...string) string { return "(" + strings.Join(items, "") + "t" }

// numTuple is a tuple of ints.
func numTuple(values ...int32) string {
	items := make([]string, len(values))
	for i, v := range values {
		items[i] = num(v)
	}
	return tuple(items...)
}

// persistent is a storage of float32 values.
func persistent(key string, values int32) string {
	return tuple(str("storage"), "ctorch\nFloatStorage\n", str(key), str("cpu"), num(values)) + "Q"
}

// tensorItem adds a tensor to the dict below it on the stack.
func tensorItem(name, storage string, offset int32, shape, strides string) string {
	return str(name) + rebuildView + tuple(storage, num(offset), shape, strides, "\x89", orderedDict) + "R" + "s"
}

// zipped is a pytorch_model.bin with a pickle and the bytes of its storages.
func zipped(method uint16, pickle string, storages map[string]int) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add := func(name string, data []byte) {
		entry, err := w.CreateHeader(&zip.FileHeader{Name: "model/" + name, Method: method})
		must(err)
		_, err = entry.Write(data)
		must(err)
	}
	add("data.pkl", []byte(pickle))
	for key, size := range storages {
		add("data/"+key, make([]byte, size))
	}
	must(w.Close())
	return b.Bytes()
}

// legacy is a pytorch_model.bin of before PyTorch 1.6.
func legacy(pickle, keys string, storages ...string) []byte {
	return []byte(legacyStart + pickleStart + "}." + pickle + pickleStart + "](" + keys + "e." + strings.Join(storages, ""))
}

// counted is a storage's number of values, and its bytes.
func counted(values uint64, size int) string {
	return string(binary.LittleEndian.AppendUint64(nil, values)) + strings.Repeat("\x00", size)
}

// pytorchFile is a pytorch_model.bin and what reading it gives.
type pytorchFile struct {
	name string
	data []byte
	want string // part of the error; "" if the file is sound
}

func pytorchFiles() []pytorchFile {
	six := map[string]int{"0": 24}
	view := func(offset int32, shape, strides string) []byte {
		return zipped(zip.Store, pickled(tensorItem("x", persistent("0", 6), offset, shape, strides)), six)
	}
	return []pytorchFile{
		{"sound", view(0, numTuple(2, 3), numTuple(3, 1)), ""},
		{"sound transposed", view(0, numTuple(3, 2), numTuple(1, 3)), ""},
		{"sound legacy", legacy(pickled(tensorItem("x", persistent("0", 6), 0, numTuple(6), numTuple(1))), str("0"), counted(6, 24)), ""},

		{"empty", nil, `file starts with "", want what torch.save writes`},
		{"something else", []byte("\x89PNG\r\n\x1a\n and so on"), `file starts with "\x89PNG\r\n\x1a\n", want what torch.save writes`},

		// what the pickle says
		{"calls something", zipped(zip.Store, pickleStart+"cos\nsystem\n"+tuple(str("true"))+"R.", nil), `pickle names "os.system", want nothing but tensors`},
		{"calls something that gopickle knows", zipped(zip.Store, pickleStart+"carray\n_array_reconstructor\n.", nil), `pickle names "array._array_reconstructor"`},
		{"global without end", zipped(zip.Store, pickleStart+"ctorch\nFloatStorage", nil), "pickle of at least 21 bytes has no end"},
		{"protocol 4", zipped(zip.Store, "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.", nil), "pickle has opcode 0x95 at byte 2"},
		{"string beyond the end", zipped(zip.Store, pickleStart+"X\xff\xff\xff\xff.", nil), "has no end"},
		{"too many marks", zipped(zip.Store, pickleStart+strings.Repeat("(", 17)+".", nil), "pickle nests 17 deep at byte 18, want 0 to 16"},
		{"too few marks", zipped(zip.Store, pickleStart+"t.", nil), "pickle nests -1 deep"},
		{"empty stack", zipped(zip.Store, pickleStart+"s.", nil), "pickle: the stack is empty"},
		{"number of no bytes", zipped(zip.Store, pickleStart+"\x8a\x00.", nil), "pickle is broken: "},
		{"reduces a number", zipped(zip.Store, pickleStart+num(1)+")R.", nil), "REDUCE requires a Callable"},
		{"never ends", zipped(zip.Store, strings.Repeat("N", maxPickle+1), nil), "pickle of at least 2097152 bytes has no end"},
		{"a list", zipped(zip.Store, pickleStart+"].", nil), "pickle is a *types.List, want a state dict"},
		{"a number for a tensor", zipped(zip.Store, pickled(str("x")+num(1)+"s"), nil), `state dict has "x" of type int, want tensors`},
		{"a number for a name", zipped(zip.Store, pickled(num(1)+num(1)+"s"), nil), `state dict has a key of type int, want the names of tensors`},
		{"a list that holds itself", zipped(zip.Store, pickled("]q\x00h\x00a"+num(1)+"s"), nil), `state dict has a key of type *types.List`},
		{"a dict that holds itself, called", zipped(zip.Store, pickled("q\x00"+str("x")+"h\x00s)R"), nil), "REDUCE requires a Callable"},
		{"tensor of three arguments", zipped(zip.Store, pickled(str("x")+rebuildView+numTuple(1, 2, 3)+"Rs"), nil), "_rebuild_tensor_v2 has 3 arguments, want at least 6"},
		{"tensor of numbers", zipped(zip.Store, pickled(str("x")+rebuildView+numTuple(1, 2, 3, 4, 5, 6)+"Rs"), nil), "_rebuild_tensor_v2 has arguments int, int, int, int, want a storage"},
		{"storage of two fields", zipped(zip.Store, pickled(str("x")+numTuple(1, 2)+"Qs"), nil), "persistent id is a *types.Tuple, want the five fields of a storage"},
		{"storage of no class", zipped(zip.Store, pickled(str("x")+tuple(str("storage"), num(1), str("0"), str("cpu"), num(6))+"Qs"), nil), "persistent id is a tuple of string, int, string, …, int, want a storage"},
		{"storage of negative size", zipped(zip.Store, pickled(tensorItem("x", persistent("0", -6), 0, numTuple(6), numTuple(1))), six), `storage "0" has -6 values`},

		// where the storages are
		{"missing storage", zipped(zip.Store, pickled(tensorItem("x", persistent("7", 6), 0, numTuple(6), numTuple(1))), six), `zip entry "model/data/7" is missing`},
		{"storage outside", zipped(zip.Store, pickled(tensorItem("x", persistent("../../../etc/passwd", 6), 0, numTuple(6), numTuple(1))), six), `is missing`},
		{"storage too short", zipped(zip.Store, pickled(tensorItem("x", persistent("0", 7), 0, numTuple(7), numTuple(1))), six), `zip entry "model/data/0" is 24 bytes, want 7 values of F32`},
		{"compressed", zipped(zip.Deflate, pickled(), nil), `zip entry "model/data.pkl" is compressed, want it stored`},
		{"legacy unlisted", legacy(pickled(tensorItem("x", persistent("0", 6), 0, numTuple(6), numTuple(1))), "", counted(6, 24)), `tensor "x" has no values: its storage is missing`},
		{"legacy listed twice", legacy(pickled(tensorItem("x", persistent("0", 6), 0, numTuple(6), numTuple(1))), str("0")+str("0"), counted(6, 24)), `storage "0" is listed, want each that tensors use, once`},
		{"legacy listed unknown", legacy(pickled(), str("9")), `storage "9" is listed`},
		{"legacy list of numbers", legacy(pickled(), num(0)), "list of storages has a int, want keys"},
		{"legacy other count", legacy(pickled(tensorItem("x", persistent("0", 6), 0, numTuple(6), numTuple(1))), str("0"), counted(1<<62, 24)), `storage "0" is 4611686018427387904 values, want 6`},
		{"legacy cut", legacy(pickled(tensorItem("x", persistent("0", 6), 0, numTuple(6), numTuple(1))), str("0"), counted(6, 23)), `storage "0" is 24 bytes from byte `},
		{"legacy cut in count", legacy(pickled(tensorItem("x", persistent("0", 6), 0, numTuple(6), numTuple(1))), str("0"), "\x06"), `: the file is cut short`},

		// views of storages
		{"beyond the storage", view(1, numTuple(2, 3), numTuple(3, 1)), `tensor "x" has shape [2 3], strides [3 1] and offset 1, want a view of 6 values`},
		{"more values than there are", view(0, numTuple(2, 1000000), numTuple(0, 0)), `tensor "x" has shape [2 1000000]`},
		{"overflow", view(0, numTuple(2147483647, 2147483647, 2147483647), numTuple(0, 0, 0)), `want a view of 6 values`},
		{"stride beyond the storage", view(0, numTuple(2, 3), numTuple(2147483647, 1)), `want a view of 6 values`},
		{"negative stride", view(5, numTuple(6), numTuple(-1)), `want a view of 6 values`},
		{"negative offset", view(-1, numTuple(2), numTuple(1)), `want a view of 6 values`},
		{"negative dimension", view(0, numTuple(-2), numTuple(1)), `want a view of 6 values`},
		{"offset at the end", view(6, numTuple(1), numTuple(1)), `tensor "x" has offset 6, want less than 6`},
		{"strides missing", view(0, numTuple(2, 3), numTuple(3)), `want a view of 6 values`},
		{"nine dimensions", view(0, numTuple(1, 1, 1, 1, 1, 1, 1, 1, 1), numTuple(1, 1, 1, 1, 1, 1, 1, 1, 1)), `want a view of 6 values`},
	}
}

func TestBrokenPyTorchFiles(t *testing.T) {
	for _, tt := range pytorchFiles() {
		t.Run(tt.name, func(t *testing.T) {
			f, err := openFile(directoryOf(tt.data), "pytorch_model.bin")
			if err != nil {
				t.Fatal(err)
			}
			tensors, err := readPyTorch(f)
			if tt.want == "" {
				if err != nil || len(tensors) != 1 {
					t.Errorf("readPyTorch() = %v, %v, want a tensor", tensors, err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), "pytorch_model.bin: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("readPyTorch() = %v, want %q in it", err, tt.want)
			}
		})
	}
}

// A zip file whose directory says that an entry lies elsewhere.
func TestZipEntryBeyondTheFile(t *testing.T) {
	data := zipped(zip.Store, pickled(), nil)
	directory := bytes.LastIndex(data, []byte("PK\x01\x02"))
	for _, size := range []uint32{1 << 20, 1<<32 - 2} {
		binary.LittleEndian.PutUint32(data[directory+20:], size) // compressed
		binary.LittleEndian.PutUint32(data[directory+24:], size) // uncompressed
		f, err := openFile(directoryOf(data), "pytorch_model.bin")
		if err != nil {
			t.Fatal(err)
		}
		_, err = readPyTorch(f)
		if want := fmt.Sprintf(`zip entry "model/data.pkl" is %d bytes from byte `, size); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("readPyTorch() = %v, want %q in it", err, want)
		}
	}
}

func directoryOf(bin []byte) directory {
	return directory{fstest.MapFS{"pytorch_model.bin": {Data: bin}}, ""}
}

func TestGather(t *testing.T) {
	stored := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	got := gather(stored, 2, []int{3, 2}, []int{1, 3})
	if want := []byte{0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11}; !bytes.Equal(got, want) {
		t.Errorf("gather() = %v, want %v", got, want)
	}
}
