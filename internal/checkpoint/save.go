package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
	"cloze/internal/wholefile"
)

// Save writes a model to a directory, which it makes if need be, in the layout
// that Open reads and that transformers loads as it is. The values are rounded
// to float32, float16 or bfloat16; the tokenizer's files are copied from another
// directory, or none if files is nil.
//
// All files are written under other names and synced before the first of them is
// renamed, and config.json comes last: an error until then, as of a full disk, leaves the
// directory as it was, and after a crash it holds the old model, the new one or none that
// loads. Save returns an error for a configuration that is not valid, for a parameter
// without values and for a value that the precision cannot hold.
func Save(dir string, cfg bert.Config, params []*bert.Param, files fs.FS, prec kernels.Precision) error {
	return SaveWithMetadata(dir, cfg, params, files, prec, nil)
}

// SaveWithMetadata is Save with a note about the weights in the file that holds
// them, so that one is never without the other.
func SaveWithMetadata(dir string, cfg bert.Config, params []*bert.Param, files fs.FS, prec kernels.Precision, metadata map[string]string) error {
	if _, ok := dtypeOf(prec); !ok {
		return about(dir, fmt.Errorf("precision is %s, want float32, float16 or bfloat16", prec))
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return about(dir, err)
	}
	cfg, params = asTransformers(cfg, params)
	small, others, err := smallFiles(dir, cfg, files, prec)
	if err != nil {
		return err
	}
	return replace(dir, func(w io.Writer) error { return writeSafetensors(w, params, prec, metadata) }, small, others)
}

// Complete writes what a crash of Save kept from being written beside the weights: it does
// nothing where there is a config.json. The arguments are Save's.
func Complete(dir string, cfg bert.Config, params []*bert.Param, files fs.FS, prec kernels.Precision) error {
	if _, err := os.Lstat(filepath.Join(dir, configFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	cfg, _ = asTransformers(cfg, params)
	small, _, err := smallFiles(dir, cfg, files, prec)
	if err != nil {
		return err
	}
	for _, f := range small {
		if err := wholefile.Write(filepath.Join(dir, f.name), f.write); err != nil {
			return err
		}
	}
	return nil
}

// smallFile is a file of a model beside its weights.
type smallFile struct {
	name string
	data []byte
}

func (f smallFile) write(w io.Writer) error { _, err := w.Write(f.data); return err }

// smallFiles are those of a tokenizer, if it has any, and config.json at last; others are
// names of files of another tokenizer, which might be the one that is read.
func smallFiles(dir string, cfg bert.Config, files fs.FS, prec kernels.Precision) (small []smallFile, others []string, err error) {
	cfg.TorchDtype = prec.String() // PyTorch has the same names
	var config bytes.Buffer
	enc := json.NewEncoder(&config)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := errors.Join(cfg.Validate(), enc.Encode(&cfg)); err != nil {
		return nil, nil, about(dir, err)
	}
	if files != nil {
		if small, others, err = tokenizerFiles(files); err != nil {
			return nil, nil, err
		}
	}
	return append(small, smallFile{configFile, config.Bytes()}), others, nil
}

// tokenizerFiles are a tokenizer's files, and the names of those that it does not have.
func tokenizerFiles(files fs.FS) (there []smallFile, absent []string, err error) {
	for _, name := range tokenizer.Files {
		data, err := fs.ReadFile(files, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			absent = append(absent, name)
		case err != nil:
			return nil, nil, about(name, err)
		default:
			there = append(there, smallFile{name, data})
		}
	}
	return there, absent, nil
}

// replace writes the files of a model, the last of which is config.json, and removes
// others. Nothing counts before everything is written. If more than the weights changes
// there is no config.json meanwhile: a crash in between leaves a directory that does not
// load, rather than a tokenizer with the weights of another.
func replace(dir string, weights func(io.Writer) error, small []smallFile, others []string) (err error) {
	var staged []*wholefile.Staged
	defer func() {
		for _, s := range staged {
			err = errors.Join(err, s.Discard()) // nothing, of those that were committed
		}
	}()
	stage := func(name string, write func(io.Writer) error) error {
		s, err := wholefile.Stage(filepath.Join(dir, name), write)
		if err == nil {
			staged = append(staged, s)
		}
		return err
	}
	if err := stage(weightsFile, weights); err != nil {
		return err
	}
	for _, f := range small {
		if err := stage(f.name, f.write); err != nil {
			return err
		}
	}
	if err := checkReplaceable(dir, staged, others); err != nil {
		return err
	}
	if changes(dir, small, others) {
		for _, name := range append([]string{configFile}, others...) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	for _, s := range staged {
		if err := s.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// checkReplaceable refuses what is no file where one is to be renamed or removed, before
// any is.
func checkReplaceable(dir string, staged []*wholefile.Staged, others []string) error {
	paths := make([]string, 0, len(staged)+len(others))
	for _, s := range staged {
		paths = append(paths, s.Path())
	}
	for _, name := range others {
		paths = append(paths, filepath.Join(dir, name))
	}
	for _, path := range paths {
		if info, err := os.Lstat(path); err == nil && info.IsDir() {
			return fmt.Errorf("%s is a directory, and would be a file or none", path)
		}
	}
	return nil
}

// changes says whether a directory holds other files than these small ones, or others.
func changes(dir string, small []smallFile, others []string) bool {
	for _, f := range small {
		if old, err := os.ReadFile(filepath.Join(dir, f.name)); err != nil || !bytes.Equal(old, f.data) {
			return true
		}
	}
	return slices.ContainsFunc(others, func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return err == nil
	})
}

// asTransformers gives a model the architecture and the names by which
// transformers knows it. A head that has no name there keeps Cloze's, which
// transformers passes over.
func asTransformers(cfg bert.Config, params []*bert.Param) (bert.Config, []*bert.Param) {
	params = slices.Clone(params)
	find := func(name string) int {
		return slices.IndexFunc(params, func(p *bert.Param) bool { return p.Name == name })
	}
	has := func(name string) bool { return find(name) >= 0 }
	rename := func(from, to string) {
		if i := find(from); i >= 0 {
			params[i] = renamed(params[i], to)
		}
	}

	cfg.Architectures = slices.DeleteFunc(slices.Clone(cfg.Architectures), func(architecture string) bool {
		return lacks(architecture, has) != ""
	})
	if len(cfg.Architectures) == 0 {
		cfg.Architectures = []string{architectureOf(has)}
	}
	if i := find(classifierWeight); i >= 0 {
		if head, alone := cfg.Classifier(params[i].Shape[0]); alone {
			if described, ok := cfg.Heads[bert.ClassifierName]; ok {
				head = described
			}
			describeClassifier(&cfg, head)
			rename(classifierWeight, "classifier.weight")
			rename(classifierBias, "classifier.bias")
		}
	}
	// transformers ties the decoder's bias only along with its weight, and has
	// two of them otherwise.
	cfg.TieWordEmbeddings = !has(decoderWeight)
	if i := find(mlmBias); i >= 0 && !cfg.TieWordEmbeddings {
		params = append(params, renamed(params[i], decoderBias))
	}
	return cfg, params
}

// describeClassifier puts the one head of a fine-tuned model where
// transformers looks for it, in id2label and problem_type.
func describeClassifier(cfg *bert.Config, head bert.HeadConfig) {
	cfg.ProblemType = head.ProblemType
	cfg.ID2Label, cfg.Label2ID = make(map[int]string), make(map[string]int)
	for id, label := range head.Labels {
		cfg.ID2Label[id], cfg.Label2ID[label] = label, id
	}
	cfg.Heads = maps.Clone(cfg.Heads)
	delete(cfg.Heads, bert.ClassifierName)
}

func renamed(p *bert.Param, name string) *bert.Param {
	return &bert.Param{Name: name, Shape: p.Shape, Data: p.Data}
}

// architectureOf names the class with all the parts that a model has.
func architectureOf(has func(tensor string) bool) string {
	switch mlm, nsp := has(mlmTransform), has(nextSentence); {
	case mlm && nsp:
		return "BertForPreTraining"
	case mlm:
		return "BertForMaskedLM"
	case nsp:
		return "BertForNextSentencePrediction"
	}
	return "BertModel"
}

// writeSafetensors writes tensors in the order of their names; safetensors.go
// describes the format. The metadata are beside what transformers asks for.
func writeSafetensors(w io.Writer, params []*bert.Param, prec kernels.Precision, metadata map[string]string) error {
	params = slices.SortedFunc(slices.Values(params), func(a, b *bert.Param) int { return strings.Compare(a.Name, b.Name) })
	dtype, _ := dtypeOf(prec)
	notes := map[string]string{"format": "pt"}
	maps.Copy(notes, metadata)
	header := map[string]any{metadataEntry: notes}
	var end int64
	for _, p := range params {
		if p.Data == nil || len(p.Data) != p.Len() {
			return fmt.Errorf("tensor %q has %d values, want %d: %v", p.Name, len(p.Data), p.Len(), p.Shape)
		}
		start := end
		end += int64(p.Len() * dtype.width())
		header[p.Name] = headerEntry{dtype, p.Shape, []int64{start, end}}
	}
	if len(header) != len(params)+1 {
		return errors.New("two tensors have the same name")
	}
	encoded, err := json.Marshal(header)
	if err != nil {
		return err
	}
	// As the reference implementation does, so that the values are aligned.
	for len(encoded)%8 != 0 {
		encoded = append(encoded, ' ')
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(encoded)))); err != nil {
		return err
	}
	if _, err := w.Write(encoded); err != nil {
		return err
	}
	stored := make([]byte, chunk*dtype.width())
	for _, p := range params {
		for values := range slices.Chunk(p.Data, chunk) {
			part := stored[:len(values)*dtype.width()]
			kernels.Narrow(prec, part, values)
			if i := dtype.notFinite(part); i >= 0 {
				return fmt.Errorf("tensor %q has the value %v, want values that %s can hold", p.Name, values[i], prec)
			}
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
	}
	return nil
}
