package tasks

import (
	"context"
	"fmt"
	"slices"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// FillMask says what belongs where [MASK] stands: BERT's masked language
// model, asked the way it was trained.
type FillMask struct{ Engine *engine.Engine }

// FillMaskOptions are the options of FillMask.Fill. A text that is too long
// is refused unless Truncate is true, because its masks may lie at its end.
type FillMaskOptions struct {
	Options
	// TopK bounds the predictions of a mask; 0 is 5.
	TopK int
	// Targets, if any, are the only words to score, at most 1,000. A word that
	// is not in the vocabulary stands for its first piece, and the result says
	// so.
	Targets []string
	// Joint also fills several masks together; see Filling.
	Joint bool
}

// Bounds of FillMaskOptions.
const (
	defaultTopK = 5 // transformers' value
	// maxTopK is far more than anybody reads.
	maxTopK = 100
	// maxPredictions bounds the answer to one request: each prediction
	// repeats the text.
	maxPredictions = 10_000
	// maxTargets bounds FillMaskOptions.Targets: they are compared at every
	// mask, and who wants more of the vocabulary can do without targets.
	maxTargets = 1000
)

// FillMaskResult is the result of FillMask.Fill.
type FillMaskResult struct {
	// Masks are the text's masks in order.
	Masks []MaskFilling `json:"masks"`
	// Joint are the best ways to fill all masks together, by falling score;
	// left out unless asked for.
	Joint []Filling `json:"joint,omitempty"`
	// Warnings say how many masks were cut off with the end of the text, and
	// which targets were read as something else.
	Warnings []string `json:"warnings,omitempty"`
	Info
}

// MaskFilling is what fits one mask, the other masks left as they are.
type MaskFilling struct {
	// [MASK] stands in the text from start up to end.
	Start int `json:"start"`
	End   int `json:"end"`
	// Predictions are by falling score.
	Predictions []MaskPrediction `json:"predictions"`
}

// MaskPrediction is one way to fill one mask.
type MaskPrediction struct {
	// Token as it stands in the vocabulary: a piece that continues a word
	// begins with ##.
	Token string `json:"token"`
	ID    int32  `json:"id"`
	// Score is the probability of the token among the whole vocabulary, also
	// where only targets are scored.
	Score float64 `json:"score"`
	// Sequence is the text with the token in the place of the mask, as the
	// model sees it: lower-cased if its vocabulary is, its pieces joined. Any
	// other masks stand in it as [MASK].
	Sequence string `json:"sequence"`
}

// Fill fills the masks of each text.
//
// Only [MASK] is special in the texts: another special token that someone
// writes is plain text.
func (f FillMask) Fill(ctx context.Context, texts []Text, o FillMaskOptions) ([]FillMaskResult, error) {
	if o.TopK < 0 || o.TopK > maxTopK {
		return nil, invalid("top_k", "top_k is %d, want 1 to %d", o.TopK, maxTopK)
	}
	if o.TopK == 0 {
		o.TopK = defaultTopK
	}
	if len(o.Targets) > maxTargets {
		return nil, invalid("targets", "there are %d targets, and one request may have %d", len(o.Targets), maxTargets)
	}
	if err := requireText(texts); err != nil {
		return nil, err
	}
	if err := refusePairs(texts); err != nil {
		return nil, err
	}
	models, err := route(f.Engine, texts, o.Model, func(m *engine.Model) bool { return m.Network.MLM != nil })
	if err != nil {
		return nil, err
	}
	for i, m := range models {
		if m.Network.MLM == nil {
			return nil, noHead(m, i, bert.MLMName, "model", nil)
		}
	}
	readings, err := read(ctx, models, texts, o.Options, tokenizer.SpecialsMask, refused)
	if err != nil {
		return nil, err
	}
	fillings, err := findMasks(ctx, texts, readings, o)
	if err != nil {
		return nil, err
	}
	if err := takeRoom(ctx, AnswerSize{Text: predictionBytes(texts, fillings, o)}); err != nil {
		return nil, err
	}
	width := o.TopK
	if o.Joint {
		width = max(width, minBeam)
		if err := checkBeam(fillings, width); err != nil {
			return nil, err
		}
	}
	if err := f.fillEach(ctx, fillings, width); err != nil {
		return nil, err
	}
	if o.Joint {
		if err := f.fillJointly(ctx, fillings, width); err != nil {
			return nil, err
		}
	}

	defer timingFrom(ctx).phase(phasePost)()
	results := make([]FillMaskResult, len(texts))
	for i := range fillings {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		results[i] = fillings[i].result(texts[i].Text, o)
	}
	return results, nil
}

// masked is a text whose masks are being filled.
type masked struct {
	reading
	positions []int32   // of the masks, in the encoding
	targets   []int32   // the only ids to score, if any
	warnings  []string  // about masks cut off, and the targets
	best      [][]guess // for each mask, by falling score
	beam      []hypothesis
}

// encoding is the one window of the text.
func (m *masked) encoding() *tokenizer.Encoding { return m.windows[0] }

// guess is a token in the place of a mask.
type guess struct {
	id    int32
	score float32
}

// findMasks finds the masks of every text, and what its targets are in the
// vocabulary of its model.
func findMasks(ctx context.Context, texts []Text, readings []reading, o FillMaskOptions) ([]masked, error) {
	all := make([]masked, len(readings))
	targets := make(map[*engine.Model]targetSet) // of the models seen so far
	predictions := 0
	for i, r := range readings {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m := masked{reading: r, positions: maskPositions(r.model, r.windows[0])}
		switch n := len(m.positions); {
		case n == 0 && r.truncated:
			return nil, &InputError{
				Code: CodeNoMask, Index: i, Field: "text",
				Detail: "no [MASK] is left in the text after truncation: put it nearer to the beginning",
			}
		case n == 0:
			return nil, &InputError{
				Code: CodeNoMask, Index: i, Field: "text",
				Detail: `no [MASK] in the text: write [MASK] where a word is missing, as in "my dog is [MASK]."`,
			}
		case o.Joint && n > maxJointMasks:
			return nil, &InputError{
				Code: CodeTooManyMasks, Index: i, Field: "text",
				Detail: fmt.Sprintf("%d masks in the text, and %d can be filled together: leave out joint, or some of the masks", n, maxJointMasks),
				Limit:  maxJointMasks, Actual: n,
			}
		}
		predictions += len(m.positions) * o.TopK
		if r.truncated {
			m.warnings = cutOff(r.model, texts[i].Text, len(m.positions))
		}
		if len(o.Targets) > 0 {
			set, known := targets[r.model]
			if !known {
				var err error
				if set, err = findTargets(ctx, r.model, o.Targets); err != nil {
					return nil, err
				}
				targets[r.model] = set
			}
			m.targets, m.warnings = set.ids, append(m.warnings, set.warnings...)
		}
		all[i] = m
	}
	if predictions > maxPredictions {
		return nil, &InputError{
			Code: CodeTooLarge, Index: -1, Field: "top_k",
			Detail: fmt.Sprintf("the masks of all texts times top_k make %d predictions, and one answer holds %d: ask for fewer", predictions, maxPredictions),
			Limit:  maxPredictions, Actual: predictions,
		}
	}
	return all, nil
}

// maskPositions are where the masks stand in an encoding.
func maskPositions(m *engine.Model, e *tokenizer.Encoding) []int32 {
	var positions []int32
	for p, id := range e.IDs {
		if id == m.Tokenizer.Mask() {
			positions = append(positions, int32(p))
		}
	}
	return positions
}

// cutOff warns of the masks of a text that are not among those left of it.
func cutOff(m *engine.Model, text string, left int) []string {
	whole := m.Tokenizer.Encode(text, tokenizer.Options{Specials: tokenizer.SpecialsMask})
	switch n := len(maskPositions(m, whole)) - left; n {
	case 0:
		return nil
	case 1:
		return []string{"1 mask was cut off with the end of the text"}
	default:
		return []string{fmt.Sprintf("%d masks were cut off with the end of the text", n)}
	}
}

// predictionBytes is about what the predictions take: each repeats its text,
// with a blank between any two pieces, and the joint ones list every mask.
// Warnings repeat the targets.
func predictionBytes(texts []Text, all []masked, o FillMaskOptions) int {
	const besides = 100 // the text
	n := 0
	for i, m := range all {
		for _, w := range m.warnings {
			n += len(w)
		}
		sequence := len(texts[i].Text) + m.encoding().Len()
		k := o.TopK
		if len(m.targets) > 0 {
			k = min(k, len(m.targets))
		}
		n += len(m.positions) * k * (besides + sequence)
		if o.Joint {
			n += o.TopK * (besides*len(m.positions) + sequence)
		}
	}
	return n
}

// targetSet is what the targets are in a model's vocabulary.
type targetSet struct {
	ids      []int32  // each once
	warnings []string // about those that are no word pieces
}

// findTargets looks the targets up in the model's vocabulary (transformers'
// FillMaskPipeline.get_target_ids).
func findTargets(ctx context.Context, m *engine.Model, targets []string) (set targetSet, err error) {
	t := m.Tokenizer
	listed := make(map[int32]bool, len(targets))
	for _, target := range targets {
		if err := ctx.Err(); err != nil {
			return targetSet{}, err
		}
		id, ok := t.ID(target)
		if !ok {
			pieces := t.Encode(target, tokenizer.Options{Specials: tokenizer.SpecialsNone, NoTemplate: true})
			if pieces.Len() == 0 {
				set.warnings = append(set.warnings, fmt.Sprintf("target %q is left out: it makes no word piece", target))
				continue
			}
			id = pieces.IDs[0]
			if pieces.Len() == 1 {
				set.warnings = append(set.warnings, fmt.Sprintf("target %q is scored as %q", target, t.Token(id)))
			} else {
				set.warnings = append(set.warnings, fmt.Sprintf("target %q is not one word piece in the vocabulary of model %s: its first piece %q is scored", target, m.ID, t.Token(id)))
			}
		}
		if !listed[id] {
			listed[id] = true
			set.ids = append(set.ids, id)
		}
	}
	if len(set.ids) == 0 {
		return targetSet{}, &InputError{
			Code: CodeNoTargets, Index: -1, Field: "targets",
			Detail: "none of the targets makes a word piece",
		}
	}
	return set, nil
}

// fillEach finds the k best tokens of every mask by itself.
func (f FillMask) fillEach(ctx context.Context, all []masked, k int) error {
	todo := make([]sequence, len(all))
	for i := range all {
		m := &all[i]
		m.best = make([][]guess, len(m.positions))
		todo[i] = sequence{model: m.model, encoding: m.encoding(), masks: m.positions}
	}
	_, err := run(ctx, f.Engine, todo, func(*engine.Model) engine.Request {
		return engine.Request{MaskLogits: func(i, mask int, logits []float32) {
			all[i].best[mask] = all[i].mostProbable(logits, k)
		}}
	})
	return err
}

// mostProbable returns the k most probable tokens of a mask, among the targets if
// there are any. It overwrites the logits.
func (m *masked) mostProbable(logits []float32, k int) []guess {
	kernels.Softmax(logits, logits, len(logits))
	scores := logits
	if len(m.targets) > 0 {
		scores = make([]float32, len(m.targets))
		for i, id := range m.targets {
			scores[i] = logits[id]
		}
	} else {
		for _, id := range m.model.NamelessIDs {
			scores[id] = -1 // below every probability
		}
		k = min(k, len(scores)-len(m.model.NamelessIDs))
	}
	indices, probabilities := kernels.TopK(scores, k)
	best := make([]guess, len(indices))
	for i, id := range indices {
		if len(m.targets) > 0 {
			id = m.targets[id]
		}
		best[i] = guess{id, probabilities[i]}
	}
	return best
}

// withTokens is the encoding with its first masks filled, as the model reads
// it; only its ids are changed.
func withTokens(e *tokenizer.Encoding, positions []int32, filled []guess) *tokenizer.Encoding {
	copied := *e
	copied.IDs = slices.Clone(e.IDs)
	for i, g := range filled {
		copied.IDs[positions[i]] = g.id
	}
	return &copied
}

func (m *masked) result(text string, o FillMaskOptions) FillMaskResult {
	result := FillMaskResult{Warnings: m.warnings, Masks: make([]MaskFilling, len(m.positions)), Info: m.info()}
	spans := make([]tokenizer.Span, len(m.positions))
	for i, p := range m.positions {
		spans[i] = m.encoding().Offsets[p]
	}
	convert(o.OffsetUnit, text, spans)
	for i, p := range m.positions {
		best := m.best[i][:min(o.TopK, len(m.best[i]))]
		filling := MaskFilling{Start: spans[i].Start, End: spans[i].End, Predictions: make([]MaskPrediction, len(best))}
		for k, g := range best {
			filling.Predictions[k] = MaskPrediction{
				Token: m.model.Tokenizer.Token(g.id), ID: g.id, Score: score(g.score),
				Sequence: m.decode(withTokens(m.encoding(), []int32{p}, []guess{g})),
			}
		}
		result.Masks[i] = filling
	}
	for _, h := range m.beam[:min(o.TopK, len(m.beam))] {
		filling := Filling{Score: scoreOfLog(h.logScore), Sequence: m.decode(withTokens(m.encoding(), m.positions, h.filled))}
		for _, g := range h.filled {
			filling.Tokens = append(filling.Tokens, FilledToken{Token: m.model.Tokenizer.Token(g.id), ID: g.id, Score: score(g.score)})
		}
		result.Joint = append(result.Joint, filling)
	}
	return result
}

// decode is the text of an encoding some of whose masks are filled.
//
// With one mask it is transformers': special tokens left out. With several,
// transformers leaves all of them in; here [CLS] and [SEP] are left out and
// the other masks stay.
func (m *masked) decode(e *tokenizer.Encoding) string {
	if len(m.positions) == 1 {
		return m.model.Tokenizer.Decode(e.IDs, true)
	}
	return m.model.Tokenizer.Decode(e.IDs[1:e.Len()-1], false)
}
