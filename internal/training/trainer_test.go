package training

import (
	"slices"
	"strings"
	"testing"
)

func TestFrozenLayersStay(t *testing.T) {
	corpus, _ := numberedCorpus(t, 30)
	tok, m := tinyModel(t, 200, finetunedHeads)
	_, before := tinyModel(t, 200, finetunedHeads)
	run := finetuning(t, corpus)
	run.MLM, run.Steps, run.Epochs = nil, 3, 0
	run.FreezeEmbeddings, run.FreezeLayers = true, 1
	var start *Start
	for report, err := range Finetune(t.Context(), m, tok, run, Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if report.Start != nil {
			start = report.Start
		}
	}
	learning := 0
	for i, p := range m.Parameters() {
		frozen := strings.HasPrefix(p.Name, "bert.embeddings.") || strings.HasPrefix(p.Name, "bert.encoder.layer.0.")
		if !frozen {
			learning += p.Len()
		}
		moved := !slices.Equal(p.Data, before.Parameters()[i].Data)
		if frozen && moved {
			t.Errorf("%s is frozen, but moved", p.Name)
		}
		if !frozen && !moved && strings.HasPrefix(p.Name, "bert.encoder.layer.1.") && p.Decay {
			t.Errorf("%s did not move", p.Name)
		}
	}
	if start.Learning != learning {
		t.Errorf("%d parameters are said to learn, want %d", start.Learning, learning)
	}
	run.FreezeLayers = 3
	for _, err := range Finetune(t.Context(), m, tok, run, Options{}) {
		if err == nil || !strings.Contains(err.Error(), "freeze_layers is 3, the model has 2") {
			t.Errorf("more frozen layers than there are: error %v", err)
		}
	}
}
