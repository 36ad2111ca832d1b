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
	// A byte order mark is none of the JSON; keys that a person makes up may differ
	// in case, and what is unset may be said to be.
	path = write(t, "run.json", "\ufeff"+`// a run
{"heads": {"a": {"class_weights": {"X": 1, "x": 2}}, "A": {}}, "mlm": null, "dropout": null}`)
	run = Finetuning{}
	if err := ReadRun(path, &run); err != nil || len(run.Heads) != 2 || len(run.Heads["a"].ClassWeights) != 2 {
		t.Errorf("run %+v, error %v", run, err)
	}
	var pretraining Pretraining
	path = write(t, "run.json", `{"config": {"hidden_size": 1, "Hidden_size": {"a": [null]}}}`)
	if err := ReadRun(path, &pretraining); err != nil {
		t.Error(err)
	}
	for _, test := range []struct{ content, want string }{
		{"{\n// a comment\n\"layers\": 1,\n\"seed\": 1\n}", `run.json:3: unknown field "layers"`},
		{"{\"heads\": {\"a\": {\"sets\": [{\"train\": \"x\",\n\"labels\": []}]}}\n}", `run.json:2: unknown field "labels"`},
		{"{\n\"learning_rate\": \"fast\"}", "run.json:2: learning_rate is a JSON string, want a number"},
		{"{\"heads\": {\"a\": {\"sets\": {}}}}", "heads.sets is a JSON object, want an array"},
		{"{\"seed\": 1.5}", "seed is a JSON number 1.5, want a whole number"},
		{"{\"seed\": -1}", "seed is a JSON number -1, want a whole number of 0 or more"},
		{"{\n\"seed\": 1,\n", "run.json:2: the description ends in the middle"},
		{"", "run.json:1: the description ends in the middle"},
		{"{\"output\": []}", "output is a JSON array, want a string"},
		{"[]", "run.json:1: the description is a JSON array, want an object"},
		{"{\"model\": \"a\"} {}", "something follows"},
		{"{\"model\": \"a\"} }", "something follows"},
		{"{\n\"Model\": \"a\"}", `run.json:2: unknown field "Model": it is called "model"`},
		{"{\"Learning_Rate\": 1}", `it is called "learning_rate"`},
		{"{\"heads\": {\"a\": {\"sets\": [{\"Train\": \"x.csv\"}]}}}", `it is called "train"`},
		{"{\n\"seed\": 1,\n\"seed\": 1}", `run.json:3: "seed" is given twice`},
		{"{\"heads\": {\"a\": {}, \"a\": {}}}", `"a" is given twice`},
		{"null", "null, want an object"},
		{"{\"heads\": {\"a\": {\"sets\": [null]}}}", "null, want an object"},
		{"{\n\n\"model\": }", "run.json:3: "},
	} {
		if err := ReadRun(write(t, "run.json", test.content), &Finetuning{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("ReadRun of %q: error %v, want one that says %q", test.content, err, test.want)
		}
	}
}
