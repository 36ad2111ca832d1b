package training

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"math"

	"cloze/internal/tokenizer"
)

// dataSum tells whether data are those of before: a checkpoint says where in
// them a run stood, which means nothing in others.
type dataSum struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Unit  string `json:"unit"` // what is counted
	Sum   string `json:"sum"`  // of the content
}

// dataSum of a corpus is what its survey found.
func (s *Survey) dataSum() dataSum {
	return dataSum{Name: "the running text", Count: s.Documents, Unit: "documents", Sum: s.Sum}
}

// dataSum of a set goes by what the model reads and should say.
func (s *Set) dataSum(part string) dataSum {
	sum := sha256.New()
	var buffer []byte
	for i := range s.Examples {
		e := &s.Examples[i]
		buffer = binary.LittleEndian.AppendUint32(buffer[:0], uint32(e.Row))
		buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(e.Value))
		for _, values := range [][]int32{e.IDs, e.TypeIDs, e.Labels} {
			buffer = binary.LittleEndian.AppendUint32(buffer, uint32(len(values)))
			for _, value := range values {
				buffer = binary.LittleEndian.AppendUint32(buffer, uint32(value))
			}
		}
		sum.Write(buffer)
	}
	return dataSum{
		Name: fmt.Sprintf("set %s (%s of head %s)", s.Name, part, s.Head), Count: s.Rows, Unit: "rows",
		Sum: sumString(sum),
	}
}

// vocabularyData is what messages call a vocabulary among the data.
const vocabularyData = "the vocabulary"

// dataSumOf a tokenizer goes by what decides into which ids a text is cut.
func dataSumOf(t *tokenizer.Tokenizer) dataSum {
	sum := sha256.New()
	if err := json.NewEncoder(sum).Encode(t.Config()); err != nil {
		panic(err) // it holds nothing that JSON has not
	}
	for id := range t.VocabSize() {
		sum.Write([]byte(t.Token(int32(id)) + "\n"))
	}
	return dataSum{Name: vocabularyData, Count: t.VocabSize(), Unit: "tokens", Sum: sumString(sum)}
}

// sumString is half of a SHA-256: two data with the same half are not met by
// chance.
func sumString(sum hash.Hash) string { return fmt.Sprintf("%x", sum.Sum(nil)[:16]) }

// compareData is an error if the data of a checkpoint are others than the run's.
func compareData(saved, now []dataSum) error {
	const need = "resuming needs the same data"
	if n := len(saved); n == len(now)-1 && now[n].Name == vocabularyData {
		now = now[:n] // checkpoints did not always have it
	}
	if len(saved) != len(now) {
		return fmt.Errorf("%w: it had %d files of data, and has %d now; %s", errOtherModel, len(saved), len(now), need)
	}
	for i, was := range saved {
		switch is := now[i]; {
		case was.Name != is.Name:
			return fmt.Errorf("%w: it had %s where %s is now; %s", errOtherModel, was.Name, is.Name, need)
		case was.Count != is.Count:
			return fmt.Errorf("%w: %s had %d %s, and has %d now; %s", errOtherModel, was.Name, was.Count, was.Unit, is.Count, need)
		case was.Sum != is.Sum:
			return fmt.Errorf("%w: %s is another than before, though it still has %d %s; %s", errOtherModel, was.Name, was.Count, was.Unit, need)
		}
	}
	return nil
}
