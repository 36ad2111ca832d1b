package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
	"cloze/internal/wholefile"
	"cloze/models"
)

// The files of a run beside the model's own, in its output directory.
const (
	runFile     = "run.json"
	metricsFile = "metrics.jsonl"
	cardFile    = "README.md"
)

// trainingFlags are those of pretrain and finetune that change nothing in what
// is computed.
type trainingFlags struct {
	Resume  bool `help:"Go on from the newest checkpoint in the output directory; without one, begin."`
	Threads int  `help:"Threads that compute; 0 is all processors." default:"0"`
	DryRun  bool `help:"Print the run's description with all its settings, and stop."`
}

func (f *trainingFlags) pool() *kernels.Pool {
	if f.Threads > 0 {
		return kernels.NewPool(f.Threads)
	}
	return kernels.NewPool(runtime.GOMAXPROCS(0))
}

// encodeRun writes a run's description.
func encodeRun(w io.Writer, run any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(run)
}

var errNoOutput = errors.New("no output: give --output, or \"output\" in the run's file")

// checkOutput refuses a directory that holds another run, the model that this
// one starts from, or anything that no run wrote, before anything is written
// there.
func checkOutput(dir, model string, resume bool) error {
	if models.FS(model) == nil && isSame(dir, model) {
		return fmt.Errorf("the output %s is the directory of the model to start from (%s), and would be written over: choose another", dir, model)
	}
	checkpoints, err := training.Checkpoints(dir)
	if err != nil {
		return err
	}
	if len(checkpoints) > 0 && !resume {
		return fmt.Errorf("%s holds checkpoints of a run: --resume goes on with it; else choose another output, or remove them", dir)
	}
	if len(checkpoints) > 0 || holdsRun(dir) {
		return nil
	}
	file, err := fileIn(dir)
	if err != nil {
		return err
	}
	if file != "" {
		return fmt.Errorf("the output %s holds files that no run wrote, such as %s: choose another output, or move them away", dir, file)
	}
	return nil
}

// holdsRun says whether a directory is the output of a run, which may have been
// killed: metrics.jsonl, the first file that a run writes, begins as a run
// begins it, if it has come that far.
func holdsRun(dir string) bool {
	const begins = `{"kind":"` + string(training.Started) + `"`
	file, err := os.Open(filepath.Join(dir, metricsFile))
	if err != nil {
		return false
	}
	defer file.Close() //nolint:errcheck // nothing was written
	first := make([]byte, len(begins))
	n, err := io.ReadFull(file, first)
	cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	return (err == nil || cut) && strings.HasPrefix(begins, string(first[:n]))
}

// fileIn names a file in a directory; none if it is empty but for folders and
// for what is hidden, or not there.
func fileIn(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for _, entry := range entries {
		if !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
			return entry.Name(), nil
		}
	}
	return "", nil
}

// isSame says whether two paths lead to one directory, through links or not.
func isSame(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// runPath is the description of a run: a file, or the directory that an
// earlier run wrote it to.
func runPath(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, runFile)
	}
	return path
}

// session is a run as the command sees it: where it writes, what it shows, and
// what its card will say.
type session struct {
	output    string
	model     *bert.Model
	tokenizer fs.FS                 // the tokenizer's files
	kept      *training.KeptWeights // what an earlier part of the run left
	card      card

	metrics  *os.File
	progress *progress
}

// consume runs the reports to their end: it shows them, writes them to
// metrics.jsonl, saves the model, and at the end draws the curves and writes
// the card.
func (s *session) consume(reports iter.Seq2[training.Report, error]) (err error) {
	s.progress = newProgress(os.Stderr)
	defer func() {
		s.progress.close()
		if s.metrics != nil {
			err = errors.Join(err, s.metrics.Close())
		}
	}()
	for report, err := range reports {
		if err != nil {
			return errors.Join(err, s.conclude())
		}
		if err := s.handle(report); err != nil {
			return err
		}
	}
	return s.conclude()
}

func (s *session) handle(r training.Report) error {
	if r.Kind == training.Started {
		if err := s.begin(r); err != nil {
			return err
		}
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := s.metrics.Write(append(line, '\n')); err != nil {
		return err
	}
	if r.Kind == training.Saved {
		// A run that goes on from this checkpoint does not write what came before
		// it again.
		if err := s.metrics.Sync(); err != nil {
			return err
		}
	}
	s.progress.show(r)
	s.card.note(r)
	switch {
	case r.Kind == training.Evaluated && s.card.keeps(r):
		return s.save(r)
	case r.Kind == training.Finished && (!s.card.keepBest || s.card.kept == nil):
		if kept := s.card.kept; kept != nil && kept.Step == r.Step {
			r = *kept // with what was measured of these weights
		}
		return s.save(r)
	}
	return nil
}

// begin makes the output directory ready. The run has been accepted by now, and
// so has the checkpoint that it goes on from: a refused one writes nothing.
func (s *session) begin(start training.Report) error {
	if err := os.MkdirAll(s.output, 0o777); err != nil {
		return err
	}
	if err := wholefile.RemoveLeftovers(s.output); err != nil {
		return err
	}
	// Its metrics show from then on that the directory is a run's: see holdsRun.
	if err := s.openMetrics(start); err != nil {
		return err
	}
	return wholefile.Write(filepath.Join(s.output, runFile), func(w io.Writer) error {
		return encodeRun(w, s.card.run)
	})
}

// keptNote is what the metadata of the weights call the training.KeptWeights.
// It lies in their file, since after a crash any other might be about weights
// that were there before or never came.
const keptNote = "cloze.kept"

// save writes the model as it is now, after a report.
func (s *session) save(r training.Report) error {
	s.card.kept = &r
	kept := training.KeptWeights{Report: r, Run: s.card.start.Start.Run}
	kept.Report.Elapsed, kept.Report.TokensPerSecond = 0, 0 // the same run makes the same file
	note, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return checkpoint.SaveWithMetadata(s.output, s.model.Config, s.model.Parameters(), s.tokenizer, kernels.Float32, map[string]string{keptNote: string(note)})
}

// kept are the weights that an earlier part of a run that goes on left in its
// output directory; their report is empty if there are none.
func (f *trainingFlags) kept(output string) (*training.KeptWeights, error) {
	if !f.Resume {
		return &training.KeptWeights{}, nil
	}
	metadata, err := checkpoint.Metadata(output)
	if err != nil {
		return nil, fmt.Errorf("%w: remove the file to go on without these weights", err)
	}
	kept := &training.KeptWeights{}
	if note, noted := metadata[keptNote]; noted {
		if err := json.Unmarshal([]byte(note), kept); err != nil {
			return nil, fmt.Errorf("what the weights in %s say of themselves: %w", output, err)
		}
	}
	return kept, nil
}

// openMetrics begins metrics.jsonl. A run that goes on drops the lines that it
// will write again: those of steps after its checkpoint, and an end that was
// not.
func (s *session) openMetrics(start training.Report) error {
	path := filepath.Join(s.output, metricsFile)
	var kept []byte
	if start.Start.ResumedFrom != "" {
		lines, err := readMetrics(path)
		if err != nil {
			return err
		}
		for _, line := range lines {
			if line.Step <= start.Step && line.Kind != training.Finished {
				kept = append(kept, line.text...)
				s.card.note(line.Report)
			}
		}
		// Which may be of a step that metrics.jsonl does not have any more.
		s.card.kept = nil
		if s.kept.Report.Kind != "" {
			s.card.kept = &s.kept.Report
		}
	}
	if err := wholefile.Write(path, func(w io.Writer) error { _, err := w.Write(kept); return err }); err != nil {
		return err
	}
	var err error
	s.metrics, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	return err
}

// metricsLine is a line of metrics.jsonl.
type metricsLine struct {
	training.Report
	text []byte
}

// readMetrics reads metrics.jsonl; nothing if it is not there. A line that a
// crash or a full disk cut off is passed over.
func readMetrics(path string) ([]metricsLine, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var lines []metricsLine
	for text := range bytes.Lines(data) {
		line := metricsLine{text: text}
		if bytes.HasSuffix(text, []byte("\n")) && json.Unmarshal(text, &line.Report) == nil {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// conclude draws the curves and writes the card of what there is.
func (s *session) conclude() error {
	if s.metrics == nil {
		return nil
	}
	lines, err := readMetrics(filepath.Join(s.output, metricsFile))
	if err != nil {
		return err
	}
	reports := make([]training.Report, len(lines))
	for i, line := range lines {
		reports[i] = line.Report
	}
	drawn, err := drawCurves(s.output, reports)
	if err != nil {
		return fmt.Errorf("curves: %w", err)
	}
	s.card.curves = drawn
	return s.card.write(filepath.Join(s.output, cardFile))
}

// interruptible makes a second signal end the process at once, in case saving
// hangs.
func interruptible(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "stopping after this pass; another signal stops at once")
	})
}

// boundMemory lets the garbage collector run when a fifth of the memory is
// garbage instead of half of it. A training run has a gigabyte of activations
// that live as long as it does, and little garbage. GOGC, if set, decides.
func boundMemory() {
	const percent = 20
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// headsOf are the heads of a checkpoint by name: those that it describes, and
// that of a model that was fine-tuned elsewhere. Such a one does not say whether
// it reads pairs, and is taken to do as the run does.
func headsOf(c *checkpoint.Checkpoint, pairs bool) map[string]bert.HeadConfig {
	config := c.Config()
	heads := maps.Clone(config.Heads)
	shape, there := c.Shape("heads." + bert.ClassifierName + ".weight")
	if _, described := heads[bert.ClassifierName]; described || !there {
		return heads
	}
	if head, ok := config.Classifier(shape[0]); ok {
		head.Pair = pairs && head.Type == bert.SequenceHeadType
		if heads == nil {
			heads = map[string]bert.HeadConfig{}
		}
		heads[bert.ClassifierName] = head
	}
	return heads
}

// newHeads hides the heads of a checkpoint that a run leaves out, or describes as
// another kind or with other labels, so that they are made anew.
type newHeads struct {
	bert.Weights
	hidden map[string]bool // names of heads
}

func hideChangedHeads(w bert.Weights, had, want map[string]bert.HeadConfig) newHeads {
	n := newHeads{w, map[string]bool{}}
	for name, old := range had {
		head, wanted := want[name]
		n.hidden[name] = !wanted || !training.SameKind(old, head) || !slices.Equal(old.Labels, head.Labels)
	}
	return n
}

func (n newHeads) isHidden(tensor string) bool {
	name, ok := strings.CutPrefix(tensor, "heads.")
	name, _, _ = strings.Cut(name, ".")
	return ok && n.hidden[name]
}

// Has implements bert.Weights.
func (n newHeads) Has(name string) bool { return !n.isHidden(name) && n.Weights.Has(name) }

// Shape implements bert.Weights.
func (n newHeads) Shape(name string) ([]int, bool) {
	if n.isHidden(name) {
		return nil, false
	}
	return n.Weights.Shape(name)
}

// modelFlag reads a flag of type model: one inside this program stays a name,
// and a directory becomes an absolute path, so that the run's description leads
// to it from everywhere.
func modelFlag(ctx *kong.DecodeContext, target reflect.Value) error {
	var name string
	if err := ctx.Scan.PopValueInto("model", &name); err != nil {
		return err
	}
	_, inside, err := models.Find(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !inside {
		name = kong.ExpandPath(name)
	}
	target.SetString(name)
	return nil
}

// baseName is what the card calls the model that a run started from.
func baseName(model string) string {
	if models.FS(model) != nil {
		return "the model `" + model + "` inside Cloze"
	}
	return "`" + model + "`"
}

// openForTraining makes a model that learns from the one that it starts with;
// heads replace those of its configuration unless nil. files are the
// tokenizer's.
func openForTraining(base string, s *training.Settings, heads map[string]bert.HeadConfig, pretraining bool) (m *bert.Model, tok *tokenizer.Tokenizer, files fs.FS, err error) {
	files, _, err = models.Find(base)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("model %s: %w", base, err)
	}
	weights, err := openCheckpoint(base)
	if err != nil {
		return nil, nil, nil, err
	}
	defer weights.Close() //nolint:errcheck // nothing was written
	tok, err = tokenizer.Load(files)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", base, err)
	}
	config := weights.Config()
	s.Configure(&config)
	var source bert.Weights = weights
	if heads != nil {
		had := headsOf(weights, heads[bert.ClassifierName].Pair)
		source = hideChangedHeads(weights, had, heads)
		for _, name := range slices.Sorted(maps.Keys(had)) {
			if _, kept := heads[name]; !kept {
				fmt.Fprintf(os.Stderr, "%s: head %s is left out, since the run does not train it\n", base, name)
			}
		}
		config.Heads = heads
	}
	m, err = bert.NewForTraining(config, source, bert.TrainingOptions{Seed: s.Seed, Pretraining: pretraining})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", base, err)
	}
	return m, tok, files, nil
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

// seconds rounds a duration for people.
func seconds(d time.Duration) string { return d.Round(time.Second).String() }
