// Command bert works on model directories from the command line: it
// tokenizes, inspects, predicts, evaluates, measures and trains.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"runtime/debug"
	"strconv"
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

	Version kong.VersionFlag `help:"Print the version."`
}

// inspecting is what bert inspect shows: a model, unless told otherwise.
type inspecting struct {
	Model    inspectCmd         `cmd:"" default:"withargs" help:"Show what is in a model directory (default)."`
	Examples inspectExamplesCmd `cmd:"" help:"Show the examples that pre-training makes of text."`
}

func main() {
	parser := kong.Parse(&cli{}, append(parsing(),
		kong.Name("bert"),
		kong.Description("Tokenize, inspect, run and train BERT models."),
		kong.ShortUsageOnError(),
		kong.BindSingletonProvider(untilSignal),
	)...)
	parser.FatalIfErrorf(parser.Run())
}

// untilSignal is the context of the commands that take one: a signal ends it, so
// that they stop in good order, and a second one ends the process at once, as the
// first does where nobody has asked for the context.
func untilSignal() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx
}

// parsing is how the command line is read.
func parsing() []kong.Option {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return []kong.Option{
		kong.Vars{
			"presets":    strings.Join(bert.PresetNames(), ", "),
			"precisions": strings.Join(kernels.PrecisionNames(), ", "),
			"version":    version,
		},
		kong.NamedMapper("model", kong.MapperFunc(modelFlag)),
		kong.NamedMapper("file", kong.MapperFunc(existingFile)),
		kong.KindMapper(reflect.Int, kong.MapperFunc(signedNumber)),
		kong.KindMapper(reflect.Uint64, kong.MapperFunc(signedNumber)),
		kong.KindMapper(reflect.Float64, kong.MapperFunc(signedNumber)),
	}
}

// existingFile reads a flag of type file: a file that is there. (kong's own keeps the
// first of several without a word.)
func existingFile(ctx *kong.DecodeContext, target reflect.Value) error {
	var path string
	if err := ctx.Scan.PopValueInto("file", &path); err != nil {
		return err
	}
	if target.String() != "" {
		return errors.New("is given twice")
	}
	if path == "" {
		return errors.New("must not be empty")
	}
	path = kong.ExpandPath(path)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a directory", path)
	}
	target.SetString(path)
	return nil
}

// usualMappers read flags as kong does by itself.
var usualMappers = kong.NewRegistry().RegisterDefaults()

// signedNumber reads a number that may begin with a sign, as in --layer -1: kong
// takes every word that begins with a dash for a flag.
func signedNumber(ctx *kong.DecodeContext, target reflect.Value) error {
	if word, ok := ctx.Scan.Peek().Value.(string); ok {
		if _, err := strconv.ParseFloat(word, 64); err == nil {
			ctx.Scan.Pop()
			ctx.Scan.PushTyped(word, kong.FlagValueToken)
		}
	}
	return usualMappers.ForValue(target).Decode(ctx, target)
}
