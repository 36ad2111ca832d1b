package httpapi

import (
	"context"
	"encoding/binary"
	"math"
	"net/http"
	"strconv"
	"strings"

	"cloze/internal/tasks"
)

// AttentionRequest is the body of POST /attention.
type AttentionRequest struct {
	pairInput
	// Layers to show, from 0; without it all.
	Layers []int `json:"layers" validate:"omitempty,dive,min=0"`
	// Heads to show or to bring together, from 0; without it all.
	Heads []int `json:"heads" validate:"omitempty,dive,min=0"`
	// How a layer's heads are brought together: not, by their mean, or by attention rollout through the layers.
	Aggregate tasks.Aggregate `json:"aggregate" default:"none" validate:"oneof=none heads rollout"`
	// What a probability takes in the binary form: four bytes (float32, little-endian) or one (uint8, the probability is the byte / 255).
	Precision BinaryPrecision `json:"precision" query:"precision" default:"float32" validate:"oneof=float32 uint8"`
} //	@name	AttentionRequest

// BinaryPrecision is what a probability takes in the binary form.
type BinaryPrecision string //	@name	BinaryPrecision

// The precisions.
const (
	Float32 BinaryPrecision = "float32"
	UInt8   BinaryPrecision = "uint8"
)

// attention answers POST /attention.
//
//	@ID				showAttention
//	@Summary		Show which token attends to which
//	@Description	The attention probabilities of the encoder: layer, head, from, to; the rows over "to" sum to 1. What they show is what the model computes with, not an explanation of its answers. Special tokens written in a text, such as [SEP] and [MASK], are read as special tokens, as /tokenize shows them; to the other routes they are plain text, but for [MASK] to /fill-mask. A text longer than the model reads is cut, of a pair the end of the longer text first; truncate false refuses it with 422, true changes nothing. With "Accept: application/octet-stream" one text's probabilities come as bytes, their shape in X-Attention-Shape.
//	@Tags			tasks
//	@Accept			json,plain
//	@Produce		json,octet-stream
//	@Param			precision	query		string				false	"The same as precision in the body, which wins"	Enums(float32, uint8)
//	@Param			request		body		AttentionRequest	true	"Texts and options"
//	@Success		200			{object}	Results[tasks.AttentionResult]
//	@Router			/attention [post]
func attention(ctx context.Context, t *Tasks, texts []tasks.Text, in *AttentionRequest) ([]tasks.AttentionResult, error) {
	return t.Attention(ctx, texts, tasks.AttendOptions{
		Options:   in.options(),
		Layers:    in.Layers,
		Heads:     in.Heads,
		Aggregate: in.Aggregate,
	})
}

var attentionEncoder = encoder[AttentionRequest, tasks.AttentionResult]{encode: encodeAttention, inBytes: prefersBytes}

// encodeAttention answers in JSON, or in bytes if the client prefers those.
func encodeAttention(r *http.Request, in *AttentionRequest, results []tasks.AttentionResult) (*answer, error) {
	a, err := attentionAnswer(r, in, results)
	if err != nil {
		return nil, err
	}
	a.header.Add("Vary", "Accept")
	return a, nil
}

func attentionAnswer(r *http.Request, in *AttentionRequest, results []tasks.AttentionResult) (*answer, error) {
	if prefersBytes(r) {
		return attentionBytes(in, results)
	}
	return jsonAnswer(r, Results[tasks.AttentionResult]{results})
}

// prefersBytes reports whether the client would rather have bytes than JSON.
func prefersBytes(r *http.Request) bool {
	accept := r.Header.Values("Accept")
	return qualityOf(accept, "application/octet-stream") > qualityOf(accept, "application/json")
}

func attentionBytes(in *AttentionRequest, results []tasks.AttentionResult) (*answer, error) {
	if len(results) != 1 {
		return nil, newProblem(invalidParameter, "the binary form holds the attention of one text; there are %d", len(results)).at("/texts")
	}
	result := results[0]
	a := &answer{status: http.StatusOK, contentType: "application/octet-stream", header: http.Header{}}
	a.header.Set("X-Attention-Shape", joinInts(result.Attention.Shape)) // layers, heads, from, to
	a.header.Set("X-Attention-Type", string(in.Precision))
	a.header.Set("X-Attention-Layers", joinInts(result.Layers))
	a.header.Set("X-Attention-Heads", joinInts(result.Heads))
	a.header.Set("X-Attention-Model", result.Model)
	if in.Precision == UInt8 {
		a.body = make([]byte, len(result.Attention.Data))
		for i, p := range result.Attention.Data {
			a.body[i] = uint8(math.Round(float64(p) * math.MaxUint8))
		}
		return a, nil
	}
	a.body = make([]byte, 0, 4*len(result.Attention.Data))
	for _, p := range result.Attention.Data {
		a.body = binary.LittleEndian.AppendUint32(a.body, math.Float32bits(p))
	}
	return a, nil
}

func joinInts(numbers []int) string {
	var list strings.Builder
	for i, n := range numbers {
		if i > 0 {
			list.WriteByte(',')
		}
		list.WriteString(strconv.Itoa(n))
	}
	return list.String()
}
