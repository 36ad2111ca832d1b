// Command bert works on model directories from the command line: it
// tokenizes, inspects, predicts, evaluates, measures and trains.
package main

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// cli lists the subcommands; each lives in the file of its name.
type cli struct {
	Tokenize tokenizeCmd `cmd:"" help:"Show each line of a file or pipe as a model reads it."`
	Vocab    vocabCmd    `cmd:"" help:"Train a WordPiece vocabulary on text."`
	Convert  convertCmd  `cmd:"" help:"Make a directory to train from of a published encoder."`
	Inspect  inspecting  `cmd:"" help:"Show what is in a model directory, or what pre-training makes of text."`
	Pretrain pretrainCmd `cmd:"" help:"Pre-train a model on running text."`
	Finetune finetuneCmd `cmd:"" help:"Fine-tune a model on labelled sets."`
	Evaluate evaluateCmd `cmd:"" help:"Measure a model on labelled rows or running text."`
	Predict  predictCmd  `cmd:"" help:"Answer a task for each line of a file or pipe."`
	Bench    benchCmd    `cmd:"" help:"Measure how fast models run on this processor."`
	Export   exportCmd   `cmd:"" help:"Write a model for another program."`
}

// inspecting is what bert inspect shows: a model, unless told otherwise.
type inspecting struct {
	Model    inspectCmd         `cmd:"" default:"withargs" help:"Show what is in a model directory (default)."`
	Examples inspectExamplesCmd `cmd:"" help:"Show the examples that pre-training makes of text."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parser := kong.Parse(&cli{},
		kong.Name("bert"),
		kong.Description("Tokenize, inspect, run and train BERT models."),
		kong.ShortUsageOnError(),
		kong.Vars{
			"presets":    strings.Join(bert.PresetNames(), ", "),
			"precisions": strings.Join(kernels.PrecisionNames(), ", "),
		},
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	parser.FatalIfErrorf(parser.Run())
}
