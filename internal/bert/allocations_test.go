package bert_test

import (
	"fmt"
	"testing"

	"cloze/internal/bert"
)

func TestForwardAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	m, expected := newTiny(t, "gelu")
	in := bert.NewBatch(expected.batch(t))
	positions := everyPosition(in)
	for _, threads := range []int{1, 2} {
		for _, keep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d threads, keep %t", threads, keep), func(t *testing.T) {
				ws := m.NewWorkspace(newPool(t, threads))
				ws.KeepHidden(keep)
				ws.KeepAttention(keep)
				pass := func() {
					hidden := m.Encoder.Forward(ws, in)
					pooled := m.Pooler.Forward(ws, hidden, in)
					m.NSP.Forward(ws, pooled)
					m.Heads["mood"].(*bert.SequenceHead).Forward(ws, pooled)
					m.Heads["ner"].(*bert.TokenHead).Forward(ws, hidden)
					m.MLM.Forward(ws, hidden, positions)
				}
				if n := testing.AllocsPerRun(20, pass); n != 0 {
					t.Errorf("a pass allocates %v times, want 0", n)
				}
			})
		}
	}
}
