package training

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"

	"cloze/internal/surrogates"
)

// Record is a labelled text.
type Record struct {
	Text    string
	Pair    string // the second segment
	HasPair bool
	Labels  []string // one, or any number where labels are not exclusive
	Path    string
	Line    int // from 1
}

// Fields says where the parts of a record stand: the names of JSON members or
// of columns.
type Fields struct {
	Text  string `json:"text,omitempty"`  // default "text"
	Pair  string `json:"pair,omitempty"`  // default "text_pair", which may be missing; a name given here must be there
	Label string `json:"label,omitempty"` // default "label"
	// Columns names the columns of a CSV or TSV file that has no header line.
	Columns []string `json:"columns,omitempty"`
	// Separator separates the labels of a column that holds several, or none.
	Separator string `json:"separator,omitempty"`

	// ByFlags says that flags of their names give them, and nothing else can, so
	// that errors speak of those alone and not of a run's file.
	ByFlags bool `json:"-"`
}

func (f Fields) withDefaults() (_ Fields, pairRequired bool) {
	pairRequired = f.Pair != ""
	f.Text = orDefault(f.Text, "text")
	f.Pair = f.pairName()
	f.Label = orDefault(f.Label, "label")
	return f, pairRequired
}

// check refuses one member or column for two things.
func (f Fields) check() error {
	f, _ = f.withDefaults()
	if f.Text == f.Pair || f.Text == f.Label || f.Pair == f.Label {
		return fmt.Errorf("text, pair and label are three things, and stand in %q, %q and %q", f.Text, f.Pair, f.Label)
	}
	return nil
}

// given says whether any of the fields is.
func (f Fields) given() bool {
	return f.Text+f.Pair+f.Label+f.Separator != "" || len(f.Columns) > 0
}

func (f Fields) pairName() string { return orDefault(f.Pair, "text_pair") }

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// Format names how a labelled file is written.
type Format string

// The formats of labelled files.
const (
	JSONLines Format = "jsonl"
	CSV       Format = "csv"
	TSV       Format = "tsv"
	CoNLL     Format = "conll"
)

// FormatOf tells the format from a file's name, with or without .gz.
func FormatOf(path string) (Format, error) {
	switch extension := filepath.Ext(strings.TrimSuffix(path, ".gz")); strings.ToLower(extension) {
	case ".jsonl", ".ndjson":
		return JSONLines, nil
	case ".csv":
		return CSV, nil
	case ".tsv":
		return TSV, nil
	case ".conll", ".bio", ".iob", ".iob2":
		return CoNLL, nil
	default:
		return "", fmt.Errorf("%s: its name does not say what it is: use .jsonl, .csv, .tsv or .conll, with .gz if compressed", path)
	}
}

// ReadRecords yields the records of a JSON Lines, CSV or TSV file. Rows that
// cannot be used are counted in problems. A file without any record is an
// error.
//
// A CSV file is as RFC 4180 has it and may have line breaks in quotes; a TSV
// file is cut at its tabs and knows no quotes. Both begin with a header line
// unless fields.Columns is given. A quote that is never closed is an error,
// since it takes every row after it into one cell.
func ReadRecords(path string, fields Fields, problems *Problems) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		format, err := FormatOf(path)
		if err == nil && format == CoNLL {
			err = fmt.Errorf("%s: CoNLL files hold tagged words, not labelled texts", path)
		}
		if err == nil {
			err = fields.check()
		}
		if err != nil {
			yield(Record{}, err)
			return
		}
		read := map[Format]func(string, Fields, *Problems) iter.Seq2[Record, error]{
			JSONLines: readJSONLines, CSV: readCSV, TSV: readTSV,
		}[format]
		records := 0
		for record, err := range read(path, fields, problems) {
			if err != nil {
				yield(Record{}, err)
				return
			}
			records++
			if !yield(record, nil) {
				return
			}
		}
		if records == 0 {
			yield(Record{}, problems.Explain(fmt.Errorf("%s: no record that could be used", path)))
		}
	}
}

func readJSONLines(path string, fields Fields, problems *Problems) iter.Seq2[Record, error] {
	fields, pairRequired := fields.withDefaults()
	return func(yield func(Record, error) bool) {
		for line, err := range readLines(path, problems) {
			if err != nil {
				yield(Record{}, err)
				return
			}
			if len(strings.TrimSpace(string(line.text))) == 0 {
				continue
			}
			record, err := parseJSONRecord(line.text, fields, pairRequired)
			if err != nil {
				if err := problems.add(path, line.number, err.Error()); err != nil {
					yield(Record{}, err)
					return
				}
				continue
			}
			record.Path, record.Line = path, line.number
			if !yield(record, nil) {
				return
			}
		}
	}
}

func parseJSONRecord(text []byte, fields Fields, pairRequired bool) (Record, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return Record{}, errors.New("not a JSON object")
	}
	var record Record
	if err := jsonString(members, fields, "text", fields.Text, &record.Text); err != nil {
		return Record{}, err
	}
	if _, record.HasPair = members[fields.Pair]; record.HasPair || pairRequired {
		record.HasPair = true
		if err := jsonString(members, fields, "pair", fields.Pair, &record.Pair); err != nil {
			return Record{}, err
		}
	}
	if err := record.checkTexts(); err != nil {
		return Record{}, err
	}
	value, ok := members[fields.Label]
	if !ok {
		return Record{}, fmt.Errorf("no member %q (%s)", fields.Label, fields.naming("label", "NAME"))
	}
	labels, err := jsonLabels(value)
	if err != nil {
		return Record{}, fmt.Errorf("member %q %w", fields.Label, err)
	}
	record.Labels = labels
	return record, nil
}

// checkTexts refuses texts of nothing but white space, as whoever answers does.
func (r *Record) checkTexts() error {
	switch {
	case strings.TrimSpace(r.Text) == "":
		return errors.New("its text is empty")
	case r.HasPair && strings.TrimSpace(r.Pair) == "":
		return errors.New("its second text is empty")
	}
	return nil
}

// jsonString reads the member that holds a field of Fields.
func jsonString(members map[string]json.RawMessage, fields Fields, field, name string, value *string) error {
	raw, ok := members[name]
	if !ok {
		return fmt.Errorf("no member %q (%s)", name, fields.naming(field, "NAME"))
	}
	if raw[0] != '"' {
		return fmt.Errorf("member %q is not a string", name)
	}
	if err := CheckSurrogates(raw); err != nil {
		return fmt.Errorf("member %q: %w", name, err)
	}
	if err := json.Unmarshal(raw, value); err != nil {
		return fmt.Errorf("member %q: %w", name, err)
	}
	return nil
}

// CheckSurrogates refuses valid JSON with half of an escaped surrogate pair, which
// is no character: encoding/json takes it for U+FFFD.
func CheckSurrogates(valid []byte) error {
	if half, at := surrogates.Half(valid); at >= 0 {
		return fmt.Errorf("the escape %s is half of a surrogate pair, which is no character", half)
	}
	return nil
}

// jsonLabels reads a label that is a string, a number or a boolean, or an
// array of them. Numbers and booleans keep their spelling.
func jsonLabels(raw json.RawMessage) ([]string, error) {
	if err := CheckSurrogates(raw); err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if raw[0] != '[' {
		label, err := jsonLabel(raw)
		return []string{label}, err
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	labels := make([]string, len(elements))
	for i, element := range elements {
		var err error
		if labels[i], err = jsonLabel(element); err != nil {
			return nil, err
		}
	}
	return labels, nil
}

func jsonLabel(raw json.RawMessage) (string, error) {
	switch raw[0] {
	case '"':
		var label string
		err := json.Unmarshal(raw, &label)
		if err == nil && strings.TrimSpace(label) == "" {
			err = errors.New("is empty")
		}
		return label, err
	case '{', '[', 'n':
		return "", errors.New("is not a label: want a string, a number, or an array of them")
	default:
		return string(raw), nil
	}
}

// naming says how the name of a field is given.
func (f Fields) naming(field, name string) string {
	if f.ByFlags {
		return fmt.Sprintf("--%s-field %s names another", field, name)
	}
	return fmt.Sprintf("--%s-field %s, or \"fields\": {%q: %q} in the run's file, names another", field, name, field, name)
}

// pairing says how a head is made to read pairs.
func (f Fields) pairing() string {
	flag := "--pair-field " + f.pairName()
	if f.ByFlags {
		return flag
	}
	return flag + `, or "pair": true for the head in the run's file,`
}
