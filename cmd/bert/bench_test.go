package main

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"cloze/internal/bert"
	"cloze/internal/training"
)

func TestBenchWritesARowOfTheDocumentedFields(t *testing.T) {
	cmd := benchCmd{Batch: []int{1, 2}, Length: []int{5}, Duration: time.Millisecond, Format: "json"}
	var out bytes.Buffer
	if err := cmd.measure(t.Context(), subject{preset: "tiny", precision: "float32", threads: 2}, &out); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"batch", "gflops", "length", "median_ms", "p99_ms", "peak_rss_bytes", "peak_share", "precision", "preset",
		"threads", "tokens_per_second",
	}
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	if len(lines) != 2 {
		t.Fatalf("%d rows, want 2:\n%s", len(lines), out.Bytes())
	}
	for i, line := range lines {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		var got []string
		for name := range row {
			got = append(got, name)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("fields %q, want %q", got, want)
		}
		if row["batch"] != float64(i+1) || row["threads"] != 2.0 || row["preset"] != "tiny" || row["median_ms"].(float64) <= 0 {
			t.Errorf("row %s", line)
		}
	}
}

// What is refused is refused before a table begins, and a table of several
// processes has one header.
func TestBenchTables(t *testing.T) {
	for _, train := range []bool{false, true} {
		cmd := benchCmd{Train: train, Batch: []int{1}, Length: []int{5, 600}, Duration: time.Millisecond, Format: "table"}
		var out bytes.Buffer
		err := cmd.measure(t.Context(), subject{preset: "tiny", precision: "float32", threads: 1}, &out)
		if err == nil || !strings.Contains(err.Error(), "length 600: the model reads at most 512 tokens") || out.Len() > 0 {
			t.Errorf("training %t: error %v, it wrote %q", train, err, &out)
		}
	}
	for _, threads := range [][]string{{"1"}, {"1", "2"}} {
		args := []string{"bench", "--preset", "tiny", "--batch", "1", "--length", "5", "--duration", "1ms"}
		for _, n := range threads {
			args = append(args, "--threads", n)
		}
		out, err := command(t, args...).Output()
		if lines := strings.Split(string(out), "\n"); err != nil || len(lines) != 2+len(threads) || lines[0] != benchHeader || strings.Count(string(out), benchHeader) != 1 {
			t.Errorf("error %v, want a header and %d rows:\n%s", err, len(threads), out)
		}
	}
}

func TestBenchMeasuresTraining(t *testing.T) {
	for _, precision := range []string{"float32", "bfloat16"} {
		t.Run(precision, func(t *testing.T) { testBenchTraining(t, precision) })
	}
}

func testBenchTraining(t *testing.T, precision string) {
	cmd := benchCmd{Train: true, Preset: []string{"tiny"}, Batch: []int{3}, Length: []int{9}, Duration: time.Millisecond, Format: "json"}
	var out bytes.Buffer
	if err := cmd.measure(t.Context(), subject{preset: "tiny", precision: precision, threads: 2}, &out); err != nil {
		t.Fatal(err)
	}
	var row benchRow
	if err := json.Unmarshal(out.Bytes(), &row); err != nil {
		t.Fatal(err)
	}
	if !row.Train || row.Precision != precision || row.Preset != "tiny" || row.Threads != 2 || row.Batch != 3 || row.Length != 9 {
		t.Errorf("row %s", out.Bytes())
	}
	for name, value := range map[string]float64{
		"median_ms": row.MedianMS, "tokens_per_second": row.TokensPerSecond, "gflops": row.GFLOPS, "peak_rss_bytes": float64(row.PeakRSSBytes),
	} {
		if value <= 0 {
			t.Errorf("%s is %v", name, value)
		}
	}
	// 27 tokens in that time
	if want := 27 / (row.MedianMS / 1e3); math.Abs(row.TokensPerSecond-want) > 1e-6*want {
		t.Errorf("%v tokens/s, want %v", row.TokensPerSecond, want)
	}
}

// The step that is measured learns: its batch is always the same.
func TestBenchTrainingStepLearns(t *testing.T) {
	m, err := subject{preset: "tiny"}.loadForTraining()
	if err != nil {
		t.Fatal(err)
	}
	ws := m.NewTrainingWorkspace(nil)
	optimizer := training.NewAdamW(m.Parameters(), nil, training.DefaultAdamWOptions())
	p := newPretraining(&m.Config, 2, 16)
	if len(p.positions) != 2*3 { // 2.4 of 16, rounded up
		t.Errorf("%d predictions, want 6", len(p.positions))
	}
	var first, last float64
	for i := range 30 {
		last = p.step(m, ws, nil, optimizer)
		if i == 0 {
			first = last
		}
	}
	if !(last < 0.95*first) {
		t.Errorf("the loss went from %v to %v", first, last)
	}
}

func TestTrainingFlops(t *testing.T) {
	cfg := trainingConfig(trainingSize)
	p := newPretraining(&cfg, 32, 128)
	// 6 layers of 4 H×H and 2 H×I products and two T×T×H ones, the pooler, and
	// 20 predictions a sequence; without the last layer's second part for the 107
	// tokens that are neither predicted nor [CLS]; thrice, because backward is two products for one.
	const want = 3 * 32 * (6*(2*128*(4*384*384+2*384*1536)+4*128*128*384) + 2*384*384 +
		2*20*(384*384+384*16384) - 2*107*(384*384+2*384*1536))
	if got := p.flops(&cfg); got != want {
		t.Errorf("flops = %v, want %v", got, want)
	}
}

func TestBenchRefusesWhatItCannotMeasure(t *testing.T) {
	for name, cmd := range map[string]benchCmd{
		"preset":    {Preset: []string{"huge"}},
		"precision": {Precision: []string{"float7"}},
		"batch":     {Batch: []int{0}},
		"length":    {Length: []int{-1}},
		"threads":   {Threads: []int{-1}},
		"training":  {Train: true, Precision: []string{"int8"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := cmd.Run(t.Context()); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestPassFlopsOfBase(t *testing.T) {
	cfg, _ := bert.Preset("base")
	// 12 layers of 4 H×H and 2 H×I products and two T×T×H ones, and the pooler.
	const want = 12*(2*128*(4*768*768+2*768*3072)+4*128*128*768) + 2*768*768
	if got := passFlops(&cfg, 1, 128); got != want {
		t.Errorf("passFlops = %v, want %v", got, want)
	}
}

func TestQuantile(t *testing.T) {
	times := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for share, want := range map[float64]time.Duration{0: 1, 0.5: 5, 0.99: 10, 1: 10} {
		if got := quantile(times, share); got != want {
			t.Errorf("quantile %v = %v, want %v", share, got, want)
		}
	}
}
