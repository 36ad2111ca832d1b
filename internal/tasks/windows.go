package tasks

import (
	"cmp"
	"slices"
)

// mergeWindows counts once what two windows of a text have both seen: of
// entities that overlap it keeps the longer one and, of equally long ones, the
// one with the higher score (TokenClassificationPipeline's
// aggregate_overlapping_entities). What only one window has seen stays.
//
// It takes the entities of all windows, window by window, and returns them by
// their place in the text.
func mergeWindows(entities []labelled) []labelled {
	if len(entities) == 0 {
		return nil
	}
	sorted := slices.Clone(entities)
	slices.SortStableFunc(sorted, func(a, b labelled) int { return cmp.Compare(a.span.Start, b.span.Start) })
	merged := sorted[:1]
	for _, e := range sorted[1:] {
		last := &merged[len(merged)-1]
		if e.span.Start >= last.span.End {
			merged = append(merged, e)
			continue
		}
		length, lastLength := e.span.End-e.span.Start, last.span.End-last.span.Start
		if length > lastLength || length == lastLength && e.score > last.score {
			*last = e
		}
	}
	return merged
}
