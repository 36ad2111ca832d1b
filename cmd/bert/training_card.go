package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"cloze/internal/training"
	"cloze/internal/wholefile"
)

// card is what a model's README.md says: what it was made from and how, and
// what it reaches.
type card struct {
	title    string
	base     string // what it started from
	command  string
	run      any                  // its description
	licences map[string][2]string // of sets: licence, note
	curves   bool
	keepBest bool // the best weights are kept rather than the last ones

	start   *training.Report
	changes []string // of settings, on the way
	last    training.Report
	kept    *training.Report // of the weights in the directory: their evaluation, if there is one
	elapsed time.Duration
}

func (c *card) note(r training.Report) {
	switch r.Kind {
	case training.Started:
		c.start = &r
		for _, changed := range r.Start.Changed {
			// Twice if the run was killed before its next checkpoint.
			if change := fmt.Sprintf("after step %d %s", r.Step, changed); !slices.Contains(c.changes, change) {
				c.changes = append(c.changes, change)
			}
		}
	case training.Evaluated:
		if c.keeps(r) {
			c.kept = &r
		}
	}
	c.last = r
	c.elapsed = time.Duration(r.Elapsed)
}

// keeps reports whether the weights of an evaluation are kept.
func (c *card) keeps(evaluation training.Report) bool { return evaluation.Best || !c.keepBest }

// write writes the card.
func (c *card) write(path string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", c.title)
	fmt.Fprintf(&b, "Made by Cloze (`%s`%s) with\n\n    %s\n\n", "bert", version(), c.command)
	fmt.Fprintf(&b, "Started from: %s. ", c.base)
	fmt.Fprintf(&b, "Steps taken: %d of %d; tokens read: %s; time of this process: %s on %d threads (%s/%s), matrix products in %s.\n",
		c.last.Step, c.last.Steps, thousands(int(c.last.Tokens)), seconds(c.elapsed), c.start.Start.Threads, runtime.GOOS, runtime.GOARCH, c.start.Start.Precision)
	if c.curves {
		fmt.Fprintf(&b, "\n![Loss and scores by step](%s)\n", curvesSVG)
	}
	c.writeFigures(&b)
	c.writeData(&b)
	description, err := json.MarshalIndent(c.run, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprint(&b, "\n## Settings\n\n")
	if len(c.changes) > 0 {
		fmt.Fprintf(&b, "The run went on with other settings: %s.\n\n", strings.Join(c.changes, "; "))
	}
	fmt.Fprintf(&b, "`%s` is the run's description; `bert` reads it again.\n\n```json\n%s\n```\n", runFile, description)
	return wholefile.Write(path, func(w io.Writer) error { _, err := io.WriteString(w, b.String()); return err })
}

func (c *card) writeFigures(b *strings.Builder) {
	kept := c.kept
	if kept == nil || kept.Evaluation == nil {
		return
	}
	fmt.Fprintf(b, "\n## Figures\n\nOn held-out data, of the weights after step %d.\n", kept.Step)
	if text := kept.Evaluation.Text; text != nil {
		fmt.Fprintf(b, "\n| running text | |\n|---|---|\n| examples | %d |\n| masked language model: loss, perplexity | %.4f, %.2f |\n| masked language model: accuracy | %.4f |\n",
			text.Examples, text.MLMLoss, text.Perplexity, text.MLMAccuracy)
		if text.Pairs > 0 {
			fmt.Fprintf(b, "| next sentence: pairs | %d |\n| next sentence: loss, accuracy | %.4f, %.4f |\n", text.Pairs, text.NextLoss, text.NextAccuracy)
		}
	}
	if len(kept.Evaluation.Sets) == 0 {
		return
	}
	fmt.Fprint(b, "\n| head | dev set | rows | metric | value | loss | other metrics |\n|---|---|---|---|---|---|---|\n")
	for _, set := range kept.Evaluation.Sets {
		var others []string
		for _, name := range slices.Sorted(maps.Keys(set.Metrics)) {
			if name != set.Main {
				others = append(others, fmt.Sprintf("%s %.4f", name, set.Metrics[name]))
			}
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %.4f | %.4f | %s |\n", set.Head, set.Set, thousands(set.Rows), set.Main, set.Value, set.Loss, strings.Join(others, ", "))
	}
}

func (c *card) writeData(b *strings.Builder) {
	start := c.start.Start
	fmt.Fprint(b, "\n## Data\n")
	if start.Documents > 0 {
		fmt.Fprintf(b, "\nRunning text: %d files, %s documents, %s sentences, %s bytes.\n",
			start.Files, thousands(start.Documents), thousands(start.Sentences), thousands(start.Bytes))
	}
	if len(start.Sets) > 0 {
		fmt.Fprint(b, "\n| head | set | part | rows | left out | lacks | licence |\n|---|---|---|---|---|---|---|\n")
		for _, set := range start.Sets {
			about := c.licences[set.Head+"/"+set.Name]
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", set.Head, set.Name, set.Part, thousands(set.Rows), thousands(set.LeftOut),
				strings.Join(set.Lacks, " "), strings.TrimSpace(about[0]+" "+about[1]))
		}
	}
	for _, set := range start.Sets {
		for _, warning := range set.Warnings {
			fmt.Fprintf(b, "\n%s, %s of %s: %s.\n", set.Name, set.Part, set.Head, warning)
		}
	}
	if start.ProblemCount > 0 {
		fmt.Fprintf(b, "\n%d lines could not be used.\n", start.ProblemCount)
	}
}

// version is the program's, as far as the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return ", revision " + setting.Value[:min(12, len(setting.Value))]
		}
	}
	return ""
}

// commandLine is the command as it was given, for the card and for a shell.
func commandLine() string {
	words := []string{"bert"}
	for _, word := range os.Args[1:] {
		words = append(words, shellWord(word))
	}
	return strings.Join(words, " ")
}

// plainWord is a word that every shell takes as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// shellWord quotes a word for a shell, if it needs that.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
