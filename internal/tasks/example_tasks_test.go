package tasks

import (
	"context"
	"fmt"

	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

// exampleEngine is embeddedEngine for the examples.
func exampleEngine() *engine.Engine {
	e, err := loadEmbedded()
	if err != nil {
		panic(err)
	}
	return e
}

// The seed examples of the project: each text goes to the model for the
// script that it is written in.
func ExampleFillMask_Fill() {
	fill := FillMask{exampleEngine()}
	results, err := fill.Fill(context.Background(),
		[]Text{{Text: "my dog is [MASK]."}, {Text: "我今天要[MASK]课。"}},
		FillMaskOptions{TopK: 1})
	if err != nil {
		panic(err)
	}
	for _, r := range results {
		best := r.Masks[0].Predictions[0]
		fmt.Printf("%s: %s (%s)\n", r.Model, best.Sequence, best.Token)
	}
	// Output:
	// en: my dog is sorry. (sorry)
	// zh: 我 今 天 要 上 课 。 (上)
}

// Several masks filled together, from left to right.
func ExampleFillMask_Fill_joint() {
	fill := FillMask{exampleEngine()}
	results, err := fill.Fill(context.Background(),
		[]Text{{Text: "中华人民[MASK][MASK]国成立了。"}},
		FillMaskOptions{TopK: 1, Joint: true})
	if err != nil {
		panic(err)
	}
	for _, token := range results[0].Joint[0].Tokens {
		fmt.Print(token.Token)
	}
	fmt.Println()
	// Output: 共和
}

func ExampleNextSentence_IsNext() {
	nextSentence := NextSentence{exampleEngine()}
	results, err := nextSentence.IsNext(context.Background(), []Text{
		{Text: "The man went to the store.", Pair: "He bought a gallon of milk.", HasPair: true},
		{Text: "The man went to the store.", Pair: "Penguins are flightless birds.", HasPair: true},
	}, NextSentenceOptions{})
	if err != nil {
		panic(err)
	}
	for _, r := range results {
		fmt.Println(r.Label)
	}
	// Output:
	// IsNext
	// NotNext
}

func ExampleEmbedder_Embed() {
	embedder := Embedder{exampleEngine()}
	results, err := embedder.Embed(context.Background(),
		[]Text{{Text: "A cat sat on the mat."}, {Text: "A kitten was sitting on the rug."}, {Text: "Stocks fell sharply."}},
		EmbedOptions{})
	if err != nil {
		panic(err)
	}
	// Vectors have length 1, so their product is the cosine.
	similarity := func(a, b Vector) (sum float32) {
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	cat, kitten, stocks := results[0].Embedding, results[1].Embedding, results[2].Embedding
	fmt.Println(similarity(cat, kitten) > similarity(cat, stocks))
	// Output: true
}

// Offsets may be counted as the caller's language counts: here as JavaScript
// does, where the emoji is two units long.
func ExampleTokenizer_Tokenize() {
	task := Tokenizer{exampleEngine()}
	no := false
	results, err := task.Tokenize(context.Background(), []Text{{Text: "🙂 Tokenizing"}}, TokenizeOptions{
		Options:          Options{OffsetUnit: tokenizer.UTF16},
		AddSpecialTokens: &no,
	})
	if err != nil {
		panic(err)
	}
	for _, p := range results[0].Pieces {
		fmt.Println(p.Token, p.Start, p.End)
	}
	// Output:
	// [UNK] 0 2
	// token 3 8
	// ##izing 8 13
}

func ExampleAttention_Attend() {
	attention := Attention{exampleEngine()}
	results, err := attention.Attend(context.Background(), []Text{{Text: "dogs bark"}}, AttendOptions{Aggregate: Rollout})
	if err != nil {
		panic(err)
	}
	r := results[0]
	fmt.Println(len(r.Pieces), "pieces, shape", r.Attention.Shape)
	// Output: 4 pieces, shape [6 1 4 4]
}

// A caller's mistake says what is wrong and how to put it right.
func ExampleInputError() {
	fill := FillMask{exampleEngine()}
	_, err := fill.Fill(context.Background(), []Text{{Text: "my dog is hairy."}}, FillMaskOptions{})
	fmt.Println(err)
	// Output: text 0: no-mask: no [MASK] in the text: write [MASK] where a word is missing, as in "my dog is [MASK]."
}

func ExamplePretrainingExamples_Make() {
	task := PretrainingExamples{exampleEngine()}
	results, err := task.Make(context.Background(), []Text{{Text: "My dog is hairy. He likes the rain."}}, PretrainingOptions{Seed: 4})
	if err != nil {
		panic(err)
	}
	example := results[0].Examples[0]
	for _, p := range example.Predictions {
		fmt.Println(p.Position, p.Label, p.Treatment, example.Pieces[p.Position].Token)
	}
	fmt.Println(example.NextSentence)
	// Output:
	// 5 . mask [MASK]
	// 8 likes mask [MASK]
	// IsNext
}
