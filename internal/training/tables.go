package training

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

func readTSV(path string, fields Fields, problems *Problems) iter.Seq2[Record, error] {
	return readTable(path, tsvRows(path, problems), fields, problems)
}

func readCSV(path string, fields Fields, problems *Problems) iter.Seq2[Record, error] {
	return readTable(path, csvRows(path, problems), fields, problems)
}

// readTable yields the records of a table's rows. Its columns have the names that
// are given, or those in its first row.
func readTable(path string, rows iter.Seq2[row, error], fields Fields, problems *Problems) iter.Seq2[Record, error] {
	fields, pairRequired := fields.withDefaults()
	return func(yield func(Record, error) bool) {
		var c columns
		if len(fields.Columns) > 0 {
			var err error
			if c, err = findColumns(path, fields.Columns, fields, pairRequired); err != nil {
				yield(Record{}, err)
				return
			}
		}
		for r, err := range rows {
			if err == nil && c.count == 0 {
				if c, err = r.header(path, fields, pairRequired, problems); err == nil {
					continue
				}
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
			record, err := c.record(r, path)
			if err != nil {
				if err := r.lose(path, err.Error(), problems); err != nil {
					yield(Record{}, err)
					return
				}
				continue
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

// row is a row of a table.
type row struct {
	cells []string
	lines []int // of the file that it takes: their numbers
	wrong error // why it has no cells
}

// header finds the columns among the cells of the first row.
func (r row) header(path string, fields Fields, pairRequired bool, problems *Problems) (columns, error) {
	if r.wrong != nil {
		return columns{}, fmt.Errorf("%s:%d: the header line cannot be read: %w", path, r.lines[0], r.wrong)
	}
	c, err := findColumns(path, r.cells, fields, pairRequired)
	if err != nil {
		return columns{}, problems.Explain(err)
	}
	return c, nil
}

// lose counts a row that cannot be used. It may hold several lines, above all
// where a quote is in the wrong place: each of them is lost.
func (r row) lose(path, reason string, problems *Problems) error {
	for _, line := range r.lines {
		if err := problems.add(path, line, reason); err != nil {
			return err
		}
	}
	return nil
}

// columns finds the fields of a record among the columns of a table.
type columns struct {
	text, pair, label int // -1: none
	count             int
	separator         string
}

func findColumns(path string, names []string, fields Fields, pairRequired bool) (columns, error) {
	c := columns{text: -1, pair: -1, label: -1, count: len(names), separator: fields.Separator}
	for i, name := range names {
		name = strings.TrimSpace(name)
		column, used := map[string]*int{fields.Text: &c.text, fields.Pair: &c.pair, fields.Label: &c.label}[name]
		switch {
		case !used:
		case *column >= 0:
			return c, fmt.Errorf("%s: two columns are called %q among %q: which of them is meant?", path, name, names)
		default:
			*column = i
		}
	}
	for _, field := range []struct {
		field, name string
		column      int
		required    bool
	}{{"text", fields.Text, c.text, true}, {"pair", fields.Pair, c.pair, pairRequired}, {"label", fields.Label, c.label, true}} {
		if !field.required || field.column >= 0 {
			continue
		}
		example := "NAME" // a column that is none of the others
		for i, name := range names {
			if i != c.text && i != c.pair && i != c.label {
				example = strings.TrimSpace(name)
				break
			}
		}
		all := `"fields": {"columns": [...]} there names`
		if fields.ByFlags {
			all = "--columns NAME,… names"
		}
		return c, fmt.Errorf("%s: no column %q among %q: %s; without a header line, %s them all",
			path, field.name, names, fields.naming(field.field, example), all)
	}
	return c, nil
}

// record makes a record of a row.
func (c columns) record(r row, path string) (Record, error) {
	if r.wrong != nil {
		return Record{}, r.wrong
	}
	if len(r.cells) != c.count {
		return Record{}, fmt.Errorf("%d columns, want %d", len(r.cells), c.count)
	}
	record := Record{Text: r.cells[c.text], Labels: []string{}, Path: path, Line: r.lines[0]}
	if c.pair >= 0 {
		record.Pair, record.HasPair = r.cells[c.pair], true
	}
	if err := record.checkTexts(); err != nil {
		return Record{}, err
	}
	label := strings.TrimSpace(r.cells[c.label])
	if c.separator == "" {
		if label == "" {
			return record, errors.New("its label is empty")
		}
		record.Labels = append(record.Labels, label)
		return record, nil
	}
	for part := range strings.SplitSeq(label, c.separator) {
		if part = strings.TrimSpace(part); part != "" {
			record.Labels = append(record.Labels, part)
		}
	}
	return record, nil
}

func tsvRows(path string, problems *Problems) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for line, err := range readLines(path, problems) {
			if err != nil {
				yield(row{}, err)
				return
			}
			if len(line.text) == 0 {
				continue
			}
			if !yield(row{cells: strings.Split(string(line.text), "\t"), lines: []int{line.number}}, nil) {
				return
			}
		}
	}
}

func csvRows(path string, problems *Problems) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		lines, err := openLines(path, 1, problems)
		if err != nil {
			yield(row{}, err)
			return
		}
		defer lines.close()
		pipe := &linePipe{lines: lines}
		in := csv.NewReader(pipe)
		in.FieldsPerRecord = -1 // counted by columns.record, as a problem of the row
		for {
			cells, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			r := row{cells: cells}
			if parseError := (*csv.ParseError)(nil); errors.As(err, &parseError) {
				r = row{lines: pipe.numbers[parseError.StartLine-1:], wrong: parseError.Err}
				if pipe.ended && errors.Is(err, csv.ErrQuote) {
					err = fmt.Errorf("%s:%d: the row that begins here has a quote that is never closed, so it takes in the rest of the file: close it, or double it if it is text (\"\")", path, r.lines[0])
				} else {
					err = nil
				}
			} else if err == nil {
				first, _ := in.FieldPos(0)
				r.lines = pipe.numbers[first-1:]
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// linePipe turns lines back into a stream for the CSV reader, so that what a
// lineScanner does (decompression, UTF-8, limits) holds for CSV too. The CSV
// reader counts the lines that it sees; numbers maps them to the file's, which
// differ behind a line that was left out.
type linePipe struct {
	lines   *lineScanner
	rest    []byte
	numbers []int
	ended   bool // the CSV reader asked for more than there is
}

// Read implements io.Reader.
func (p *linePipe) Read(to []byte) (int, error) {
	if len(p.rest) == 0 {
		line, err := p.lines.next()
		if err != nil {
			p.ended = errors.Is(err, io.EOF)
			return 0, err
		}
		p.numbers = append(p.numbers, line.number)
		p.rest = append(append(p.rest[:0], line.text...), '\n')
	}
	n := copy(to, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
