package evaluation

import (
	"slices"
	"testing"

	"cloze/internal/tokenizer"
)

// Cutting a text behind a piece leaves the pieces before it as they were.
func TestCutKeepsPieces(t *testing.T) {
	for _, id := range []string{"en", "zh"} {
		e, m := startEmbedded(t, id)
		c := &Comparison{Engine: e, Model: m}
		for _, text := range []string{
			"Unfathomably, the Bundesverfassungsgericht ruled: naïve “co\u0301digos” cost $3.14…",
			"我们今天unfathomably高兴，iPhone15的电池ＡＢＣ很好！",
			"", "word",
		} {
			o := tokenizer.Options{Specials: tokenizer.SpecialsNone, NoTemplate: true}
			whole := m.Tokenizer.Encode(text, o).IDs
			for n := 1; n <= len(whole)+1; n++ {
				want := whole[:min(n, len(whole))]
				if got := m.Tokenizer.Encode(c.cut(text, n), o).IDs; !slices.Equal(got, want) {
					t.Errorf("%s: %q cut behind piece %d has pieces %v, want %v", id, text, n, got, want)
				}
			}
			if c.cut(text, 0) != text {
				t.Errorf("%s: %q was cut without a limit", id, text)
			}
		}
	}
}
