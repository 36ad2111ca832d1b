package checkpoint

import (
	"errors"
	"flag"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// testdata/check_saved.py loads what this leaves behind into transformers.
var saveTo = flag.String("save-to", "", "where to keep the models that TestSaveRoundTrip saves")

// readParams reads everything that a directory holds.
func readParams(t *testing.T, dir string) (bert.Config, []*bert.Param) {
	t.Helper()
	c := openFixture(t, os.DirFS(dir))
	var params []*bert.Param
	for _, name := range slices.Sorted(maps.Keys(c.tensors)) {
		p := &bert.Param{Name: name}
		p.Shape, _ = c.Shape(name)
		p.Data = make([]float32, p.Len())
		if err := c.Read(name, p.Data); err != nil {
			t.Fatal(err)
		}
		params = append(params, p)
	}
	return c.Config(), params
}

// What is saved has the tensors, the values and the heads of what was read,
// also where names and forms were old or foreign.
func TestSaveRoundTrip(t *testing.T) {
	root := *saveTo
	if root == "" {
		root = t.TempDir()
	}
	for dir := range readFixtures(t) {
		for _, prec := range []kernels.Precision{kernels.Float32, kernels.Float16, kernels.BFloat16} {
			t.Run(dir+" "+prec.String(), func(t *testing.T) {
				source := filepath.Join("testdata", dir)
				saved := filepath.Join(root, dir+"-"+prec.String())
				config, params := readParams(t, source)
				model, _, err := LoadDir(source, bert.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if err := Save(saved, model.Config, params, os.DirFS(source), prec); err != nil {
					t.Fatal(err)
				}

				again, got := readParams(t, saved)
				if !slices.Equal(again.Architectures, config.Architectures) {
					t.Errorf("architectures are %q, want %q", again.Architectures, config.Architectures)
				}
				if len(got) != len(params) {
					t.Fatalf("%d tensors, want %d", len(got), len(params))
				}
				for i, p := range params {
					rounded := make([]float32, len(p.Data))
					stored := make([]byte, len(p.Data)*prec.StoredBytes())
					kernels.Narrow(prec, stored, p.Data)
					kernels.Widen(prec, rounded, stored)
					if got[i].Name != p.Name || !slices.Equal(got[i].Shape, p.Shape) || !slices.Equal(got[i].Data, rounded) {
						t.Errorf("%s %v differs, want %s %v rounded", got[i].Name, got[i].Shape, p.Name, p.Shape)
					}
				}
				reloaded, _, err := LoadDir(saved, bert.Options{})
				if err != nil {
					t.Fatal(err)
				}
				for name, head := range model.Heads {
					got, want := reloaded.Heads[name].Describe(), head.Describe()
					if got.Type != want.Type || got.ProblemType != want.ProblemType || !slices.Equal(got.Labels, want.Labels) {
						t.Errorf("head %q is %+v, want %+v", name, got, want)
					}
				}
			})
		}
	}
}

// A save that fails leaves the directory as it was.
func TestSaveReplacesWholeFiles(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join("testdata", "pretraining")
	config, params := readParams(t, source)
	if err := Save(dir, config, params, os.DirFS(source), kernels.Float16); err != nil {
		t.Fatal(err)
	}
	before := readDir(t, dir)

	last := params[len(params)-1]
	for _, tt := range []struct {
		name  string
		prec  kernels.Precision
		spoil func()
		want  string
	}{
		{"nan", kernels.Float32, func() { last.Data[1] = float32(math.NaN()) }, `tensor "cls.seq_relationship.weight" has the value NaN, want values that float32 can hold`},
		{"overflow", kernels.Float16, func() { last.Data[1] = 70000 }, `tensor "cls.seq_relationship.weight" has the value 70000, want values that float16 can hold`},
		{"no values", kernels.Float16, func() { last.Data = nil }, `tensor "cls.seq_relationship.weight" has 0 values, want 64: [2 32]`},
		{"foreign precision", kernels.Int8, func() {}, `precision is int8, want float32, float16 or bfloat16`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := last.Data
			last.Data = slices.Clone(data)
			defer func() { last.Data = data }()
			tt.spoil()
			other := fstest.MapFS{"vocab.txt": {Data: []byte("of another tokenizer")}}
			err := Save(dir, config, params, other, tt.prec)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("Save() = %v, want %q with the directory", err, tt.want)
			}
			if after := readDir(t, dir); !maps.Equal(after, before) {
				t.Errorf("the directory has other content than before: %q", slices.Sorted(maps.Keys(after)))
			}
		})
	}
}

// A directory where a file is to be is found before anything is replaced.
func TestSaveFindsWhatIsInTheWay(t *testing.T) {
	source := filepath.Join("testdata", "pretraining")
	config, params := readParams(t, source)
	for _, name := range append([]string{weightsFile}, tokenizer.Files...) {
		dir := t.TempDir()
		if err := Save(dir, config, params, os.DirFS(source), kernels.Float32); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Join(path, "full"), 0o700)); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(filepath.Join(dir, configFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := Save(dir, config, params, fstest.MapFS{"vocab.txt": {Data: []byte("another")}}, kernels.Float16); err == nil || !strings.Contains(err.Error(), path+" is a directory") {
			t.Errorf("Save() = %v", err)
		}
		if after, err := os.ReadFile(filepath.Join(dir, configFile)); err != nil || string(after) != string(before) {
			t.Errorf("with a directory %s: %s is another or gone: %v", name, configFile, err)
		}
	}
}

// What could not be opened again is not written.
func TestSaveRefusesAnInvalidConfig(t *testing.T) {
	config, params := readParams(t, filepath.Join("testdata", "several-heads"))
	config.Heads["mood"] = bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"bad", "bad"}}
	dir := t.TempDir()
	err := Save(dir, config, params, nil, kernels.Float32)
	if err == nil || !strings.Contains(err.Error(), `label "bad" appears twice`) {
		t.Errorf("Save() = %v", err)
	}
	if left := readDir(t, dir); len(left) > 0 {
		t.Errorf("left are %q", slices.Sorted(maps.Keys(left)))
	}
}

// Of the directory that the tokenizer comes from, nothing else is copied.
func TestSaveCopiesTheTokenizer(t *testing.T) {
	dir := t.TempDir()
	config, params := readParams(t, filepath.Join("testdata", "pretraining"))
	from := fstest.MapFS{"README.md": {Data: []byte("a model")}}
	for _, name := range tokenizer.Files {
		from[name] = &fstest.MapFile{Data: []byte("the content of " + name)}
	}
	if err := Save(dir, config, params, from, kernels.Float16); err != nil {
		t.Fatal(err)
	}
	saved := readDir(t, dir)
	delete(saved, weightsFile)
	delete(saved, configFile)
	delete(from, "README.md")
	for name, file := range from {
		if saved[name] != string(file.Data) {
			t.Errorf("%s holds %q, want %q", name, saved[name], file.Data)
		}
		delete(saved, name)
	}
	if len(saved) > 0 {
		t.Errorf("there are also %q", slices.Sorted(maps.Keys(saved)))
	}
}

func TestSaveLeavesNoOtherTokenizer(t *testing.T) {
	dir := t.TempDir()
	config, params := readParams(t, filepath.Join("testdata", "pretraining"))
	for _, names := range [][]string{tokenizer.Files, {"vocab.txt"}} {
		from := fstest.MapFS{}
		for _, name := range names {
			from[name] = &fstest.MapFile{Data: []byte("the content of " + name)}
		}
		if err := Save(dir, config, params, from, kernels.Float16); err != nil {
			t.Fatal(err)
		}
		saved := readDir(t, dir)
		for _, name := range tokenizer.Files {
			if _, there := saved[name]; there != slices.Contains(names, name) {
				t.Errorf("saved with %q, %s is there: %t", names, name, there)
			}
		}
	}
}

// What is noted beside the weights is read back, and is in no reader's way.
func TestSaveWithMetadata(t *testing.T) {
	dir := t.TempDir()
	if got, err := Metadata(dir); err != nil || len(got) > 0 {
		t.Errorf("a directory without weights: %v, %v, want nothing", got, err)
	}
	config, params := readParams(t, filepath.Join("testdata", "pretraining"))
	if err := SaveWithMetadata(dir, config, params, nil, kernels.Float32, map[string]string{"step": "<400>"}); err != nil {
		t.Fatal(err)
	}
	got, err := Metadata(dir)
	if want := map[string]string{"format": "pt", "step": "<400>"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("Metadata() = %v, %v, want %v", got, err, want)
	}
	if _, saved := readParams(t, dir); len(saved) != len(params) {
		t.Errorf("%d parameters, want %d", len(saved), len(params))
	}
	if err := os.WriteFile(filepath.Join(dir, weightsFile), []byte("no weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Metadata(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a broken file: error %v, want one that names it", err)
	}
}

// readDir returns the files of a directory.
func readDir(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A model that was trained from nothing has no architectures yet, and one that
// was fine-tuned may have lost the parts of the one that it names.
func TestSaveNamesTheArchitecture(t *testing.T) {
	for _, tt := range []struct {
		dir   string
		drop  string
		named []string
		want  string
	}{
		{"pretraining", "", nil, "BertForPreTraining"},
		{"masked-lm", "", nil, "BertForMaskedLM"},
		{"next-sentence", "", nil, "BertForNextSentencePrediction"},
		{"base", "", nil, "BertModel"},
		{"several-heads", "cls.", []string{"BertForPreTraining"}, "BertModel"},
		{"pretraining", "cls.predictions.", []string{"BertForPreTraining"}, "BertForNextSentencePrediction"},
		{"single-label", "", []string{"BertForSequenceClassification"}, "BertForSequenceClassification"},
	} {
		t.Run(tt.dir+" without "+tt.drop, func(t *testing.T) {
			source, dir := filepath.Join("testdata", tt.dir), t.TempDir()
			config, params := readParams(t, source)
			config.Architectures = tt.named
			if tt.drop != "" {
				params = slices.DeleteFunc(params, func(p *bert.Param) bool { return strings.HasPrefix(p.Name, tt.drop) })
			}
			if err := Save(dir, config, params, nil, kernels.Float16); err != nil {
				t.Fatal(err)
			}
			saved, _ := readParams(t, dir)
			if !slices.Equal(saved.Architectures, []string{tt.want}) {
				t.Errorf("architectures are %q, want %q", saved.Architectures, tt.want)
			}
			if !maps.Equal(saved.ID2Label, config.ID2Label) {
				t.Errorf("labels are %v, want %v", saved.ID2Label, config.ID2Label)
			}
		})
	}
}
