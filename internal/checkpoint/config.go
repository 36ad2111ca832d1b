package checkpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"cloze/internal/bert"
)

const configFile = "config.json"

// architectures are the classes of transformers whose checkpoints this program
// computes, and what their weights must at least have beside the encoder.
var architectures = map[string][]string{
	"BertModel":                     nil,
	"BertForPreTraining":            {mlmTransform, nextSentence},
	"BertForMaskedLM":               {mlmTransform},
	"BertForNextSentencePrediction": {nextSentence},
	"BertForSequenceClassification": {classifierWeight},
	"BertForTokenClassification":    {classifierWeight},
}

// lacks names a tensor that checkpoints of an architecture have and this one
// has not, or returns "".
func lacks(architecture string, has func(tensor string) bool) string {
	for _, name := range architectures[architecture] {
		if !has(name) {
			return name
		}
	}
	return ""
}

// readConfig reads config.json and refuses a model that is not a BERT.
func readConfig(dir directory) (bert.Config, error) {
	var c bert.Config
	var kind struct {
		ModelType string `json:"model_type"`
	}
	if err := readJSON(dir, configFile, &kind); err != nil {
		return c, err
	}
	// Before anything else, since other models' fields mean other things.
	if kind.ModelType != "" && kind.ModelType != "bert" {
		return c, dir.error(configFile, fmt.Errorf("model_type is %q, want %q", kind.ModelType, "bert"))
	}
	if err := readJSON(dir, configFile, &c); err != nil {
		return c, err
	}
	for _, architecture := range c.Architectures {
		if _, ok := architectures[architecture]; !ok {
			return c, dir.error(configFile, fmt.Errorf("architectures has %q, want one of %q", architecture, slices.Sorted(maps.Keys(architectures))))
		}
	}
	if err := c.Validate(); err != nil {
		return c, dir.error(configFile, err)
	}
	return c, nil
}

// maxJSON bounds config.json and index files, whose usual size is kilobytes.
const maxJSON = 16 << 20

func readJSON(dir directory, name string, v any) error {
	f, err := dir.Open(name)
	if err != nil {
		return dir.error(name, err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, maxJSON+1))
	switch {
	case err != nil:
		return dir.error(name, err)
	case len(data) > maxJSON:
		return dir.error(name, fmt.Errorf("file is larger than %d bytes", maxJSON))
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // as editors on Windows leave it
	if err := json.Unmarshal(data, v); err != nil {
		return dir.error(name, err)
	}
	return nil
}
