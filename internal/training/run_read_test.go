package training

import (
	"strings"
	"testing"
)

func TestReadRun(t *testing.T) {
	path := write(t, "run.json", `{
	// the base model
	"model": "base", "output": "out",
	"heads": {"mood": {"type": "sequence", "sets": [{"train": "a.jsonl", "map": {"x": null, "y": "z"}}]}},
	"learning_rate": 3e-5
}
`)
	var run Finetuning
	if err := ReadRun(path, &run); err != nil {
		t.Fatal(err)
	}
	run.SetDefaults()
	if run.Model != "base" || run.LearningRate != 3e-5 || run.Epochs != 3 || run.Heads["mood"].Weight != 1 || *run.WeightDecay != 0.01 {
		t.Errorf("run %+v", run)
	}
	for _, test := range []struct{ content, want string }{
		{"{\n// a comment\n\"layers\": 1\n}", `unknown field "layers"`},
		{"{\"model\": \"a\"} {}", "something follows"},
		{"{\n\n\"model\": }", "run.json:3: "},
	} {
		if err := ReadRun(write(t, "run.json", test.content), &Finetuning{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("ReadRun of %q: error %v, want one that says %q", test.content, err, test.want)
		}
	}
}
