package bert_test

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// changed is a fixture with some tensors taken away, renamed or reshaped.
type changed struct {
	*fixture
	without string            // prefix of the names that are not there
	alias   map[string]string // further names of tensors
	shape   map[string][]int  // shapes that are not true
	noRaw   bool              // as a format that needs conversion has it
	fail    error             // of every Read
}

func (c changed) name(n string) (string, bool) {
	if original, ok := c.alias[n]; ok {
		return original, true
	}
	return n, c.without == "" || !strings.HasPrefix(n, c.without)
}

func (c changed) Has(name string) bool {
	original, ok := c.name(name)
	return ok && c.fixture.Has(original)
}

func (c changed) Shape(name string) ([]int, bool) {
	original, ok := c.name(name)
	if shape, untrue := c.shape[name]; untrue {
		return shape, ok
	}
	shape, there := c.fixture.Shape(original)
	return shape, ok && there
}

func (c changed) Read(name string, dst []float32) error {
	original, _ := c.name(name)
	return errors.Join(c.fail, c.fixture.Read(original, dst))
}

func (c changed) Raw(name string) (kernels.Precision, []byte, bool) {
	original, ok := c.name(name)
	prec, stored, there := c.fixture.Raw(original)
	return prec, stored, ok && there && !c.noRaw
}

func TestNewRefusesWhatDoesNotFit(t *testing.T) {
	weights, _ := openTiny(t, "gelu")
	broken := errors.New("not a number in it")
	for _, tt := range []struct {
		name    string
		weights changed
		config  func(c *bert.Config)
		want    string
	}{
		{"invalid configuration", changed{}, func(c *bert.Config) { c.HiddenAct = "swish" }, "hidden_act"},
		{
			"missing tensor",
			changed{without: "bert.encoder.layer.1.output.dense.bias"},
			nil, `tensor "bert.encoder.layer.1.output.dense.bias" is missing, want [60]`,
		},
		{
			"more layers than the file",
			changed{},
			func(c *bert.Config) { c.NumHiddenLayers = 3 }, `tensor "bert.encoder.layer.2.attention.self.query.weight" is missing`,
		},
		{
			"wrong shape",
			changed{shape: map[string][]int{"bert.encoder.layer.0.intermediate.dense.weight": {60, 37}}},
			nil, `tensor "bert.encoder.layer.0.intermediate.dense.weight" is [60 37], want [37 60]`,
		},
		{
			"vocabulary of another size",
			changed{},
			func(c *bert.Config) { c.VocabSize = 100 }, `tensor "bert.embeddings.word_embeddings.weight" is [101 60], want [100 60]`,
		},
		{"read error", changed{fail: broken}, nil, broken.Error()},
		{
			"sequence head without pooler",
			changed{without: "bert.pooler"},
			nil, "needs the pooler",
		},
		{
			"head without weights",
			changed{without: "heads.mood"},
			nil, `tensor "heads.mood.weight" is missing, want [3 60]`,
		},
		{
			"head of other labels",
			changed{},
			func(c *bert.Config) {
				c.Heads = map[string]bert.HeadConfig{"mood": {Type: bert.SequenceHeadType, Labels: []string{"a", "b"}}}
			},
			`tensor "heads.mood.weight" is [3 60], want [2 60]`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := weights.config(t)
			if tt.config != nil {
				tt.config(&config)
			}
			tt.weights.fixture = weights
			_, err := bert.New(config, tt.weights, bert.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New() = %v, want %q in it", err, tt.want)
			}
		})
	}
}

// A BertForTokenClassification has neither pooler nor pre-training heads.
func TestNewServesAClassifier(t *testing.T) {
	weights, expected := openTiny(t, "gelu")
	config := weights.config(t)
	config.Heads = nil
	config.Architectures = []string{"BertForTokenClassification"}
	config.ID2Label = map[int]string{0: "O", 1: "B-X"}
	m, err := bert.New(config, changed{fixture: weights, without: "cls.", alias: map[string]string{
		"heads.classifier.weight": "heads.ner.weight",
		"heads.classifier.bias":   "heads.ner.bias",
	}}, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.MLM != nil || m.NSP != nil || len(m.Heads) != 1 {
		t.Errorf("model has MLM %v, NSP %v, heads %v", m.MLM, m.NSP, m.Heads)
	}
	head, ok := m.Heads["classifier"].(*bert.TokenHead)
	if !ok {
		t.Fatalf("heads = %v, want a token head named classifier", m.Heads)
	}
	if want := []string{"O", "B-X", "LABEL_2", "LABEL_3", "LABEL_4"}; !slices.Equal(head.Labels, want) {
		t.Errorf("labels = %q, want %q", head.Labels, want)
	}
	ids, types := expected.batch(t)
	ws := m.NewWorkspace(nil)
	hidden := m.Encoder.Forward(ws, bert.NewBatch(ids, types))
	compare(t, "classifier", head.Forward(ws, hidden), expected.floats(t, "ner"))
}

// Without stored bytes to gather from, the word embeddings are read to float32.
func TestNewReadsConvertedEmbeddings(t *testing.T) {
	weights, expected := openTiny(t, "gelu")
	m, err := bert.New(weights.config(t), changed{fixture: weights, noRaw: true}, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ws := m.NewWorkspace(nil)
	ws.KeepHidden(true)
	ws.KeepAttention(true)
	compareAll(t, m, ws, bert.NewBatch(expected.batch(t)), expected)
}

// A decoder that is not tied is a parameter of its own.
func TestNewReadsAnUntiedDecoder(t *testing.T) {
	weights, expected := openTiny(t, "gelu")
	const decoder = "cls.predictions.decoder.weight"
	m, err := bert.New(weights.config(t), changed{fixture: weights, alias: map[string]string{
		decoder: "bert.embeddings.word_embeddings.weight",
	}}, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(m.Parameters(), func(p *bert.Param) bool { return p.Name == decoder }) {
		t.Errorf("%s is not among the parameters", decoder)
	}
	in := bert.NewBatch(expected.batch(t))
	ws := m.NewWorkspace(nil)
	compare(t, "mlm", m.MLM.Forward(ws, m.Encoder.Forward(ws, in), everyPosition(in)), expected.floats(t, "mlm"))
}

func TestParametersAreTheTensorsOfTheFile(t *testing.T) {
	for _, name := range tinyModels {
		t.Run(name, func(t *testing.T) {
			m, _ := newTiny(t, name)
			weights, _ := openTiny(t, name)
			var got []string
			encoder := 0
			for _, p := range m.Parameters() {
				got = append(got, p.Name)
				if shape, _ := weights.Shape(p.Name); !slices.Equal(shape, p.Shape) {
					t.Errorf("%s is %v, want %v", p.Name, p.Shape, shape)
				}
				if strings.HasPrefix(p.Name, "bert.") {
					encoder += p.Len()
				}
				if want := len(p.Shape) == 2; p.Decay != want {
					t.Errorf("%s: Decay = %t, want %t", p.Name, p.Decay, want)
				}
			}
			slices.Sort(got)
			if want := slices.Sorted(maps.Keys(weights.tensors)); !slices.Equal(got, want) {
				t.Errorf("parameters are %q, want %q", got, want)
			}
			if want := m.Config.Parameters(); encoder != want {
				t.Errorf("encoder and pooler have %d parameters, the formula says %d", encoder, want)
			}
		})
	}
}

func TestNewKeepsNoSecondCopy(t *testing.T) {
	config, weights := openEmbedded(t, "en")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := bert.New(config, weights, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	_, stored, _ := weights.Raw("bert.embeddings.word_embeddings.weight")
	decoder := 4 * config.VocabSize * config.HiddenSize // the largest tensor, in float32
	layer := 4 * 4 * config.HiddenSize * config.HiddenSize
	held := m.Bytes() - len(stored)
	// Everything ever allocated: what is held, the scratch tensor as it grew to
	// the largest, and the rest of the last block that kernels packs weights
	// into, which is not resident until it is written. That is less than a
	// second copy of the decoder would be.
	const block = 34 << 20
	allocated := int(after.TotalAlloc - before.TotalAlloc)
	if limit := held + decoder + 2*layer + block + 1<<20; allocated > limit {
		t.Errorf("New allocated %d bytes in all for %d held, want at most %d", allocated, held, limit)
	}
	if parameters := 4 * (config.Parameters() - config.VocabSize*config.HiddenSize); held < parameters+decoder {
		t.Errorf("Bytes() = %d, want at least %d beside the embeddings", m.Bytes(), parameters+decoder)
	}
}

func TestSequencesDoNotDependOnTheirNeighbours(t *testing.T) {
	pool := newPool(t, 2)
	for _, name := range tinyModels {
		t.Run(name, func(t *testing.T) {
			m, expected := newTiny(t, name)
			ids, types := expected.batch(t)
			together, alone := m.NewWorkspace(pool), m.NewWorkspace(nil)
			in := bert.NewBatch(ids, types)
			hidden := slices.Clone(m.Encoder.Forward(together, in))
			pooled := m.Pooler.Forward(together, hidden, in)
			for b := range ids {
				one := bert.NewBatch(ids[b:b+1], types[b:b+1])
				h := m.Config.HiddenSize
				got := m.Encoder.Forward(alone, one)
				want := hidden[int(in.Starts[b])*h : int(in.Starts[b+1])*h]
				if !slices.Equal(got, want) {
					t.Errorf("hidden states of sequence %d depend on its neighbours", b)
				}
				if got := m.Pooler.Forward(alone, got, one); !slices.Equal(got, pooled[b*h:][:h]) {
					t.Errorf("pooled output of sequence %d depends on its neighbours", b)
				}
			}
		})
	}
}

func TestTokenTypesDefaultToZero(t *testing.T) {
	m, expected := newTiny(t, "gelu")
	ids, _ := expected.batch(t)
	zeros := make([][]int32, len(ids))
	for i := range ids {
		zeros[i] = make([]int32, len(ids[i]))
	}
	partly := slices.Clone(zeros)
	partly[1] = nil
	ws := m.NewWorkspace(nil)
	want := slices.Clone(m.Encoder.Forward(ws, bert.NewBatch(ids, zeros)))
	for name, types := range map[string][][]int32{"nil": nil, "nil for one": partly, "too few": zeros[:2]} {
		if got := m.Encoder.Forward(ws, bert.NewBatch(ids, types)); !slices.Equal(got, want) {
			t.Errorf("token types %s: other hidden states than with zeros", name)
		}
	}
}

// A workspace gives the same results whatever it has been used for.
func TestWorkspaceIsReused(t *testing.T) {
	m, expected := newTiny(t, "gelu")
	ids, types := expected.batch(t)
	in := bert.NewBatch(ids, types)
	ws := m.NewWorkspace(newPool(t, 2))
	small := bert.NewBatch(ids[1:2], types[1:2])
	for _, keep := range []bool{false, true, false, true} {
		ws.KeepHidden(keep)
		ws.KeepAttention(keep)
		m.MLM.Forward(ws, m.Encoder.Forward(ws, small), everyPosition(small))
		if keep {
			compareAll(t, m, ws, in, expected)
		} else {
			compare(t, "hidden.2", m.Encoder.Forward(ws, in), expected.floats(t, "hidden.2"))
		}
	}
}

func TestForwardPanicsOnABadBatch(t *testing.T) {
	m, _ := newTiny(t, "gelu") // V 101, 31 positions, 2 types
	for _, tt := range []struct {
		name string
		in   bert.Batch
		want string
	}{
		{"empty", bert.Batch{}, "batch of 0 tokens"},
		{"starts beyond the tokens", bert.Batch{InputIDs: []int32{1}, Starts: []int32{0, 2}}, "starts at [0 2]"},
		{"empty sequence", bert.Batch{InputIDs: []int32{1}, Starts: []int32{0, 0, 1}}, "sequence 0 has 0 tokens"},
		{"starts go back", bert.Batch{InputIDs: []int32{1, 2}, Starts: []int32{0, 2, 1, 2}}, "sequence 1 has -1 tokens"},
		{"too long", bert.NewBatch([][]int32{make([]int32, 32)}, nil), "sequence 0 has 32 tokens, want 1 to 31"},
		{"id beyond the vocabulary", bert.NewBatch([][]int32{{1, 101}}, nil), "token 1 has id 101"},
		{"negative id", bert.NewBatch([][]int32{{-1}}, nil), "token 0 has id -1"},
		{"unknown type", bert.NewBatch([][]int32{{1}}, [][]int32{{2}}), "token 0 has type 2"},
		{"types missing", bert.Batch{InputIDs: []int32{1, 2}, TokenTypeIDs: []int32{0}, Starts: []int32{0, 2}}, "has 1 token types"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, tt.want) {
					t.Errorf("Forward panics with %q, want %q in it", got, tt.want)
				}
			}()
			m.Encoder.Forward(m.NewWorkspace(nil), tt.in)
		})
	}
}
