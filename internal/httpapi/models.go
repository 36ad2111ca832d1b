package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"cloze/internal/engine"
)

// Models is the answer of GET /models.
type Models struct {
	// Models are those loaded. A request that names none goes to the first that can answer it among those whose script fits.
	Models []Model `json:"models"`
} //	@name	Models

// Model describes a loaded model.
type Model struct {
	ID string `json:"id" example:"en"`
	// Layers of the encoder, L.
	Layers int32 `json:"layers" example:"6"`
	// The size of the hidden states, H.
	HiddenSize int32 `json:"hidden_size" example:"384"`
	// Attention heads of each layer, A.
	AttentionHeads int32 `json:"attention_heads" example:"12"`
	// The inner size of the feed-forward layers.
	IntermediateSize int32 `json:"intermediate_size" example:"1536"`
	// Word pieces in the vocabulary, V.
	VocabularySize int32 `json:"vocabulary_size" example:"30522"`
	// Parameters of the encoder and its pooler.
	Parameters int64 `json:"parameters" format:"int64" example:"22713216"`
	// Bytes of memory that the weights take.
	Bytes int64 `json:"bytes" format:"int64" example:"90000000"`
	// Precision in which the matrix products run.
	Precision string `json:"precision" example:"float32"`
	// Heads are what the model can answer.
	Heads []ModelHead `json:"heads"`
	// Limits of one request.
	Limits Limits `json:"limits"`
	// Card is what the model was trained on and how well it does, in Markdown.
	Card string `json:"card"`
} //	@name	Model

// ModelHead is one head of a model.
type ModelHead struct {
	Name string `json:"name" example:"topic"`
	// Type is what the head reads: the whole text, each token, or masks.
	Type HeadType `json:"type"`
	// Labels in the order of the head's logits. The mask head has the vocabulary instead.
	Labels []string `json:"labels"`
	// Pair says that the head reads pairs of texts.
	Pair bool `json:"pair"`
} //	@name	ModelHead

// HeadType is what a head reads.
type HeadType string //	@name	HeadType

// The types of heads.
const (
	SequenceHead HeadType = "sequence" // the whole text, one answer for it
	TokenHead    HeadType = "token"    // each word piece, an answer for each
	MaskHead     HeadType = "mask"     // the masks, a word for each
)

// Limits of one request.
type Limits struct {
	// Tokens of the longest text that is read at once, special tokens included; how a longer one is read stands in the description of each route.
	MaxTokens int32 `json:"max_tokens" example:"512"`
	// Texts of one request.
	MaxTexts int64 `json:"max_texts" format:"int64" example:"256"`
	// Bytes of the body of one request, after decompression.
	MaxBodyBytes int64 `json:"max_body_bytes" format:"int64" example:"524288"`
	// Tokens of all texts of one request together; those that overlapping windows read twice count twice.
	MaxTokensPerRequest int64 `json:"max_tokens_per_request" format:"int64" example:"32768"`
} //	@name	Limits

// getModels answers GET /models.
//
//	@ID			listModels
//	@Summary	The loaded models
//	@Description	What is loaded, how large it is, and which heads with which labels it has.
//	@Tags		service
//	@Produce	json
//	@Success	200	{object}	Models
//	@Failure	503	{object}	Problem
//	@Router		/models [get]
func (a *API) getModels(w http.ResponseWriter, r *http.Request) {
	t, err := a.ready()
	if err != nil {
		a.writeError(w, r, err)
		return
	}
	list := Models{Models: make([]Model, len(t.Models))}
	for i, m := range t.Models {
		list.Models[i] = a.describe(m)
	}
	a.writeJSON(w, r, list)
}

// getModel answers GET /models/{id}.
//
//	@ID			getModel
//	@Summary	One loaded model
//	@Description	The same as in the list of all models.
//	@Tags		service
//	@Produce	json
//	@Param		id	path		string	true	"Id of a model"
//	@Success	200	{object}	Model
//	@Failure	404	{object}	Problem
//	@Failure	503	{object}	Problem
//	@Router		/models/{id} [get]
func (a *API) getModel(w http.ResponseWriter, r *http.Request) {
	t, err := a.ready()
	if err != nil {
		a.writeError(w, r, err)
		return
	}
	for _, m := range t.Models {
		if m.ID == chi.URLParam(r, "id") {
			a.writeJSON(w, r, a.describe(m))
			return
		}
	}
	p := newProblem(unknownModel, "no model of this id is loaded")
	p.Available = a.modelIDs()
	a.writeError(w, r, p)
}

func (a *API) describe(m *engine.Model) Model {
	c := m.Network.Config
	return Model{
		ID:     m.ID,
		Layers: int32(c.NumHiddenLayers), HiddenSize: int32(c.HiddenSize),
		AttentionHeads: int32(c.NumAttentionHeads), IntermediateSize: int32(c.IntermediateSize),
		VocabularySize: int32(c.VocabSize), Parameters: int64(c.Parameters()),
		Bytes: int64(m.Network.Bytes()), Precision: m.Network.Precision().String(),
		Heads: headsOf(m), Card: m.Card,
		Limits: Limits{
			MaxTokens: int32(m.MaxTokens), MaxTexts: int64(a.config.MaxTexts),
			MaxBodyBytes: a.config.MaxBodyBytes, MaxTokensPerRequest: int64(a.config.MaxTokensPerRequest),
		},
	}
}

func headsOf(m *engine.Model) []ModelHead {
	network := m.Network
	heads := []ModelHead{}
	for _, name := range network.Config.HeadNames() {
		head := network.Heads[name].Describe()
		heads = append(heads, ModelHead{Name: name, Type: HeadType(head.Type), Labels: head.Labels, Pair: head.Pair})
	}
	if nsp := network.NSP; nsp != nil {
		heads = append(heads, ModelHead{Name: nsp.Name, Type: SequenceHead, Labels: nsp.Labels, Pair: true})
	}
	if mlm := network.MLM; mlm != nil {
		heads = append(heads, ModelHead{Name: mlm.Name, Type: MaskHead, Labels: []string{}})
	}
	return heads
}
