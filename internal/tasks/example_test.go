package tasks_test

import (
	"context"
	"fmt"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/engine"
	"cloze/internal/tasks"
	"cloze/models"
)

// From a model directory to an answer.
func Example() {
	network, tok, err := checkpoint.Load(models.FS("en"), bert.Options{})
	if err != nil {
		panic(err)
	}
	e, err := engine.New(engine.Options{}, &engine.Model{ID: "en", Network: network, Tokenizer: tok})
	if err != nil {
		panic(err)
	}
	defer e.Close()

	classifier := tasks.Classifier{Engine: e}
	results, err := classifier.Classify(context.Background(),
		[]tasks.Text{{Text: "The striker scored twice in the final minutes of the match."}},
		tasks.ClassifyOptions{TopK: 1})
	if err != nil {
		panic(err)
	}
	fmt.Println(results[0].Label, results[0].Tokens)
	// Output: sports 14
}
