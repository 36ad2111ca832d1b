package checkpoint

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"cloze/internal/bert"
)

// Each way to break a directory gives one error that says where, what and what
// was wanted, whether the files are mapped or read.
func TestBrokenDirectories(t *testing.T) {
	const weights = "model.safetensors"
	type dir = map[string][]byte
	for _, tt := range []struct {
		name    string
		fixture string // in testdata; masked-lm if empty
		spoil   func(d dir)
		want    []string // parts of the error
	}{
		// config.json
		{"no config", "", func(d dir) { delete(d, "config.json") }, []string{"config.json: "}},
		{"config is not json", "", func(d dir) { d["config.json"] = []byte("{") }, []string{"config.json: unexpected end of JSON input"}},
		{"config is huge", "", func(d dir) { d["config.json"] = make([]byte, maxJSON+1) }, []string{"config.json: file is larger than 16777216 bytes"}},
		{"roberta", "", set("model_type", "roberta"), []string{`config.json: model_type is "roberta", want "bert"`}},
		{"distilbert", "", set("model_type", "distilbert"), []string{`config.json: model_type is "distilbert", want "bert"`}},
		{"albert", "", set("model_type", "albert"), []string{`config.json: model_type is "albert", want "bert"`}},
		{"question answering", "", set("architectures", []string{"BertForQuestionAnswering"}), []string{`config.json: architectures has "BertForQuestionAnswering", want one of ["BertForMaskedLM" `}},
		{"relative positions", "", set("position_embedding_type", "relative_key"), []string{`config.json: position_embedding_type is "relative_key", want "absolute"`}},
		{"no hidden size", "", set("hidden_size", 0), []string{"config.json: hidden_size is 0, want 1 to "}},

		// tokenizer
		{"no vocabulary", "", func(d dir) { delete(d, "vocab.txt") }, []string{"vocab.txt"}},
		{"vocabulary too large", "", func(d dir) { d["vocab.txt"] = append(d["vocab.txt"], "more\n"...) }, []string{"config.json: vocab_size is 97, want at least the tokenizer's 98"}},

		// which files
		{"no weights", "", func(d dir) { delete(d, weights) }, []string{"model.safetensors: file does not exist, nor pytorch_model.bin, nor their shards"}},
		{"git lfs pointer", "", func(d dir) {
			d[weights] = []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
		}, []string{"model.safetensors: file is a Git LFS pointer, want the weights"}},

		// the header of model.safetensors
		{"empty", "", func(d dir) { d[weights] = nil }, []string{"model.safetensors: file is 0 bytes, want at least 8"}},
		{"seven bytes", "", func(d dir) { d[weights] = d[weights][:7] }, []string{"model.safetensors: file is 7 bytes, want at least 8"}},
		{"cut in the header", "", func(d dir) { d[weights] = d[weights][:1000] }, []string{"model.safetensors: header length is ", ", want at most 992"}},
		{"header beyond the file", "", func(d dir) { binary.LittleEndian.PutUint64(d[weights], 1<<40) }, []string{"model.safetensors: header length is 1099511627776, want at most "}},
		{"header of all ones", "", func(d dir) { binary.LittleEndian.PutUint64(d[weights], 1<<64-1) }, []string{"model.safetensors: header length is 18446744073709551615, want at most "}},
		{"header length is 0", "", func(d dir) { binary.LittleEndian.PutUint64(d[weights], 0) }, []string{`model.safetensors: header starts with "", want {`}},
		{"header is a list", "", header(func(string) string { return "[]" }), []string{`model.safetensors: header starts with "[]", want {`}},
		{"header is not json", "", header(func(h string) string { return h[:100] }), []string{"model.safetensors: header: unexpected end of JSON input"}},
		{"header has more behind it", "", header(func(h string) string { return h + "{}" }), []string{"model.safetensors: header: invalid character '{' after"}},

		// a tensor's entry in the header
		{"entry is a number", "", header(replaceEntry(`1`)), []string{`model.safetensors: tensor "cls.predictions.bias" `, "json: cannot unmarshal number"}},
		{"unknown dtype", "", header(replaceEntry(`{"dtype":"F17","shape":[97],"data_offsets":[0,194]}`)), []string{`tensor "cls.predictions.bias" has dtype "F17", which safetensors does not know`}},
		{"no dtype", "", header(replaceEntry(`{"shape":[97],"data_offsets":[0,194]}`)), []string{`tensor "cls.predictions.bias" has dtype ""`}},
		{"negative dimension", "", header(replaceEntry(`{"dtype":"F16","shape":[-97],"data_offsets":[0,194]}`)), []string{`tensor "cls.predictions.bias" has shape [-97]`}},
		{"negative dimension of nothing", "", header(replaceEntry(`{"dtype":"F16","shape":[0,-1],"data_offsets":[0,0]}`)), []string{`tensor "cls.predictions.bias" has shape [0 -1]`}},
		{"too large a product", "", header(replaceEntry(`{"dtype":"F16","shape":[4294967296,4294967296,97],"data_offsets":[0,194]}`)), []string{`tensor "cls.predictions.bias" has shape [4294967296 4294967296 97]`}},
		{"too large a dimension", "", header(replaceEntry(`{"dtype":"F16","shape":[1e99],"data_offsets":[0,194]}`)), []string{`tensor "cls.predictions.bias" `, "json: cannot unmarshal number 1e99"}},
		{"one offset", "", header(replaceEntry(`{"dtype":"F16","shape":[97],"data_offsets":[194]}`)), []string{`tensor "cls.predictions.bias" has data_offsets [194], want a start and an end`}},
		{"offsets in reverse", "", header(replaceEntry(`{"dtype":"F16","shape":[97],"data_offsets":[194,0]}`)), []string{`tensor "cls.predictions.bias" has data_offsets [194 0], want 194 bytes for F16 [97]`}},
		{"negative offset", "", header(replaceEntry(`{"dtype":"F16","shape":[97],"data_offsets":[-194,0]}`)), []string{`tensor "cls.predictions.bias" has data_offsets [-194 0], want 194 bytes for F16 [97]`}},
		{"offsets overflow", "", header(replaceEntry(`{"dtype":"F16","shape":[97],"data_offsets":[-9223372036854775808,9223372036854775807]}`)), []string{`tensor "cls.predictions.bias" has data_offsets`, "want 194 bytes"}},

		// the layout of the data
		{"cut in the data", "", func(d dir) { d[weights] = d[weights][:len(d[weights])-1] }, []string{"model.safetensors: tensor ", ": the file is cut short"}},
		{"one byte more", "", func(d dir) { d[weights] = append(d[weights], 0) }, []string{"model.safetensors: tensors have ", " bytes of data"}},
		{
			"overlap", "", entries(func(e map[string]*headerEntry) { e["bert.embeddings.LayerNorm.weight"].Offsets = []int64{62, 126} }),
			[]string{`model.safetensors: tensor "bert.embeddings.LayerNorm.weight" starts at byte 62 of the data, want 64: it overlaps another`},
		},
		{
			"gap", "", entries(func(e map[string]*headerEntry) { delete(e, "bert.embeddings.LayerNorm.weight") }),
			[]string{"model.safetensors: tensor ", "starts at byte 128 of the data, want 64: no tensor has the bytes between"},
		},

		// tensors against config.json
		{
			"missing tensor", "", entries(renameEntry("bert.encoder.layer.1.output.dense.bias", "elsewhere")),
			[]string{`model.safetensors: tensor "bert.encoder.layer.1.output.dense.bias" is missing, want [32]`},
		},
		{
			"missing head", "", entries(renameEntry("cls.predictions.transform.dense.weight", "elsewhere")),
			[]string{`model.safetensors: tensor "cls.predictions.transform.dense.weight" is missing, want it for BertForMaskedLM`},
		},
		{
			"missing decoder", "", set("tie_word_embeddings", false),
			[]string{`model.safetensors: tensor "cls.predictions.decoder.weight" is missing, want it because tie_word_embeddings is false`},
		},
		{"wrong shape", "", entries(func(e map[string]*headerEntry) {
			e["bert.encoder.layer.0.intermediate.dense.weight"].Shape = []int{32, 40}
		}), []string{`model.safetensors: tensor "bert.encoder.layer.0.intermediate.dense.weight" is [32 40], want [40 32]`}},
		{
			"wrong shape in a shard", "sharded", shardEntry("model-00002-of-00003.safetensors", func(e *headerEntry) { e.Shape = []int{1, e.Shape[0]} }),
			[]string{"model-00002-of-00003.safetensors: tensor ", " is [1 "},
		},
		{
			"wrong dtype", "", entries(func(e map[string]*headerEntry) { e["bert.encoder.layer.0.output.dense.weight"].DType = "I16" }),
			[]string{`model.safetensors: tensor "bert.encoder.layer.0.output.dense.weight" has dtype I16, want F32, F16 or BF16`},
		},
		{
			"word embeddings of wrong dtype", "", entries(func(e map[string]*headerEntry) { e[wordEmbeddings].DType = "I16" }),
			[]string{`model.safetensors: tensor "bert.embeddings.word_embeddings.weight" has dtype I16, want F32, F16 or BF16`},
		},
		{
			"a layer too many", "", set("num_hidden_layers", 1),
			[]string{`model.safetensors: tensor "bert.encoder.layer.1.attention.output.LayerNorm.bias" is in no part of the model that config.json describes`},
		},
		{
			"one name twice", "", entries(renameEntry("bert.embeddings.LayerNorm.bias", "embeddings.LayerNorm.gamma")),
			[]string{`model.safetensors: tensor "`, `are both "bert.embeddings.LayerNorm.weight", want one of them`},
		},
		{
			"classifier of no class", "single-label", set("architectures", []string{"BertModel"}),
			[]string{`model.safetensors: tensor "classifier.bias" is in no part of the model that config.json describes`},
		},
		{"labels that do not fit", "several-heads", set("heads", map[string]any{
			"mood": map[string]any{"type": "sequence", "labels": []string{"bad", "so so", "good"}},
			"ner":  map[string]any{"type": "token", "labels": []string{"O", "B-PER", "I-PER"}},
		}), []string{`model.safetensors: tensor "heads.mood.weight" is [2 32], want [3 32]`}},

		// values
		{
			"nan", "", value("bert.encoder.layer.1.attention.self.key.weight", 77, 0x7e00),
			[]string{`model.safetensors: tensor "bert.encoder.layer.1.attention.self.key.weight" has NaN or infinity at index 77, want finite values`},
		},
		{
			"infinity", "", value("bert.embeddings.LayerNorm.weight", 31, 0xfc00),
			[]string{`model.safetensors: tensor "bert.embeddings.LayerNorm.weight" has NaN or infinity at index 31, want finite values`},
		},
		{
			"nan in the word embeddings", "", value(wordEmbeddings, 97*32-1, 0xffff),
			[]string{`model.safetensors: tensor "bert.embeddings.word_embeddings.weight" has NaN or infinity at index 3103, want finite values`},
		},

		// shards
		{"index is not json", "sharded", func(d dir) { d[weights+".index.json"] = []byte("[") }, []string{"model.safetensors.index.json: unexpected end"}},
		{"empty index", "sharded", func(d dir) { d[weights+".index.json"] = []byte("{}") }, []string{"model.safetensors.index.json: weight_map is empty"}},
		{"shard elsewhere", "sharded", func(d dir) {
			d[weights+".index.json"] = []byte(`{"weight_map": {"x": "../masked-lm/model.safetensors"}}`)
		}, []string{`model.safetensors.index.json: shard is "../masked-lm/model.safetensors", want the name of a file beside it`}},
		{"missing shard", "sharded", func(d dir) { delete(d, "model-00003-of-00003.safetensors") }, []string{"model-00003-of-00003.safetensors: "}},
		{"tensor in no shard", "sharded", func(d dir) {
			d[weights+".index.json"] = []byte(strings.Replace(string(d[weights+".index.json"]), "bert.pooler.dense.bias", "bert.pooler.dense.sum", 1))
		}, []string{`.safetensors: tensor "bert.pooler.dense.sum" is missing, want it because model.safetensors.index.json says so`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := readFixture(t, "testdata/"+cmp.Or(tt.fixture, "masked-lm"))
			tt.spoil(d)
			check := func(form string, err error) {
				t.Helper()
				if err == nil {
					t.Fatalf("%s: no error, want %q", form, tt.want)
				}
				for _, want := range tt.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%s: error is\n%s, want in it\n%s", form, err, want)
					}
				}
			}
			memory, disk := fstest.MapFS{}, t.TempDir()
			for name, data := range d {
				memory[name] = &fstest.MapFile{Data: data}
				if err := os.WriteFile(filepath.Join(disk, name), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := Load(memory, bert.Options{})
			runtime.ReadMemStats(&after)
			check("read", err)
			// config.json at its limit is read in full, with doubling buffers.
			if took := after.TotalAlloc - before.TotalAlloc; took > 8*maxJSON {
				t.Errorf("refusing it took %d bytes of memory", took)
			}
			_, _, err = LoadDir(disk, bert.Options{})
			check("mapped", err)
			if err != nil && strings.Count(err.Error(), disk) != 1 {
				t.Errorf("error is\n%s, want the directory in it once", err)
			}
		})
	}
}

// readFixture returns the files of a directory.
func readFixture(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if files[entry.Name()], err = os.ReadFile(path.Join(dir, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// set changes a field of config.json.
func set(field string, value any) func(map[string][]byte) {
	return func(d map[string][]byte) {
		var config map[string]any
		must(json.Unmarshal(d["config.json"], &config))
		config[field] = value
		var err error
		d["config.json"], err = json.Marshal(config)
		must(err)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// header changes the JSON of model.safetensors, which keeps its data.
func header(change func(string) string) func(map[string][]byte) {
	return headerOf(weightsFile, change)
}

func headerOf(file string, change func(string) string) func(map[string][]byte) {
	return func(d map[string][]byte) {
		data := d[file]
		n := binary.LittleEndian.Uint64(data)
		changed := change(strings.TrimRight(string(data[8:8+n]), " "))
		out := binary.LittleEndian.AppendUint64(nil, uint64(len(changed)))
		d[file] = append(append(out, changed...), data[8+n:]...)
	}
}

// entries changes the entries of model.safetensors' header.
func entries(change func(map[string]*headerEntry)) func(map[string][]byte) {
	return header(func(h string) string { return changeEntries(h, change) })
}

func changeEntries(h string, change func(map[string]*headerEntry)) string {
	var all map[string]*headerEntry
	must(json.Unmarshal([]byte(h), &all))
	delete(all, "__metadata__")
	change(all)
	out, err := json.Marshal(all)
	must(err)
	return string(out)
}

// shardEntry changes the first entry of a shard that is a vector.
func shardEntry(shard string, change func(*headerEntry)) func(map[string][]byte) {
	return headerOf(shard, func(h string) string {
		return changeEntries(h, func(all map[string]*headerEntry) {
			for _, e := range all {
				if len(e.Shape) == 1 {
					change(e)
					return
				}
			}
		})
	})
}

// renameEntry gives a tensor another name.
func renameEntry(from, to string) func(map[string]*headerEntry) {
	return func(e map[string]*headerEntry) {
		e[to] = e[from]
		delete(e, from)
	}
}

// replaceEntry puts other JSON in the place of the entry of one tensor.
func replaceEntry(entry string) func(string) string {
	return func(h string) string {
		var all map[string]json.RawMessage
		must(json.Unmarshal([]byte(h), &all))
		all["cls.predictions.bias"] = json.RawMessage(entry)
		out, err := json.Marshal(all)
		must(err)
		return string(out)
	}
}

// value overwrites one value of a tensor of 16 bits.
func value(tensor string, index int, bits uint16) func(map[string][]byte) {
	return func(d map[string][]byte) {
		data := d[weightsFile]
		n := binary.LittleEndian.Uint64(data)
		var all map[string]*headerEntry
		must(json.Unmarshal(data[8:8+n], &all))
		at := 8 + int(n) + int(all[tensor].Offsets[0]) + 2*index
		binary.LittleEndian.PutUint16(data[at:], bits)
	}
}

// Files cut at any byte, in either of PyTorch's formats and in safetensors,
// give an error.
func TestTruncatedFiles(t *testing.T) {
	for fixture, file := range map[string]string{
		"masked-lm":  weightsFile,
		"bin-zip":    "pytorch_model.bin",
		"bin-legacy": "pytorch_model.bin",
	} {
		t.Run(fixture, func(t *testing.T) {
			d := readFixture(t, filepath.Join("testdata", fixture))
			whole := d[file]
			fsys := fstest.MapFS{"config.json": {Data: d["config.json"]}, file: {}}
			for n := 0; n < len(whole); n += 1 + n/50 {
				fsys[file].Data = whole[:n]
				_, err := Open(fsys)
				if err == nil {
					t.Fatalf("the first %d of %d bytes give no error", n, len(whole))
				}
				if !strings.HasPrefix(err.Error(), file+": ") {
					t.Errorf("the first %d bytes give %q, want the file's name in it", n, err)
				}
			}
		})
	}
}

// A header may claim to be larger than the limit in a file that large; the file
// here takes no room on disk.
func TestHeaderLimit(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, configFile), readFixture(t, "testdata/masked-lm")[configFile], 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, weightsFile)
	if err := os.WriteFile(file, binary.LittleEndian.AppendUint64(nil, maxHeader+1), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 2*maxHeader); err != nil {
		t.Fatal(err)
	}
	_, err := OpenDir(dir)
	if want := "header length is 100000001, want at most 100000000"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("OpenDir() = %v, want %q in it", err, want)
	}
}
