package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"

	"cloze/internal/engine"
	"cloze/internal/evaluation"
	"cloze/internal/kernels"
	"cloze/internal/training"
)

// evaluateCmd measures a model in one of four ways: a head on a labelled file
// (evaluate_head.go), all heads on a directory of sets (evaluate_heads.go), the
// pre-training tasks on running text (evaluate_text.go), or sets of the four
// built-in tasks beside a built-in model's card (evaluate_card.go). Package
// evaluation measures; here are the flags, and the reports as tables.
type evaluateCmd struct {
	engineFlags `embed:""`
	Data        string   `placeholder:"PATH" help:"A labelled file (.jsonl, .csv, .tsv, .conll, with .gz too), or a directory of sets HEAD/SET/dev.jsonl (or .conll, .csv, .tsv)."`
	Text        []string `placeholder:"PATH" sep:"none" help:"Running text instead of labels: one sentence a line, a blank line between documents; files, directories, .gz."`
	Rows        *int     `help:"Rows of a set to take; 0 is all (default: all, or 2000 beside a card)."`
	MaxTokens   int      `help:"Longest text in tokens (default: as the model's config.json has it for the head, else the longest that it reads, for text 128)."`
	BadLines    *int     `help:"Lines that may be unusable before the data are taken for the wrong ones; -1 is any number (default 100)."`
	Bootstrap   *int     `placeholder:"ROUNDS" help:"Rounds of the bootstrap that the 95 % intervals come from; 0 gives none (default 1000)."`
	Seed        *uint64  `help:"Seed of every draw (default 1)."`
	Format      string   `default:"table" enum:"table,json" help:"Tables, or one JSON object with everything (${enum})."`

	headFlags `embed:"" group:"A head on a labelled file"`
	textFlags `embed:"" group:"Running text"`
	cardFlags `embed:"" group:"Sets of the built-in tasks, beside a card"`

	stdout io.Writer // os.Stdout, but in tests
}

// headFlags are those of one head on one file.
type headFlags struct {
	Head       string            `help:"Name of the head (default: the only one, or the one that a path HEAD/SET/FILE names)."`
	Map        map[string]string `mapsep:"none" placeholder:"LABEL=AS" help:"Take a label of the file, or an entity type, for one of the head's; LABEL= leaves its rows out."`
	Lacks      []string          `sep:"none" placeholder:"LABEL" help:"A label or entity type of the head's that the file does not annotate: it is no answer then."`
	TextField  string            `help:"Member or column of the text (default text)."`
	PairField  string            `help:"Member or column of the second text (default text_pair)."`
	LabelField string            `help:"Member or column of the label (default label)."`
	Columns    []string          `help:"Names of the columns of a .csv or .tsv file without a header line."`
	Separator  string            `help:"What separates several labels in a column."`
	Mistakes   string            `placeholder:"FILE" type:"path" help:"Write the rows that it gets wrong there, as JSON Lines with its answers; of numbers all rows, those first that are furthest off."`
}

// textFlags are those of running text.
type textFlags struct {
	MaskProbability *float64 `help:"Share of the pieces to guess (default 0.15)."`
	Examples        *int     `help:"Examples to take, drawn from all over the text; 0 is all that an epoch has (default 2000)."`
}

// cardFlags are those of sets beside a card.
type cardFlags struct {
	Card    string `placeholder:"en|zh" help:"Measure a model of a directory as the built-in model of this name is measured: its sets, its names for their labels, its figures beside."`
	Task    string `enum:",sentiment,aspect,topic,ner" default:"" help:"The only task to measure, or the task of a set that lies elsewhere (sentiment, aspect, topic, ner)."`
	Pieces  int    `default:"-1" help:"Longest text in pieces: what is over is cut off; 0 never cuts. The default is the card's: 126 of a text or sentence, 80 beside an aspect, 64 of a text to be given a topic."`
	All     bool   `help:"Measure all sets there, not only those of the model's card."`
	Served  bool   `help:"Also say how the set does as the server answers: plain text, nothing cut, all labels, defaults."`
	HeldOut bool   `default:"true" negatable:"" help:"Measure MLM and NSP too, on documents that the model has not seen, where the card names some."`
	Check   bool   `help:"Fail if a figure is further from the card than it may be."`
}

// Help shows what is measured of what.
func (evaluateCmd) Help() string {
	return `Examples:

  bert evaluate --model runs/reviews --data dev.jsonl     a head on labelled rows
  bert evaluate --model runs/pretrained --text text/      MLM and NSP on running text
  bert evaluate --model runs/both --data data/            all heads on sets HEAD/SET/dev.jsonl (.conll, .csv, .tsv, .gz)
  bert evaluate --model en --data data/en                 a built-in model on sets of its tasks, beside its card; without --model, data/ with en and zh in it
  bert evaluate --model runs/en --card en --data data/en  its successor, beside the same card

A head gets, by its kind, accuracy, macro F1, Matthews and the confusion matrix; accuracy of whole label sets, micro and macro F1; Pearson, Spearman and the squared error; or entity precision, recall and F1 as seqeval counts them: each with a 95 % bootstrap interval, and label by label.`
}

// Run writes to standard output.
func (c *evaluateCmd) Run(ctx context.Context) error {
	if c.stdout == nil {
		c.stdout = os.Stdout
	}
	if err := c.check(); err != nil {
		return err
	}
	defer interruptible(ctx)()
	if len(c.Text) > 0 {
		return c.text(ctx)
	}
	file, err := c.labelledFile()
	switch {
	case err != nil:
		return err
	case c.asSets(file):
		used := append(c.headFlags.used(), namesOf(map[string]bool{
			"--max-tokens": c.MaxTokens > 0, "--bootstrap": c.Bootstrap != nil, "--seed": c.Seed != nil,
		})...)
		if len(used) > 0 {
			return fmt.Errorf("%s: for a labelled file, but %s stands for sets beside a card, which has its own", strings.Join(used, ", "), c.Data)
		}
		return c.beside(ctx)
	case file != "":
		return c.head(ctx, file)
	default:
		return c.heads(ctx)
	}
}

// check refuses flags that say nothing together.
func (c *evaluateCmd) check() error {
	switch head, text, card := c.headFlags.used(), c.textFlags.used(), c.cardFlags.used(); {
	case c.Data == "" && len(c.Text) == 0:
		return errors.New("nothing to measure on: give --data FILE for a head on labelled rows, or --text PATH for the pre-training tasks")
	case c.Data != "" && len(c.Text) > 0:
		return errors.New("--data and --text measure different things: run bert evaluate for each")
	case len(c.Text) > 0 && len(head)+len(card) > 0:
		return fmt.Errorf("%s: for labelled rows (--data), not for --text", strings.Join(append(head, card...), ", "))
	case len(head) > 0 && len(card) > 0:
		return fmt.Errorf("%s: for a head on a labelled file, but %s: for sets beside a card", strings.Join(head, ", "), strings.Join(card, ", "))
	case len(c.Text) == 0 && len(text) > 0:
		return fmt.Errorf("%s: for running text (--text), not for --data", strings.Join(text, ", "))
	case len(c.Text) > 0 && c.Rows != nil:
		return errors.New("--rows is for labelled rows; --examples says how much of a text to take")
	case c.Rows != nil && *c.Rows < 0:
		return fmt.Errorf("--rows must be at least 0, not %d", *c.Rows)
	case c.rounds() < 0:
		return fmt.Errorf("--bootstrap must be at least 0 rounds, not %d", c.rounds())
	case c.Examples != nil && *c.Examples < 0:
		return fmt.Errorf("--examples must be at least 0, not %d", *c.Examples)
	case c.MaxTokens < 0:
		return fmt.Errorf("--max-tokens must be at least 0, not %d", c.MaxTokens)
	}
	return checkBadLines(c.problemLimit())
}

// used names the flags that were given.
func (f headFlags) used() []string {
	return namesOf(map[string]bool{
		"--head": f.Head != "", "--map": len(f.Map) > 0, "--lacks": len(f.Lacks) > 0,
		"--text-field": f.TextField != "", "--pair-field": f.PairField != "", "--label-field": f.LabelField != "",
		"--columns": len(f.Columns) > 0, "--separator": f.Separator != "", "--mistakes": f.Mistakes != "",
	})
}

func (f textFlags) used() []string {
	return namesOf(map[string]bool{"--mask-probability": f.MaskProbability != nil, "--examples": f.Examples != nil})
}

func (f cardFlags) used() []string {
	return namesOf(map[string]bool{"--card": f.Card != "", "--task": f.Task != "", "--pieces": f.Pieces >= 0, "--all": f.All, "--served": f.Served, "--check": f.Check, "--no-held-out": !f.HeldOut})
}

// namesOf lists the flags that were given.
func namesOf(flags map[string]bool) []string {
	var names []string
	for name, set := range flags {
		if set {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// labelledFile is the file that --data means: itself, or the dev file of a
// directory that is one set; empty for a directory of sets.
func (c *evaluateCmd) labelledFile() (string, error) {
	info, err := os.Stat(c.Data)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return c.Data, nil
	}
	return evaluation.DevFile(c.Data)
}

// asSets reports whether the data are measured as sets of the built-in tasks
// beside a card are, which has conventions of its own: because a flag of that
// way says so, or because a built-in model is measured on its sets. The names of
// another model's heads do not decide it: such a head may have other labels.
func (c *evaluateCmd) asSets(file string) bool {
	if len(c.cardFlags.used()) > 0 {
		return true
	}
	if _, own := c.directory(); own {
		return false
	}
	if file == "" {
		return true
	}
	_, err := evaluation.OneSet(file, "")
	return err == nil && file != c.Data && len(c.headFlags.used()) == 0
}

// open loads the one model that is to be measured, and starts what it computes
// on; stop ends that.
func (c *evaluateCmd) open() (_ *engine.Model, _ *kernels.Pool, stop func(), _ error) {
	e, pool, err := c.startWithPool()
	if err != nil {
		return nil, nil, nil, err
	}
	all := e.Models()
	if len(all) > 1 {
		var ids []string
		for _, m := range all {
			ids = append(ids, m.ID)
		}
		e.Close()
		pool.Close()
		return nil, nil, nil, fmt.Errorf("say which model to measure: --model with a directory, or %s", strings.Join(ids, " or "))
	}
	return all[0], pool, func() { e.Close(); pool.Close() }, nil
}

// measuring is how training measures, with a bar for whoever waits at a
// terminal; finish takes it away.
func (c *evaluateCmd) measuring(pool *kernels.Pool) (_ training.Measuring, finish func()) {
	m := training.Measuring{Pool: pool, Rounds: c.rounds(), Seed: c.seed()}
	if !newProgress(os.Stderr).tty {
		return m, func() {}
	}
	bar := progressbar.NewOptions(1,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionFullWidth(),
	)
	m.Done = func(done, of int) {
		if of == 0 {
			of = -1 // not known: the bar only counts
		}
		bar.ChangeMax(of)
		bar.Set(done) //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	}
	return m, func() { bar.Clear() } //nolint:errcheck // as above
}

func (c *evaluateCmd) problemLimit() int { return given(c.BadLines, training.DefaultProblemLimit) }

func (c *evaluateCmd) rounds() int { return given(c.Bootstrap, 1000) }

func (c *evaluateCmd) seed() uint64 { return given(c.Seed, 1) }

// given is the value of a flag, or what it is without it.
func given[T any](flag *T, otherwise T) T {
	if flag == nil {
		return otherwise
	}
	return *flag
}

func (c *evaluateCmd) printJSON(result any) error {
	encoder := json.NewEncoder(c.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

func (c *evaluateCmd) printLines(lines []string) error {
	_, err := fmt.Fprintln(c.stdout, strings.Join(lines, "\n"))
	return err
}

// pretraining is the run that made the model, as far as its directory has it and
// it was one of pre-training.
func (c *evaluateCmd) pretraining() (run training.Pretraining) {
	dir, ok := c.directory()
	if !ok {
		return run
	}
	data, err := os.ReadFile(filepath.Join(dir, runFile))
	if err != nil || json.Unmarshal(data, &run) != nil {
		return training.Pretraining{}
	}
	return run
}

// unusableNote says which lines of the data could not be read, if any.
func unusableNote(u *evaluation.Unusable) []string {
	if u == nil {
		return nil
	}
	const shown = 3
	lines := []string{fmt.Sprintf("%s could not be used:", count(u.Count, "line"))}
	for i, problem := range u.First {
		if i == shown {
			return append(lines, fmt.Sprintf("    and %d more", u.Count-shown))
		}
		lines = append(lines, "    "+problem)
	}
	return lines
}

// count says how many there are of something.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return thousands(n) + " " + what
}
