package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"cloze/internal/training"
)

// tableWidth is how wide a terminal is, at least.
const tableWidth = 80

// pad fills a cell up to a width. A Chinese character is two columns wide, so
// neither bytes nor runes tell (uniseg does, as for progressbar).
func pad(cell string, width int) string {
	return cell + strings.Repeat(" ", max(0, width-uniseg.StringWidth(cell)))
}

// padLeft is pad for numbers, which end in the same column.
func padLeft(cell string, width int) string {
	return strings.Repeat(" ", max(0, width-uniseg.StringWidth(cell))) + cell
}

// shorten cuts a name that is wider than a column, and says so with "…".
func shorten(name string, width int) string {
	if uniseg.StringWidth(name) <= width {
		return name
	}
	var kept strings.Builder
	used := 1 // of "…"
	for characters := uniseg.NewGraphemes(name); characters.Next(); {
		if used += characters.Width(); used > width {
			break
		}
		kept.WriteString(characters.Str())
	}
	return kept.String() + "…"
}

// widest is the width of the widest of names.
func widest(names []string) int {
	width := 0
	for _, name := range names {
		width = max(width, uniseg.StringWidth(name))
	}
	return width
}

// columns sets rows in columns with a gap between them, the first aligned on
// the left, the others on the right.
func columns(rows [][]string, gap string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	lines := make([]string, len(rows))
	for r, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			if i == 0 {
				cells[i] = pad(cell, widths[i])
			} else {
				cells[i] = padLeft(cell, widths[i])
			}
		}
		lines[r] = strings.TrimRight(strings.Join(cells, gap), " ")
	}
	return lines
}

// figure is a metric as tables show it.
type figure struct {
	name, title string
	percent     bool // a share
}

// figures lists the metrics in the order of the tables.
var figures = []figure{
	{"accuracy", "accuracy", true},
	{"micro_f1", "micro F1", true},
	{"entity_f1", "entity F1, micro", true},
	{"entity_precision", "  precision", true},
	{"entity_recall", "  recall", true},
	{"entity_macro_f1", "entity F1, macro", true},
	{"entity_macro_precision", "  precision", true},
	{"entity_macro_recall", "  recall", true},
	{"macro_f1", "macro F1", true},
	{"matthews", "Matthews", false},
	{"pearson", "Pearson", false},
	{"spearman", "Spearman", false},
	{"mean_squared_error", "mean squared error", false},
	{"mlm_accuracy", "masked piece right", true},
	{"perplexity", "perplexity", false},
	{"mlm_loss", "MLM loss", false},
	{"nsp_accuracy", "next sentence right", true},
	{"nsp_loss", "NSP loss", false},
	{"loss", "loss", false},
}

// undefinedFigure stands for one that the rows do not define.
const undefinedFigure = "undefined"

func (f figure) String(value float64) string {
	switch {
	case f.percent:
		return percent(100 * value)
	case math.Abs(value) >= 1000:
		return thousands(int(math.Round(value)))
	case math.Abs(value) >= 10:
		return fmt.Sprintf("%.1f", value)
	default:
		return fmt.Sprintf("%.3f", value)
	}
}

// metricsTable shows metrics with their intervals.
func metricsTable(metrics map[string]float64, intervals map[string]training.Interval, undefined []string) []string {
	head := []string{"", ""}
	if len(intervals) > 0 {
		head = append(head, "95 % interval")
	}
	rows := [][]string{head}
	for _, f := range figures {
		value, there := metrics[f.name]
		if !there {
			continue
		}
		unit := ""
		if f.percent {
			unit = " %"
		}
		row := []string{f.title, f.String(value) + unit}
		if slices.Contains(undefined, f.name) {
			row[1] = undefinedFigure
		} else if i, ok := intervals[f.name]; ok {
			row = append(row, f.String(i.Low)+" … "+f.String(i.High))
		}
		rows = append(rows, row)
	}
	lines := columns(rows, "  ")
	if lines[0] == "" {
		lines = lines[1:]
	}
	return lines
}

// longestName is the widest that a label is shown.
const longestName = 32

// labelsTable shows each label or entity type by itself. names of the columns
// say what support counts.
func labelsTable(labels []training.LabelScore, what, support string) []string {
	rows := [][]string{{what, "precision", "recall", "F1", support, "predicted"}}
	for _, l := range labels {
		rows = append(rows, []string{
			shorten(l.Label, longestName), percent(100 * l.Precision), percent(100 * l.Recall), percent(100 * l.F1),
			thousands(l.Support), thousands(l.Predicted),
		})
	}
	return columns(rows, "  ")
}

// matrixTable shows a confusion matrix. Labels that do not fit are left out,
// the rarest first, and it says how many those are; what was mistaken for what
// most often is then listed, whatever the labels.
func matrixTable(labels []training.LabelScore, confusion [][]int) []string {
	order := make([]int, len(labels)) // the most frequent first
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return max(labels[b].Support, labels[b].Predicted) - max(labels[a].Support, labels[a].Predicted)
	})
	lines := []string{"what is right (rows) and what the model says (columns)"}
	fit := len(order)
	for fit > 2 && widest(drawMatrix(labels, confusion, order[:fit])) > tableWidth {
		fit--
	}
	shown := slices.Sorted(slices.Values(order[:fit]))
	lines = append(lines, drawMatrix(labels, confusion, shown)...)
	if fit == len(labels) {
		return lines
	}
	lines = append(lines, fmt.Sprintf("these are the %d most frequent of %d labels: --format json has the whole matrix", fit, len(labels)))
	return append(lines, mistakes(labels, confusion)...)
}

// drawMatrix draws the rows and columns of the labels shown. Columns bear
// their label's name where all names are short, and its row's number where not.
func drawMatrix(labels []training.LabelScore, confusion [][]int, shown []int) []string {
	const shortName = 10
	names := make([]string, len(shown))
	numbers := make([]string, len(shown))
	for i, label := range shown {
		names[i] = labels[label].Label
		numbers[i] = fmt.Sprint(i + 1)
	}
	draw := func(heads, rowNames []string, gap string) []string {
		rows := [][]string{append([]string{""}, heads...)}
		for i, want := range shown {
			row := []string{rowNames[i]}
			for _, got := range shown {
				row = append(row, cellOf(confusion[want][got]))
			}
			rows = append(rows, row)
		}
		return columns(rows, gap)
	}
	if widest(names) <= shortName {
		if lines := draw(names, names, "  "); widest(lines) <= tableWidth {
			return lines
		}
	}
	var lines []string
	for _, width := range []int{longestName, longestName / 2} {
		numbered := make([]string, len(shown))
		for i, name := range names {
			numbered[i] = padLeft(numbers[i], len(fmt.Sprint(len(shown)))) + " " + shorten(name, width)
		}
		if lines = draw(numbers, numbered, " "); widest(lines) <= tableWidth {
			break
		}
	}
	return lines
}

// cellOf is a count in a matrix, in which the eye looks for what is not 0.
func cellOf(n int) string {
	if n == 0 {
		return "."
	}
	return fmt.Sprint(n)
}

// mistakes lists the pairs of labels that were mistaken most often, if any was.
func mistakes(labels []training.LabelScore, confusion [][]int) []string {
	const most = 10
	type mistake struct{ want, got int }
	var all []mistake
	for want := range labels {
		for got := range labels {
			if want != got && confusion[want][got] > 0 {
				all = append(all, mistake{want, got})
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b mistake) int { return confusion[b.want][b.got] - confusion[a.want][a.got] })
	rows := [][]string{{"most frequent mistakes", "times"}}
	for _, m := range all[:min(most, len(all))] {
		rows = append(rows, []string{
			shorten(labels[m.want].Label, longestName) + " taken for " + shorten(labels[m.got].Label, longestName),
			thousands(confusion[m.want][m.got]),
		})
	}
	return append([]string{""}, columns(rows, "  ")...)
}
