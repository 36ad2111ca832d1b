package httpapi

import (
	"fmt"
	"slices"
	"strings"
)

// foreignNames are what other servers call our fields: Hugging Face's Inference API
// says inputs and parameters, OpenAI's input, others sentence or content. No spelling
// distance finds these.
var foreignNames = map[string]string{
	"input": "text", "inputs": "texts", "sentence": "text", "sentences": "texts",
	"content": "text", "document": "text", "documents": "texts", "sequence": "text",
	"query": "text", "q": "text", "instances": "texts", "passage": "text_pair",
	"aggregation_strategy": "aggregation", "function_to_apply": "function",
	"candidate_labels": "targets", "k": "top_k",
}

// didYouMean is the end of a sentence about an unknown name: the nearest known
// one if there is one near enough, else all of them.
func didYouMean(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; known are " + strings.Join(known, ", ")
}

// nearest returns the known name that the caller probably meant, or "".
func nearest(name string, known []string) string {
	if len(name) > 64 {
		return "" // nobody mistypes that far; keeps the table small
	}
	folded := fold(name)
	if ours, ok := foreignNames[folded]; ok && slices.Contains(known, ours) {
		return ours
	}
	best, bestDistance := "", 1+max(2, len(name)/3)
	for _, k := range known {
		if d := editDistance(folded, fold(k)); d < bestDistance && d < len(k) {
			best, bestDistance = k, d
		}
	}
	return best
}

// fold makes offsetUnit, offset-unit and OFFSET_UNIT near offset_unit.
func fold(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "-", "_")
}

// editDistance is Levenshtein's: insertions, deletions and substitutions of
// bytes that turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
