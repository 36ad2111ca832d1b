package bert

// embeddings turn ids into the first hidden states:
//
//	LayerNorm(word[id] + tokenType[type] + position[i])
//
// with i counted from the start of each sequence (Devlin et al. 2018, fig. 2).
type embeddings struct {
	word                table
	tokenType, position *Param // (types, H), (positions, H)
	norm                layerNorm
}

func newEmbeddings(c *Config) embeddings {
	const prefix = "bert.embeddings."
	return embeddings{
		word:      newTable(prefix+"word_embeddings.weight", c.VocabSize, c.HiddenSize),
		position:  newMatrix(prefix+"position_embeddings.weight", c.MaxPositionEmbeddings, c.HiddenSize),
		tokenType: newMatrix(prefix+"token_type_embeddings.weight", c.TypeVocabSize, c.HiddenSize),
		norm:      newLayerNorm(prefix+"LayerNorm", c.HiddenSize, c.LayerNormEps),
	}
}

func (e *embeddings) params() []*Param {
	return append([]*Param{e.word.param, e.position, e.tokenType}, e.norm.params()...)
}

func (e *embeddings) load(r *reader) error {
	if err := e.word.load(r); err != nil {
		return err
	}
	for _, p := range []*Param{e.position, e.tokenType} {
		if err := r.resident(p); err != nil {
			return err
		}
	}
	return e.norm.load(r)
}

// forward computes hidden (ΣT, H).
func (e *embeddings) forward(ws *Workspace, hidden []float32, in Batch) {
	ws.embed = embedTask{embeddings: e, in: in, sum: hidden, size: e.position.Shape[1]}
	ws.pool.Run(in.Sequences(), &ws.embed)
	e.norm.forward(ws.pool, hidden, hidden, in.Tokens())
}

func (e *embeddings) bytes() int {
	return e.word.bytes() + 4*(len(e.position.Data)+len(e.tokenType.Data)) + e.norm.bytes()
}

// embedTask adds the three embeddings of the tokens of one sequence.
type embedTask struct {
	*embeddings
	in   Batch
	sum  []float32 // (ΣT, H)
	size int       // H
}

// Do implements kernels.Task; i is a sequence.
func (t *embedTask) Do(_, i int) {
	start, end := int(t.in.Starts[i]), int(t.in.Starts[i+1])
	for token := start; token < end; token++ {
		sum := t.sum[token*t.size:][:t.size]
		t.word.row(sum, t.in.InputIDs[token])
		kind := 0
		if t.in.TokenTypeIDs != nil {
			kind = int(t.in.TokenTypeIDs[token])
		}
		tokenType := t.tokenType.Data[kind*t.size:][:t.size]
		position := t.position.Data[(token-start)*t.size:][:t.size]
		for k := range sum {
			// transformers' order of additions
			sum[k] = sum[k] + tokenType[k] + position[k]
		}
	}
}
