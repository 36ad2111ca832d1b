package training

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cloze/internal/wholefile"
)

// A checkpoint file holds everything that a run needs to go on as if it had
// not stopped: parameters, both moments of AdamW, and where the data stand.
// Chance needs no state of its own, for every draw follows from the run's seed
// and a position.
//
//	magic       8 bytes
//	header      its length as 8 bytes little-endian, then JSON
//	values      for each parameter its data and, unless it is frozen, m and v:
//	            float32 little-endian
//	SHA-256     of all the above
//
// Unlike a model directory it is of use to this program only, so it is one
// file: what is read back is either the whole of a state or refused.
const (
	stateMagic      = "CLOZE\x00\x00\x01"
	stateSuffix     = ".state"
	statePrefix     = "checkpoint-"
	statesKept      = 2
	maxStateHeader  = 1 << 28
	stateBufferSize = 1 << 16
)

// stateHeader describes the values that follow it.
type stateHeader struct {
	Step     int             `json:"step"` // optimizer steps taken
	Run      json.RawMessage `json:"run"`
	Progress json.RawMessage `json:"progress"` // of the loop
	Data     []dataSum       `json:"data"`
	Tensors  []stateTensor   `json:"tensors"`
}

type stateTensor struct {
	Name   string `json:"name"`
	Len    int    `json:"len"`
	Frozen bool   `json:"frozen,omitempty"`
}

func (a *AdamW) tensors() []stateTensor {
	tensors := make([]stateTensor, len(a.params))
	for i, p := range a.params {
		tensors[i] = stateTensor{Name: p.Name, Len: p.Len(), Frozen: a.m[i] == nil}
	}
	return tensors
}

// values are the slices of the file, in its order.
func (a *AdamW) values() [][]float32 {
	var values [][]float32
	for i, p := range a.params {
		values = append(values, p.Data)
		if a.m[i] != nil {
			values = append(values, a.m[i], a.v[i])
		}
	}
	return values
}

// writeState writes a checkpoint.
func writeState(w io.Writer, h stateHeader, a *AdamW) error {
	h.Step, h.Tensors = a.step, a.tensors()
	header, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("checkpoint header: %w", err)
	}
	sum := sha256.New()
	out := io.MultiWriter(w, sum)
	buffer := append(make([]byte, 0, stateBufferSize), stateMagic...)
	buffer = binary.LittleEndian.AppendUint64(buffer, uint64(len(header)))
	if _, err := out.Write(append(buffer, header...)); err != nil {
		return err
	}
	for _, values := range a.values() {
		for part := range slices.Chunk(values, stateBufferSize/4) {
			buffer = buffer[:0]
			for _, value := range part {
				buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(value))
			}
			if _, err := out.Write(buffer); err != nil {
				return err
			}
		}
	}
	_, err = w.Write(sum.Sum(nil))
	return err
}

var errBrokenState = errors.New("not a whole checkpoint")

// readState reads a checkpoint into the optimizer and its parameters. check
// may refuse the header before anything is overwritten. After an error behind
// that, the parameters are undefined.
func readState(r io.Reader, a *AdamW, check func(stateHeader) error) (stateHeader, error) {
	sum := sha256.New()
	in := io.TeeReader(r, sum)
	header, err := readStateHeader(in)
	if err != nil {
		return header, err
	}
	if err := sameTensors(header.Tensors, a.tensors()); err != nil {
		return header, err
	}
	if err := check(header); err != nil {
		return header, err
	}
	buffer := make([]byte, stateBufferSize)
	for _, values := range a.values() {
		for part := range slices.Chunk(values, stateBufferSize/4) {
			data := buffer[:4*len(part)]
			if _, err := io.ReadFull(in, data); err != nil {
				return header, fmt.Errorf("%w: %w", errBrokenState, err)
			}
			for i := range part {
				part[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
			}
		}
	}
	if err := checkSum(r, sum); err != nil {
		return header, err
	}
	a.step = header.Step
	return header, nil
}

func readStateHeader(in io.Reader) (header stateHeader, err error) {
	start := make([]byte, len(stateMagic)+8)
	if _, err := io.ReadFull(in, start); err != nil {
		return header, fmt.Errorf("%w: %w", errBrokenState, err)
	}
	if !bytes.HasPrefix(start, []byte(stateMagic)) {
		return header, fmt.Errorf("%w: it begins with %q, want %q", errBrokenState, start[:len(stateMagic)], stateMagic)
	}
	length := binary.LittleEndian.Uint64(start[len(stateMagic):])
	if length > maxStateHeader {
		return header, fmt.Errorf("%w: header of %d bytes", errBrokenState, length)
	}
	// ReadAll grows as data come, so a wrong length allocates nothing.
	data, err := io.ReadAll(io.LimitReader(in, int64(length)))
	if err != nil || uint64(len(data)) != length {
		return header, fmt.Errorf("%w: header of %d bytes ends after %d", errBrokenState, length, len(data))
	}
	if err := json.Unmarshal(data, &header); err != nil {
		return header, fmt.Errorf("%w: header: %w", errBrokenState, err)
	}
	return header, nil
}

func checkSum(r io.Reader, sum hash.Hash) error {
	want := make([]byte, sha256.Size)
	if _, err := io.ReadFull(r, want); err != nil {
		return fmt.Errorf("%w: %w", errBrokenState, err)
	}
	if got := sum.Sum(nil); !bytes.Equal(got, want) {
		return fmt.Errorf("%w: its values have SHA-256 %x, want %x", errBrokenState, got[:4], want[:4])
	}
	return nil
}

// errOtherModel marks a whole checkpoint of another model or run: falling back
// to an older one would not help.
var errOtherModel = errors.New("checkpoint of another run")

func sameTensors(got, want []stateTensor) error {
	if len(got) != len(want) {
		return fmt.Errorf("%w: it has %d parameters, the model %d", errOtherModel, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			return fmt.Errorf("%w: parameter %d is %+v, the model's is %+v", errOtherModel, i, got[i], want[i])
		}
	}
	return nil
}

// saveState writes the checkpoint of a step into dir and removes all but the
// newest two and what interrupted writes left behind. It returns the path.
func saveState(dir string, h stateHeader, a *AdamW) (string, error) {
	path := statePath(dir, a.step)
	if err := wholefile.Write(path, func(w io.Writer) error { return writeState(w, h, a) }); err != nil {
		return "", err
	}
	states, err := Checkpoints(dir)
	if err != nil {
		return "", err
	}
	var stale []string
	if len(states) > statesKept {
		stale = states[statesKept:]
	}
	for _, old := range stale {
		if err := os.Remove(old); err != nil {
			return "", err
		}
	}
	return path, wholefile.RemoveLeftovers(dir) // of other steps
}

func statePath(dir string, step int) string {
	return filepath.Join(dir, fmt.Sprintf("%s%08d%s", statePrefix, step, stateSuffix))
}

// setAsideSuffix names a checkpoint that is not to be resumed from.
const setAsideSuffix = ".diverged"

// setAsideState renames the checkpoint of a step, if there is one, so that
// resuming passes over it. It returns the new path, and the newest checkpoint
// of before that step; "" for what there is not.
func setAsideState(dir string, step int) (setAside, before string, err error) {
	path := statePath(dir, step)
	switch err := os.Rename(path, path+setAsideSuffix); {
	case err == nil:
		setAside = path + setAsideSuffix
	case !errors.Is(err, fs.ErrNotExist):
		return "", "", err
	}
	states, err := Checkpoints(dir)
	for _, state := range states {
		// Names of eight digits sort as numbers.
		if filepath.Base(state) < filepath.Base(path) {
			return setAside, state, err
		}
	}
	return setAside, "", err
}

// Checkpoints lists the checkpoints in a directory, newest first; none if it
// does not exist.
func Checkpoints(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	type state struct {
		path string
		step int
	}
	var states []state
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasPrefix(name, statePrefix) || !strings.HasSuffix(name, stateSuffix) {
			continue
		}
		number := name[len(statePrefix) : len(name)-len(stateSuffix)]
		if step, err := strconv.Atoi(number); err == nil {
			states = append(states, state{filepath.Join(dir, entry.Name()), step})
		}
	}
	slices.SortFunc(states, func(a, b state) int { return b.step - a.step })
	paths := make([]string, len(states))
	for i, s := range states {
		paths[i] = s.path
	}
	return paths, nil
}

// restored says which checkpoint a run goes on from.
type restored struct {
	path    string // "" if there is none
	header  stateHeader
	skipped []error  // newer checkpoints that could not be read
	changed []string // settings of the run that were others before
}

// restoreState reads the newest whole checkpoint in dir, if there is one. A
// broken one is skipped for the one before it; one of another run is an error.
func restoreState(dir string, a *AdamW, check func(stateHeader) error) (restored, error) {
	paths, err := Checkpoints(dir)
	if err != nil {
		return restored{}, err
	}
	if len(paths) == 0 {
		return restored{}, nil
	}
	var r restored
	for _, path := range paths {
		header, err := readStateFile(path, a, check)
		if err == nil {
			r.path, r.header = path, header
			return r, nil
		}
		err = fmt.Errorf("%s: %w", path, err)
		if !errors.Is(err, errBrokenState) {
			return restored{}, err
		}
		r.skipped = append(r.skipped, err)
	}
	return restored{}, fmt.Errorf("no checkpoint could be read: %w", errors.Join(r.skipped...))
}

func readStateFile(path string, a *AdamW, check func(stateHeader) error) (stateHeader, error) {
	file, err := os.Open(path)
	if err != nil {
		return stateHeader{}, err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	return readState(bufio.NewReaderSize(file, 1<<20), a, check)
}
