package training

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var acceptAll = func(stateHeader) error { return nil }

func trainedOptimizer(t testing.TB, seed uint64) *AdamW {
	t.Helper()
	params := randomParams(seed, 100, 3*stateBufferSize/4+5, 7)
	a := NewAdamW(params, []float64{1, 1, 0}, DefaultAdamWOptions())
	for range 3 {
		a.Step(nil, 0.01, 1)
	}
	return a
}

func sameValues(a, b *AdamW) bool {
	x, y := a.values(), b.values()
	return slices.EqualFunc(x, y, slices.Equal[[]float32]) && a.step == b.step
}

func TestStateRoundTrip(t *testing.T) {
	a, b := trainedOptimizer(t, 1), trainedOptimizer(t, 2)
	b.step = 0
	var file bytes.Buffer
	if err := writeState(&file, stateHeader{Run: json.RawMessage(`{"seed":1}`), Progress: json.RawMessage(`[2]`)}, a); err != nil {
		t.Fatal(err)
	}
	header, err := readState(bytes.NewReader(file.Bytes()), b, acceptAll)
	if err != nil {
		t.Fatal(err)
	}
	if header.Step != 3 || string(header.Run) != `{"seed":1}` || string(header.Progress) != `[2]` {
		t.Errorf("header %+v", header)
	}
	if !sameValues(a, b) {
		t.Error("the values read are not those written")
	}
}

func TestBrokenStatesAreRefused(t *testing.T) {
	a := trainedOptimizer(t, 1)
	var file bytes.Buffer
	if err := writeState(&file, stateHeader{Run: json.RawMessage(`{}`), Progress: json.RawMessage(`{}`)}, a); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	for _, length := range []int{0, 5, 8, 15, 16, 40, len(whole) / 2, len(whole) - 33, len(whole) - 1} {
		if _, err := readState(bytes.NewReader(whole[:length]), trainedOptimizer(t, 2), acceptAll); !errors.Is(err, errBrokenState) {
			t.Errorf("the first %d of %d bytes: error %v, want that it is not whole", length, len(whole), err)
		}
	}
	for _, at := range []int{0, 9, 14, 30, len(whole) / 2, len(whole) - 1} {
		changed := bytes.Clone(whole)
		changed[at] ^= 0x10
		if _, err := readState(bytes.NewReader(changed), trainedOptimizer(t, 2), acceptAll); err == nil {
			t.Errorf("byte %d changed: no error", at)
		}
	}
	t.Run("a header that claims to be huge", func(t *testing.T) {
		claim := append([]byte(stateMagic), 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0)
		if _, err := readState(bytes.NewReader(claim), trainedOptimizer(t, 2), acceptAll); !errors.Is(err, errBrokenState) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("another model", func(t *testing.T) {
		other := NewAdamW(randomParams(1, 100), nil, DefaultAdamWOptions())
		if _, err := readState(bytes.NewReader(whole), other, acceptAll); !errors.Is(err, errOtherModel) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("another run", func(t *testing.T) {
		b := trainedOptimizer(t, 2)
		before := slices.Clone(b.params[0].Data)
		refusal := errors.New("other settings")
		if _, err := readState(bytes.NewReader(whole), b, func(stateHeader) error { return refusal }); !errors.Is(err, refusal) {
			t.Errorf("error %v", err)
		}
		if !slices.Equal(before, b.params[0].Data) {
			t.Error("a refused checkpoint overwrote the parameters")
		}
	})
}

func TestRestoreFallsBackToTheCheckpointBefore(t *testing.T) {
	dir := t.TempDir()
	a := trainedOptimizer(t, 1)
	h := stateHeader{Run: json.RawMessage(`{}`), Progress: json.RawMessage(`{}`)}
	var paths []string
	for range 4 {
		path, err := saveState(dir, h, a)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
		a.Step(nil, 0.01, 1)
	}
	kept, err := Checkpoints(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{paths[3], paths[2]}; !slices.Equal(kept, want) {
		t.Fatalf("kept %q, want %q", kept, want)
	}
	if err := os.Truncate(paths[3], 1000); err != nil {
		t.Fatal(err)
	}
	b := trainedOptimizer(t, 2)
	got, err := restoreState(dir, b, acceptAll)
	if err != nil {
		t.Fatal(err)
	}
	if got.path != paths[2] || b.step != 5 || len(got.skipped) != 1 || !strings.Contains(got.skipped[0].Error(), paths[3]) {
		t.Errorf("restored %s at step %d, skipped %v; want %s, step 5, %s skipped", got.path, b.step, got.skipped, paths[2], paths[3])
	}
	if err := os.Truncate(paths[2], 10); err != nil {
		t.Fatal(err)
	}
	if _, err := restoreState(dir, b, acceptAll); err == nil || !strings.Contains(err.Error(), "no checkpoint could be read") {
		t.Errorf("both broken: error %v", err)
	}
	for name, folder := range map[string]string{"an empty folder": t.TempDir(), "a missing folder": filepath.Join(t.TempDir(), "missing")} {
		if got, err := restoreState(folder, b, acceptAll); err != nil || got.path != "" {
			t.Errorf("%s: restored %q, error %v, want nothing", name, got.path, err)
		}
	}
}

func TestSaveStateRemovesWhatAnInterruptedWriteLeft(t *testing.T) {
	dir := t.TempDir()
	leftover := filepath.Join(dir, "."+statePrefix+"00000001"+stateSuffix+".123.tmp")
	writeTo(t, leftover, "half a checkpoint")
	if _, err := saveState(dir, stateHeader{Run: json.RawMessage(`{}`), Progress: json.RawMessage(`{}`)}, trainedOptimizer(t, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(leftover); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", leftover, err)
	}
}
