package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
	"cloze/models"
)

// inspectCmd shows what is in a model directory, and checks that all of it is
// sound.
type inspectCmd struct {
	Dir     string `arg:"" optional:"" help:"A model directory, or a model inside this program (en or zh). Default: the models inside."`
	Model   string `help:"The same, as the other commands have it." placeholder:"DIR|en|zh"`
	Tensors bool   `help:"List every tensor."`
	Format  string `help:"Format of the answer (${enum})." enum:"text,json" default:"text"`
}

// Run writes to standard output.
func (c *inspectCmd) Run() error { return c.inspect(os.Stdout) }

func (c *inspectCmd) inspect(w io.Writer) error {
	names := models.IDs()
	switch {
	case c.Dir != "" && c.Model != "":
		return fmt.Errorf("got %s and --model %s, want one of them", c.Dir, c.Model)
	case c.Dir != "" || c.Model != "":
		names = []string{cmp.Or(c.Dir, c.Model)}
	}
	all := make([]*inspection, len(names))
	for i, name := range names {
		fsys, _, err := models.Find(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if all[i], err = inspectModel(name, fsys); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if !c.Tensors {
			all[i].Tensors = nil
		}
	}
	if c.Format == "json" {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	for i, model := range all {
		if i > 0 {
			fmt.Fprintln(w) //nolint:errcheck // writeText meets the same error
		}
		if err := model.writeText(w); err != nil {
			return err
		}
	}
	return nil
}

// inspection is what there is to know of a model.
type inspection struct {
	Model         string   `json:"model"` // a name or a directory
	Architectures []string `json:"architectures"`

	Layers           int     `json:"layers"`            // L
	HiddenSize       int     `json:"hidden_size"`       // H
	AttentionHeads   int     `json:"attention_heads"`   // A
	IntermediateSize int     `json:"intermediate_size"` // I
	VocabularySize   int     `json:"vocabulary_size"`   // V
	Positions        int     `json:"positions"`
	TokenTypes       int     `json:"token_types"`
	Activation       string  `json:"activation"`
	LayerNormEps     float64 `json:"layer_norm_eps"`

	Parameters parameterCounts       `json:"parameters"`
	Tokenizer  tokenizerInspection   `json:"tokenizer"`
	Heads      []headInspection      `json:"heads"`
	Memory     []memoryInspection    `json:"memory"`
	Files      []checkpoint.FileInfo `json:"files"`
	// Tensors are listed only if asked for.
	Tensors []checkpoint.TensorInfo `json:"tensors,omitempty"`
}

// parameterCounts are numbers of parameters.
type parameterCounts struct {
	Embeddings int `json:"embeddings"`
	Layers     int `json:"layers"`
	Pooler     int `json:"pooler"`
	Encoder    int `json:"encoder_and_pooler"` // the sum of these
	Formula    int `json:"formula"`            // the same by Config.Parameters
	Heads      int `json:"heads"`
	Total      int `json:"total"`
}

type tokenizerInspection struct {
	Pieces    int `json:"pieces"`
	MaxLength int `json:"max_length,omitempty"`
}

type headInspection struct {
	Name        string           `json:"name"`
	Type        string           `json:"type"` // sequence, token or mask
	ProblemType bert.ProblemType `json:"problem_type,omitempty"`
	Pair        bool             `json:"pair,omitempty"`
	Labels      []string         `json:"labels,omitempty"`
	OwnDecoder  bool             `json:"own_decoder,omitempty"` // mask: not tied to the word embeddings
}

// memoryInspection is what the weights take when they are served.
type memoryInspection struct {
	Precision string `json:"precision"`
	Bytes     int    `json:"bytes"`
}

// inspectModel reads a model. It loads it in every precision that this
// processor computes in, so that what it describes is known to serve.
func inspectModel(name string, fsys fs.FS) (*inspection, error) {
	files, err := checkpoint.Open(fsys)
	if err != nil {
		return nil, err
	}
	defer files.Close() //nolint:errcheck // nothing was written
	pool := kernels.NewPool(0)
	defer pool.Close()

	var memory []memoryInspection
	var model *bert.Model
	var tok *tokenizer.Tokenizer
	for _, precision := range []kernels.Precision{kernels.Float32, kernels.BFloat16, kernels.Float16, kernels.Int8} {
		if !kernels.Supported(precision) {
			continue
		}
		if model, tok, err = checkpoint.Load(fsys, bert.Options{Precision: precision, Pool: pool}); err != nil {
			return nil, err
		}
		memory = append(memory, memoryInspection{precision.String(), model.Bytes()})
	}
	c := &model.Config
	return &inspection{
		Model:            name,
		Architectures:    c.Architectures,
		Layers:           c.NumHiddenLayers,
		HiddenSize:       c.HiddenSize,
		AttentionHeads:   c.NumAttentionHeads,
		IntermediateSize: c.IntermediateSize,
		VocabularySize:   c.VocabSize,
		Positions:        c.MaxPositionEmbeddings,
		TokenTypes:       c.TypeVocabSize,
		Activation:       c.HiddenAct,
		LayerNormEps:     c.LayerNormEps,
		Parameters:       countParameters(model),
		Tokenizer:        tokenizerInspection{tok.VocabSize(), tok.MaxLength()},
		Heads:            inspectHeads(model),
		Memory:           memory,
		Files:            files.Files(),
		Tensors:          files.Tensors(),
	}, nil
}

// countParameters counts what the model has; a tied decoder is not counted
// again.
func countParameters(m *bert.Model) parameterCounts {
	n := parameterCounts{Formula: m.Config.Parameters()}
	for _, p := range m.Parameters() {
		switch {
		case strings.HasPrefix(p.Name, "bert.embeddings."):
			n.Embeddings += p.Len()
		case strings.HasPrefix(p.Name, "bert.encoder."):
			n.Layers += p.Len()
		case strings.HasPrefix(p.Name, "bert.pooler."):
			n.Pooler += p.Len()
		default:
			n.Heads += p.Len()
		}
	}
	n.Encoder = n.Embeddings + n.Layers + n.Pooler
	n.Total = n.Encoder + n.Heads
	return n
}

// maskHead is the type of the head that fills masks.
const maskHead = "mask"

// inspectHeads lists the pre-training heads and then the others by name.
func inspectHeads(m *bert.Model) []headInspection {
	heads := []headInspection{}
	if m.MLM != nil {
		own := slices.ContainsFunc(m.Parameters(), func(p *bert.Param) bool { return p.Name == "cls.predictions.decoder.weight" })
		heads = append(heads, headInspection{Name: m.MLM.Name, Type: maskHead, OwnDecoder: own})
	}
	add := func(name string, h bert.HeadConfig) {
		heads = append(heads, headInspection{name, string(h.Type), h.ProblemType, h.Pair, h.Labels, false})
	}
	if m.NSP != nil {
		add(m.NSP.Name, m.NSP.Describe())
	}
	for _, name := range slices.Sorted(maps.Keys(m.Heads)) {
		add(name, m.Heads[name].Describe())
	}
	return heads
}

// writeText writes it for people: sections of lines, each with its title.
func (m *inspection) writeText(w io.Writer) error {
	var failed error
	section := func(title string, lines ...string) {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, line := range lines {
			fmt.Fprintf(t, "%-10s\t%s\n", title, line) //nolint:errcheck // Flush returns the error
			title = ""
		}
		failed = cmp.Or(failed, t.Flush())
	}
	section("model", strings.Join(append([]string{m.Model}, m.Architectures...), ", "))
	section("sizes",
		fmt.Sprintf("L %d, H %d, A %d, I %d, V %d", m.Layers, m.HiddenSize, m.AttentionHeads, m.IntermediateSize, m.VocabularySize),
		fmt.Sprintf("%d positions, %d token types, %s, layer norm epsilon %g", m.Positions, m.TokenTypes, m.Activation, m.LayerNormEps))

	n := m.Parameters
	formula := "as the paper's formula says"
	if n.Encoder != n.Formula {
		formula = fmt.Sprintf("the paper's formula says %s, with a pooler", thousands(n.Formula))
	}
	section("parameters",
		fmt.Sprintf("%s in encoder and pooler, %s", thousands(n.Encoder), formula),
		fmt.Sprintf("%s in embeddings, %s in layers, %s in pooler", thousands(n.Embeddings), thousands(n.Layers), thousands(n.Pooler)),
		fmt.Sprintf("%s with the heads", thousands(n.Total)))

	pieces := fmt.Sprintf("%d pieces", m.Tokenizer.Pieces)
	if m.Tokenizer.MaxLength > 0 {
		pieces += fmt.Sprintf(", sequences of at most %d", m.Tokenizer.MaxLength)
	}
	section("tokenizer", pieces)

	lines := []string{"none"}
	for i, h := range m.Heads {
		lines = append(lines[:i], h.text())
	}
	section("heads", lines...)
	lines = nil
	for _, use := range m.Memory {
		lines = append(lines, fmt.Sprintf("%s\t%s", use.Precision, megabytes(int64(use.Bytes))))
	}
	section("memory", lines...)
	lines = nil
	for _, f := range m.Files {
		lines = append(lines, fmt.Sprintf("%s\t%s\t%d tensors of %s", f.Name, megabytes(f.Bytes), f.Tensors, strings.Join(f.DTypes, ", ")))
	}
	section("files", lines...)
	lines = nil
	for _, tensor := range m.Tensors {
		line := fmt.Sprintf("%s\t%s\t%v\t%13s", tensor.Name, tensor.DType, tensor.Shape, thousands(int(tensor.Bytes)))
		switch tensor.Parameter {
		case tensor.Name:
		case "":
			line += "  not needed"
		default:
			line += "  is " + tensor.Parameter
		}
		lines = append(lines, line)
	}
	section("tensors", lines...)
	return failed
}

// text describes a head in columns.
func (h *headInspection) text() string {
	columns := []string{h.Name, h.Type}
	switch {
	case h.Type == maskHead && h.OwnDecoder:
		columns = append(columns, "a decoder of its own")
	case h.Type == maskHead:
		columns = append(columns, "decoder tied to the word embeddings")
	default:
		labels := strings.Join(h.Labels, ", ")
		if h.ProblemType != "" && h.ProblemType != bert.SingleLabel {
			labels += fmt.Sprintf(" (%s)", h.ProblemType)
		}
		if h.Pair {
			labels += " (of pairs)"
		}
		columns = append(columns, labels)
	}
	return strings.Join(columns, "\t")
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
