package training

import (
	"math"
	"strings"
	"testing"
)

// withoutDev takes the dev files out of a run.
func withoutDev(f *Finetuning) {
	for name, head := range f.Heads {
		for i := range head.Sets {
			head.Sets[i].Dev = ""
		}
		f.Heads[name] = head
	}
	f.Best = ""
	f.SetDefaults()
}

func TestScoreOf(t *testing.T) {
	e := &Evaluation{
		Text: &TextScore{MLMLoss: 3},
		Sets: []SetScore{
			{Set: "a", Head: "mood", Value: 0.5, Loss: 1},
			{Set: "b", Head: "mood", Value: 0.7, Loss: 3},
			{Set: "likeness", Head: "sts", Value: 0.9, Loss: 0.25},
		},
	}
	for best, want := range map[string]float64{
		"mean": 0.75, "loss": -1.125, "mlm": -3, "last": 0.75,
		"a": 0.5, "mood": 0.6, "a/loss": -1, "mood/loss": -2, "sts/loss": -0.25, "likeness": 0.9,
	} {
		if got := e.scoreOf(best); math.Abs(got-want) > 1e-12 {
			t.Errorf("score of best %q is %v, want %v", best, got, want)
		}
	}
	text := &Evaluation{Text: &TextScore{MLMLoss: 2}}
	if got := text.scoreOf(BestLast); got != -2 {
		t.Errorf("score of text alone is %v, want -2", got)
	}
}

func TestEvaluationInWords(t *testing.T) {
	e := &Evaluation{
		Text: &TextScore{MLMLoss: 2, MLMAccuracy: 0.25, Pairs: 3, NextAccuracy: 0.5},
		Sets: []SetScore{{Set: "likeness", Main: "pearson", Value: 0.9, Loss: 0.92}},
	}
	if got, want := e.String(), "MLM loss 2.000 accuracy 0.250, NSP accuracy 0.500; likeness pearson 0.9000 loss 0.9200"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Without dev sets the masked language model decides, and without it nothing
// does.
func TestDefaultOfBest(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	for _, test := range []struct {
		name string
		edit func(*Finetuning)
		want string
	}{
		{"dev sets", func(*Finetuning) {}, BestMean},
		{"text alone", withoutDev, BestMLM},
		{"text of which none is held out", func(f *Finetuning) { f.MLM.HeldOut = unset; withoutDev(f) }, BestLast},
		{"nothing", func(f *Finetuning) { f.MLM = nil; withoutDev(f) }, BestLast},
	} {
		run := finetuning(t, corpus)
		test.edit(&run)
		if run.Best != test.want {
			t.Errorf("best of a run with %s is %q, want %q", test.name, run.Best, test.want)
		}
		if err := run.Validate(); err != nil {
			t.Errorf("a run with %s: %v", test.name, err)
		}
	}
}

// Of a run that measures text alone, the weights with the lowest loss on it are
// the best, not the first ones.
func TestTextDecidesWithoutDevSets(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, finetunedHeads)
	run := finetuning(t, corpus)
	run.EvaluateEvery = 2
	withoutDev(&run)
	run.EarlyStopping = &EarlyStopping{Patience: 1000}
	lowest, bests := math.Inf(1), 0
	for report, err := range Finetune(t.Context(), m, tok, run, Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if report.Evaluation == nil {
			continue
		}
		loss := report.Evaluation.Text.MLMLoss
		if report.Best != (loss < lowest) {
			t.Errorf("step %d: best is %t for a loss of %v after one of %v", report.Step, report.Best, loss, lowest)
		}
		if report.Best {
			bests++
		}
		lowest = min(lowest, loss)
	}
	if bests < 2 {
		t.Errorf("%d evaluations were the best so far, want several", bests)
	}
}

func TestNothingMeasuredIsRefused(t *testing.T) {
	corpus, _ := numberedCorpus(t, 30)
	one := write(t, "one.txt", "w1 w2 w3\nw4 w5\n")
	tok, m := tinyModel(t, 200, finetunedHeads)
	for _, test := range []struct {
		name string
		edit func(*Finetuning)
		want string
	}{
		{"a head without a dev file", func(f *Finetuning) {
			f.Heads["ner"].Sets[0].Dev = ""
			f.Best = "ner"
		}, `best is "ner", which has no dev file`},
		{"the loss of a set without a dev file", func(f *Finetuning) {
			f.Heads["mood"].Sets[1].Dev = ""
			f.Best = "poor/loss"
		}, `best is "poor/loss", which has no dev file`},
		{"the mean of no dev file", func(f *Finetuning) { withoutDev(f); f.Best = BestMean }, "want one of mlm, last"},
		{"the loss of no dev file", func(f *Finetuning) { withoutDev(f); f.Best = BestLoss }, "want one of mlm, last"},
		{"text without an mlm block", func(f *Finetuning) { f.MLM = nil; f.Best = BestMLM }, `best is "mlm", which nothing measures`},
		{"a head called like a choice", func(f *Finetuning) { f.Heads[BestMean] = f.Heads["mood"]; f.Best = BestMean }, `best is "mean", which is a head or set here and stands for something else, too`},
		{"early stopping without a dev file", func(f *Finetuning) {
			f.MLM = nil
			withoutDev(f)
			f.EarlyStopping = &EarlyStopping{Patience: 2}
		}, "early_stopping has nothing to go by"},
		{"early stopping without patience", func(f *Finetuning) { f.EarlyStopping = &EarlyStopping{} }, "patience is 0"},
		{"text of one document", func(f *Finetuning) { f.MLM.Corpus = []string{one}; f.Best = BestMLM }, "no text could be held out"},
		{"fewer than no examples held out", func(f *Finetuning) { f.MLM.HeldOutExamples = -1 }, "held_out_examples is -1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := finetuning(t, corpus)
			test.edit(&run)
			for _, err := range Finetune(t.Context(), m, tok, run, Options{}) {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("error %v, want one that says %q", err, test.want)
				}
			}
		})
	}
}
