package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"

	"cloze/internal/training"
)

// scoresOf are the labels of a matrix with what its rows and columns sum to.
func scoresOf(names []string, confusion [][]int) []training.LabelScore {
	counts := training.NewConfusion(names)
	counts.Counts = confusion
	scores := make([]training.LabelScore, len(names))
	for k, name := range names {
		class := counts.Class(k)
		scores[k] = training.LabelScore{Label: name, Support: class.Support(), Predicted: class.TruePositives + class.FalsePositives}
	}
	return scores
}

func TestMatrixTable(t *testing.T) {
	t.Run("Chinese labels", func(t *testing.T) {
		confusion := [][]int{{10, 2, 0}, {0, 7, 1}, {3, 0, 120}}
		got := matrixTable(scoresOf([]string{"体育", "财经新闻", "AI"}, confusion), confusion)
		want := []string{
			"what is right (rows) and what the model says (columns)",
			"          体育  财经新闻   AI",
			"体育        10         2    .",
			"财经新闻     .         7    1",
			"AI           3         .  120",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("long labels have numbers", func(t *testing.T) {
		confusion := [][]int{{1, 2}, {3, 4}}
		got := matrixTable(scoresOf([]string{"a label with a long name", "another"}, confusion), confusion)
		want := []string{
			"what is right (rows) and what the model says (columns)",
			"                           1 2",
			"1 a label with a long name 1 2",
			"2 another                  3 4",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("many labels", func(t *testing.T) {
		const n = 24
		names, confusion := make([]string, n), make([][]int, n)
		for i := range n {
			names[i] = fmt.Sprintf("类别%d", i)
			confusion[i] = make([]int, n)
			confusion[i][i] = 1000 + i
			confusion[i][(i+1)%n] = i
		}
		got := matrixTable(scoresOf(names, confusion), confusion)
		text := strings.Join(got, "\n")
		for _, line := range got {
			if width := uniseg.StringWidth(line); width > tableWidth {
				t.Errorf("a line of %d columns: %s", width, line)
			}
		}
		for _, want := range []string{"most frequent of 24 labels", "--format json", "most frequent mistakes", "类别23 taken for 类别0      ", "24 类别"} {
			if want == "24 类别" {
				if strings.Contains(text, want) {
					t.Errorf("all labels are drawn:\n%s", text)
				}
			} else if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		if strings.Contains(text, "类别2 ") {
			t.Errorf("one of the rarest labels is drawn:\n%s", text)
		}
	})
	t.Run("twenty labels of few rows fit", func(t *testing.T) {
		const n = 20
		names, confusion := make([]string, n), make([][]int, n)
		for i := range n {
			names[i], confusion[i] = fmt.Sprint("label", i), make([]int, n)
			confusion[i][i] = 7
		}
		got := matrixTable(scoresOf(names, confusion), confusion)
		if len(got) != n+2 || !strings.HasPrefix(got[2], " 1 label0 ") || uniseg.StringWidth(got[1]) > tableWidth {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
	})
}

func TestShorten(t *testing.T) {
	for _, test := range []struct {
		name  string
		width int
		want  string
	}{{"word", 4, "word"}, {"words", 4, "wor…"}, {"财经新闻", 8, "财经新闻"}, {"财经新闻", 7, "财经新…"}, {"财经新闻", 6, "财经…"}} {
		if got := shorten(test.name, test.width); got != test.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", test.name, test.width, got, test.want)
		}
	}
}

func TestMetricsTable(t *testing.T) {
	got := metricsTable(
		map[string]float64{"accuracy": 0.691, "matthews": 0.3844, "loss": 12.345, "entity_f1/PER": 0.5, "pearson": 0, "perplexity": 31234.4},
		map[string]training.Interval{"accuracy": {Low: 0.662, High: 0.721}, "matthews": {Low: -0.05, High: 0.443}},
		[]string{"pearson"},
	)
	want := []string{
		"                        95 % interval",
		"accuracy       69.1 %     66.2 … 72.1",
		"Matthews        0.384  -0.050 … 0.443",
		"Pearson     undefined",
		"perplexity     31,234",
		"loss             12.3",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
