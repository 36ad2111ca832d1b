package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"cloze/internal/training"
)

// reports of a run that was resumed after step 100 and takes 2 s a step.
func someReports() []training.Report {
	at := func(kind training.Kind, step int, elapsed time.Duration) training.Report {
		return training.Report{Kind: kind, Step: step, Steps: 200, Elapsed: training.Seconds(elapsed)}
	}
	start := at(training.Started, 100, 0)
	start.Start = &training.Start{Parameters: 1234567, Learning: 1234567, Threads: 2, Precision: "float32"}
	step := at(training.Stepped, 110, 20*time.Second)
	step.Loss, step.Losses, step.TokensPerSecond = 1.5, map[string]float64{"mlm": 1, "nsp": 0.5}, 4321
	evaluated := at(training.Evaluated, 110, 20*time.Second)
	evaluated.Best = true
	evaluated.Evaluation = &training.Evaluation{Text: &training.TextScore{MLMLoss: 2, MLMAccuracy: 0.25}}
	return []training.Report{start, step, evaluated, at(training.Finished, 200, 200*time.Second)}
}

// Where there is no terminal, lines say how long the run has taken and will
// take.
func TestProgressInLines(t *testing.T) {
	var out bytes.Buffer
	p := &progress{out: &out}
	for _, r := range someReports() {
		p.show(r)
	}
	p.close()
	for _, want := range []string{
		"1,234,567 parameters",
		"step 110/200, epoch 0.00: loss 1.5000 (mlm 1.0000, nsp 0.5000), learning rate 0, gradient norm 0.00, 4,321 tokens/s, 20s, 3m0s left\n",
		"step 110/200, held out: MLM loss 2.000 accuracy 0.250 (best so far)\n",
		"step 200/200: done in 3m20s\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("want the line %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "NSP") {
		t.Errorf("the next sentence was not measured:\n%s", &out)
	}
}
