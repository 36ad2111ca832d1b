package bert

// embeddings turn ids into the first hidden states:
//
//	sum    = word[id] + tokenType[type] + position[i]
//	hidden = dropout(LayerNorm(sum))
//
// with i counted from the start of each sequence (Devlin et al. 2018, fig. 2).
type embeddings struct {
	word                table
	tokenType, position *Param // (types, H), (positions, H)
	norm                layerNorm
	dropout             dropoutSite
}

func newEmbeddings(c *Config) embeddings {
	const prefix = "bert.embeddings."
	return embeddings{
		word:      newTable(prefix+"word_embeddings.weight", c.VocabSize, c.HiddenSize),
		position:  newMatrix(prefix+"position_embeddings.weight", c.MaxPositionEmbeddings, c.HiddenSize),
		tokenType: newMatrix(prefix+"token_type_embeddings.weight", c.TypeVocabSize, c.HiddenSize),
		norm:      newLayerNorm(prefix+"LayerNorm", c.HiddenSize, c.LayerNormEps),
		dropout:   dropoutSite{embeddingsSite, c.HiddenDropoutProb},
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

// forward computes hidden (ΣT, H). It keeps sum (ΣT, H) for backward; when
// serving, sum may be hidden.
func (e *embeddings) forward(ws *Workspace, hidden, sum []float32, in Batch) {
	const part = 1 << 12 // values that are worth a part: some microseconds
	size := e.position.Shape[1]
	parts := max(1, min(4*ws.pool.Threads(), in.Tokens()*size/part))
	ws.embed = embedTask{embeddings: e, in: in, hidden: hidden, sum: sum, size: size, parts: parts}
	ws.pool.Run(parts, &ws.embed)
	if mask := ws.dropout(e.dropout); mask.Active() {
		drop(ws.pool, mask, hidden, hidden)
	}
}

// backward takes d = ∂loss/∂hidden (ΣT, H) to the tables; it overwrites d.
func (e *embeddings) backward(ws *Workspace, d, sum []float32, in Batch) {
	// hidden = dropout(LayerNorm(sum))
	if mask := ws.dropout(e.dropout); mask.Active() {
		drop(ws.pool, mask, d, d)
	}
	e.norm.backward(ws, d, sum, in.Tokens(), nil)
	// sum = word[id] + tokenType[type] + position[i]. The same row of a table
	// occurs in many sequences, so a task takes some columns of all of them.
	const block = 64
	size := e.position.Shape[1]
	ws.pool.Run((size+block-1)/block, task(func(_, i int) {
		first, last := i*block, min((i+1)*block, size)
		in.eachToken(func(token, position int, id, kind int32) {
			d := d[token*size:]
			for _, row := range []struct {
				of    *Param
				index int
			}{{e.word.param, int(id)}, {e.position, position}, {e.tokenType, int(kind)}} {
				if row.of.Grad != nil {
					add(row.of.Grad[row.index*size:][first:last], d[first:last])
				}
			}
		})
	}))
}

func (e *embeddings) bytes() int {
	return e.word.bytes() + 4*(len(e.position.Data)+len(e.tokenType.Data)) + e.norm.bytes()
}

// embedTask embeds some tokens in each part.
type embedTask struct {
	*embeddings
	in          Batch
	hidden, sum []float32 // (ΣT, H)
	size        int       // H
	parts       int
}

// Do implements kernels.Task.
func (t *embedTask) Do(_, i int) {
	tokens := t.in.Tokens()
	first, end := tokens*i/t.parts, tokens*(i+1)/t.parts
	sequence := t.in.sequenceOf(first)
	for token := first; token < end; token++ {
		if token == int(t.in.Starts[sequence+1]) {
			sequence++
		}
		sum := t.sum[token*t.size:][:t.size]
		t.word.row(sum, t.in.InputIDs[token])
		tokenType := t.tokenType.Data[int(t.in.typeOf(token))*t.size:][:t.size]
		position := t.position.Data[(token-int(t.in.Starts[sequence]))*t.size:][:t.size]
		for k := range sum {
			// transformers' order of additions
			sum[k] = sum[k] + tokenType[k] + position[k]
		}
	}
	rows := span{first * t.size, end * t.size}
	t.norm.forward(nil, rows.of(t.hidden), rows.of(t.sum), end-first)
}
