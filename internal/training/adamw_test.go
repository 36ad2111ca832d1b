package training

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

func TestAdamWAgreesWithPyTorch(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "adamw.json")) // see make_adamw.py
	if err != nil {
		t.Fatal(err)
	}
	var runs []struct {
		Decay   float64
		MaxNorm float64 `json:"max_norm"`
		Start   [][]float32
		Grads   [][][]float32
		Steps   []struct {
			Norm   float64
			Params [][]float32
		}
	}
	if err := json.Unmarshal(data, &runs); err != nil {
		t.Fatal(err)
	}
	const tolerance = 2e-6 // a few roundings of float32
	for _, run := range runs {
		t.Run(fmt.Sprintf("decay %v, norm %v", run.Decay, run.MaxNorm), func(t *testing.T) {
			params := []*bert.Param{
				{Name: "matrix", Shape: []int{3, 4}, Data: run.Start[0], Grad: make([]float32, 12), Decay: true},
				{Name: "bias", Shape: []int{5}, Data: run.Start[1], Grad: make([]float32, 5)},
			}
			o := DefaultAdamWOptions()
			o.WeightDecay = run.Decay
			a := NewAdamW(params, nil, o)
			for i, step := range run.Steps {
				a.ZeroGrad(nil)
				for p, param := range params {
					copy(param.Grad, run.Grads[i][p])
				}
				norm := a.Norm(nil)
				if math.Abs(norm-step.Norm) > 1e-6*step.Norm {
					t.Fatalf("step %d: norm %v, want %v", i, norm, step.Norm)
				}
				a.Step(nil, 0.01*float64(i+1), clipFactor(norm, run.MaxNorm))
				for p, param := range params {
					for k, want := range step.Params[p] {
						if got := param.Data[k]; math.Abs(float64(got-want)) > tolerance {
							t.Fatalf("step %d: %s[%d] = %v, want %v", i, param.Name, k, got, want)
						}
					}
				}
			}
		})
	}
}

func randomParams(seed uint64, lengths ...int) []*bert.Param {
	rng := NewRand(seed, 0)
	var params []*bert.Param
	for i, n := range lengths {
		p := &bert.Param{Name: fmt.Sprint(i), Shape: []int{n}, Data: make([]float32, n), Grad: make([]float32, n), Decay: i%2 == 0}
		for k := range n {
			p.Data[k], p.Grad[k] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
		}
		params = append(params, p)
	}
	return params
}

func TestAdamWDoesNotDependOnTheWorkers(t *testing.T) {
	lengths := []int{1, 5, 3*chunkLen + 17, chunkLen}
	one, many := randomParams(1, lengths...), randomParams(1, lengths...)
	pool := kernels.NewPool(3)
	defer pool.Close()
	a, b := NewAdamW(one, nil, DefaultAdamWOptions()), NewAdamW(many, nil, DefaultAdamWOptions())
	for range 3 {
		if got, want := b.Norm(pool), a.Norm(nil); got != want {
			t.Fatalf("norm %v with three workers, %v with one", got, want)
		}
		a.Step(nil, 0.01, 0.5)
		b.Step(pool, 0.01, 0.5)
	}
	for i := range one {
		for k := range one[i].Data {
			if one[i].Data[k] != many[i].Data[k] {
				t.Fatalf("parameter %d, value %d: %v and %v", i, k, one[i].Data[k], many[i].Data[k])
			}
		}
	}
}

func TestAdamWLeavesFrozenParametersAlone(t *testing.T) {
	params, before := randomParams(2, 10, 10), randomParams(2, 10, 10)
	a := NewAdamW(params, []float64{0, 1}, DefaultAdamWOptions())
	only := NewAdamW(before[1:], nil, DefaultAdamWOptions())
	if got, want := a.Norm(nil), only.Norm(nil); got != want {
		t.Errorf("norm %v, want %v: frozen gradients do not count", got, want)
	}
	a.Step(nil, 0.1, 1)
	for k := range params[0].Data {
		if params[0].Data[k] != before[0].Data[k] {
			t.Fatalf("frozen value %d moved", k)
		}
		if params[1].Data[k] == before[1].Data[k] {
			t.Fatalf("value %d did not move", k)
		}
	}
}

func TestAdamWScalesTheLearningRate(t *testing.T) {
	params := randomParams(3, 10, 10)
	same := randomParams(3, 10, 10)
	scaled := NewAdamW(params, []float64{0.5, 0.25}, DefaultAdamWOptions())
	plain := NewAdamW(same, nil, DefaultAdamWOptions())
	scaled.Step(nil, 0.1, 1)
	plain.Step(nil, 0.05, 1)
	for k := range params[0].Data {
		if params[0].Data[k] != same[0].Data[k] {
			t.Fatalf("value %d: %v at half the rate, want %v", k, params[0].Data[k], same[0].Data[k])
		}
	}
	if params[1].Data[0] == same[1].Data[0] {
		t.Error("a quarter of the rate moved as far as a half")
	}
}

// The first step of Google's variant is (1−β1)/√(1−β2) times PyTorch's.
func TestAdamWWithoutBiasCorrection(t *testing.T) {
	move := func(google bool) float64 {
		p := &bert.Param{Shape: []int{1}, Data: []float32{0}, Grad: []float32{0.5}}
		o := DefaultAdamWOptions()
		o.NoBiasCorrection = google
		NewAdamW([]*bert.Param{p}, nil, o).Step(nil, 0.01, 1)
		return float64(p.Data[0])
	}
	want := 0.1 / math.Sqrt(0.001)
	if got := move(true) / move(false); math.Abs(got-want) > 1e-3 {
		t.Errorf("first step is %v of PyTorch's, want %v", got, want)
	}
}

func TestNormOfBrokenGradients(t *testing.T) {
	for _, broken := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		params := randomParams(4, 100)
		params[0].Grad[77] = broken
		if norm := NewAdamW(params, nil, DefaultAdamWOptions()).Norm(nil); !math.IsNaN(norm) && !math.IsInf(norm, 0) {
			t.Errorf("norm of a gradient with %v is %v", broken, norm)
		}
	}
}

func TestClipFactor(t *testing.T) {
	for _, test := range []struct{ norm, limit, want float64 }{
		{0.5, 1, 1}, {2, 1, 1 / 2.000001}, {0, 1, 1}, {100, 0, 1},
	} {
		if got := clipFactor(test.norm, test.limit); math.Abs(got-test.want) > 1e-15 {
			t.Errorf("clipFactor(%v, %v) = %v, want %v", test.norm, test.limit, got, test.want)
		}
	}
}

func TestAdamWOptionsAreChecked(t *testing.T) {
	if err := DefaultAdamWOptions().Validate(); err != nil {
		t.Error(err)
	}
	for _, edit := range []func(*AdamWOptions){
		func(o *AdamWOptions) { o.Beta1 = 1 },
		func(o *AdamWOptions) { o.Beta2 = -0.1 },
		func(o *AdamWOptions) { o.Epsilon = 0 },
		func(o *AdamWOptions) { o.WeightDecay = math.NaN() },
	} {
		o := DefaultAdamWOptions()
		edit(&o)
		if o.Validate() == nil {
			t.Errorf("%+v passed", o)
		}
	}
}

func BenchmarkAdamWStep(b *testing.B) {
	params := randomParams(5, 4_000_000)
	pool := kernels.NewPool(2)
	defer pool.Close()
	a := NewAdamW(params, nil, DefaultAdamWOptions())
	b.SetBytes(4_000_000 * 4)
	for b.Loop() {
		a.Step(pool, 1e-4, clipFactor(a.Norm(pool), 1))
	}
}
