package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestRoom: what a task asks room for is about what its answer takes, and
// where there is none the task ends before it reads anything.
func TestRoom(t *testing.T) {
	e := embeddedEngine(t)
	text := "The [MASK] of Vienna, said Ada, is " + strings.Repeat("very! ", 60) + "old. So it [MASK]."
	texts := []Text{{Text: text}, {Text: strings.Repeat("北京是中国的[MASK]都。", 9)}}
	for name, task := range map[string]func(context.Context) (results any, numbers int, err error){
		"attention": func(ctx context.Context) (any, int, error) {
			results, err := Attention{e}.Attend(ctx, texts, AttendOptions{})
			n := 0
			for _, r := range results {
				n += len(r.Attention.Data)
			}
			return nil, n, err
		},
		"embed": func(ctx context.Context) (any, int, error) {
			results, err := Embedder{e}.Embed(ctx, texts, EmbedOptions{})
			n := 0
			for _, r := range results {
				n += len(r.Embedding)
			}
			return nil, n, err
		},
		"embed tokens": func(ctx context.Context) (any, int, error) {
			results, err := Embedder{e}.Embed(ctx, texts, EmbedOptions{Pooling: NoPooling})
			n := 0
			for _, r := range results {
				for _, v := range r.TokenEmbeddings {
					n += len(v)
				}
			}
			return nil, n, err
		},
		"fill-mask": func(ctx context.Context) (any, int, error) {
			results, err := FillMask{e}.Fill(ctx, texts, FillMaskOptions{TopK: 50})
			return results, 0, err
		},
		"fill-mask, targets": func(ctx context.Context) (any, int, error) {
			targets := []string{"big"}
			for i := range 900 {
				targets = append(targets, fmt.Sprintf("target %d", i))
			}
			results, err := FillMask{e}.Fill(ctx, texts, FillMaskOptions{Targets: targets})
			return results, 0, err
		},
		"fill-mask, joint": func(ctx context.Context) (any, int, error) {
			results, err := FillMask{e}.Fill(ctx, texts, FillMaskOptions{TopK: 9, Joint: true})
			return results, 0, err
		},
		"tokenize": func(ctx context.Context) (any, int, error) {
			results, err := Tokenizer{e}.Tokenize(ctx, texts, TokenizeOptions{})
			return results, 0, err
		},
		"pretraining": func(ctx context.Context) (any, int, error) {
			results, err := PretrainingExamples{e}.Make(ctx, texts, PretrainingOptions{})
			return results, 0, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var asked AnswerSize
			results, numbers, err := task(WithRoom(t.Context(), func(size AnswerSize) error {
				asked.Numbers += size.Numbers
				asked.Text += size.Text
				return nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			if asked.Numbers != numbers {
				t.Errorf("asked room for %d numbers, and there are %d", asked.Numbers, numbers)
			}
			if results != nil {
				answer, err := json.Marshal(results)
				if err != nil {
					t.Fatal(err)
				}
				if asked.Text < len(answer)*2/3 || asked.Text > 2*len(answer) {
					t.Errorf("asked room for %d bytes, and there are %d", asked.Text, len(answer))
				}
			}
			full := errors.New("full")
			before := e.Stats().Requests
			if _, _, err := task(WithRoom(t.Context(), func(AnswerSize) error { return full })); !errors.Is(err, full) {
				t.Errorf("without room: %v", err)
			}
			if got := e.Stats().Requests; got != before {
				t.Errorf("%d requests went to the engine all the same", got-before)
			}
		})
	}
}
