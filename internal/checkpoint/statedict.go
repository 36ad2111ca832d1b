package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/nlpodyssey/gopickle/pickle"
	"github.com/nlpodyssey/gopickle/types"
)

// stateDict is what running a state dict's pickle gives.
type stateDict struct {
	views    map[string]*view    // by the tensor's name
	storages map[string]*storage // by key
}

// storage is the memory that tensors are views of.
type storage struct {
	dtype  DType
	values int64
	start  int64 // where it is in the file; 0 until it is found
}

// view is a tensor.
type view struct {
	storage *storage
	offset  int // in values, as are the strides
	shape   []int
	strides []int
}

// width is how many bytes a value takes.
func (s *storage) width() int64 { return bitsOf[s.dtype] / 8 }

func (s *storage) bytes() int64 { return s.values * s.width() }

// pickleAt returns the program that a part of the file starts with; it is safe
// to run.
func pickleAt(f *file, start, end int64) ([]byte, error) {
	data, err := f.bytes(start, min(end, start+maxPickle))
	if err != nil {
		return nil, err
	}
	return checkPickle(data, func(name string) bool { return torchNames[name] != nil })
}

// runPickle runs a program. gopickle may still panic on one that checkPickle
// lets pass; this is where that ends.
func runPickle(program []byte, load func(id any) (any, error)) (value any, err error) {
	defer func() {
		if r := recover(); r != nil {
			value, err = nil, fmt.Errorf("pickle is broken: %v", r)
		}
	}()
	u := pickle.NewUnpickler(bytes.NewReader(program))
	u.FindClass = func(module, name string) (any, error) {
		if found, ok := torchNames[module+"."+name]; ok {
			return found, nil
		}
		return nil, fmt.Errorf("it names %q, want nothing but tensors", module+"."+name)
	}
	u.PersistentLoad = load
	if value, err = u.Load(); err != nil {
		return nil, fmt.Errorf("pickle: %w", err)
	}
	return value, nil
}

// torchNames are the functions and classes that state dicts are made with.
var torchNames = map[string]any{
	"collections.OrderedDict":         &types.OrderedDictClass{},
	"torch._utils._rebuild_tensor_v2": function(rebuildTensor),
	"torch._utils._rebuild_parameter": function(rebuildParameter),
	"torch.FloatStorage":              F32,
	"torch.HalfStorage":               F16,
	"torch.BFloat16Storage":           BF16,
	"torch.DoubleStorage":             DType("F64"),
	"torch.LongStorage":               DType("I64"),
	"torch.IntStorage":                DType("I32"),
	"torch.ShortStorage":              DType("I16"),
	"torch.CharStorage":               DType("I8"),
	"torch.ByteStorage":               DType("U8"),
	"torch.BoolStorage":               DType("BOOL"),
}

// function is what the pickle calls.
type function func(args []any) (any, error)

// Call implements types.Callable.
func (f function) Call(args ...any) (any, error) { return f(args) }

// rebuildTensor is torch._utils._rebuild_tensor_v2(storage, storage_offset,
// size, stride, requires_grad, backward_hooks, metadata=None).
func rebuildTensor(args []any) (any, error) {
	if len(args) < 6 {
		return nil, fmt.Errorf("_rebuild_tensor_v2 has %d arguments, want at least 6", len(args))
	}
	s, isStorage := args[0].(*storage)
	offset, isInt := args[1].(int)
	shape, isShape := ints(args[2])
	strides, isStrides := ints(args[3])
	if !isStorage || !isInt || !isShape || !isStrides {
		return nil, fmt.Errorf("_rebuild_tensor_v2 has arguments %T, %T, %T, %T, want a storage, an int and two tuples of ints",
			args[0], args[1], args[2], args[3])
	}
	return &view{s, offset, shape, strides}, nil
}

// rebuildParameter is torch._utils._rebuild_parameter(data, requires_grad,
// backward_hooks).
func rebuildParameter(args []any) (any, error) {
	if len(args) == 0 {
		return nil, errors.New("_rebuild_parameter has no arguments, want a tensor")
	}
	return args[0], nil
}

// ints converts a tuple of ints.
func ints(value any) (values []int, ok bool) {
	tuple, ok := value.(*types.Tuple)
	if !ok {
		return nil, false
	}
	for _, v := range *tuple {
		i, ok := v.(int)
		if !ok {
			return nil, false
		}
		values = append(values, i)
	}
	return values, true
}

// readStateDict runs the pickle that a part of the file starts with. It ends at
// next.
func readStateDict(f *file, start, end int64) (dict *stateDict, next int64, err error) {
	program, err := pickleAt(f, start, end)
	if err != nil {
		return nil, 0, err
	}
	dict = &stateDict{make(map[string]*view), make(map[string]*storage)}
	value, err := runPickle(program, dict.storage)
	if err != nil {
		return nil, 0, err
	}
	return dict, start + int64(len(program)), dict.fill(value)
}

// fill takes the tensors from what the pickle gave.
func (d *stateDict) fill(value any) error {
	var items []types.DictEntry
	switch v := value.(type) {
	case *types.Dict:
		items = *v
	case *types.OrderedDict:
		for _, item := range v.Map {
			items = append(items, types.DictEntry{Key: item.Key, Value: item.Value})
		}
	default:
		return fmt.Errorf("pickle is a %T, want a state dict", value)
	}
	for _, item := range items {
		name, ok := item.Key.(string)
		if !ok {
			// Only its type: a list may hold itself, and printing it not end.
			return fmt.Errorf("state dict has a key of type %T, want the names of tensors", item.Key)
		}
		if d.views[name], ok = item.Value.(*view); !ok {
			return fmt.Errorf("state dict has %.100q of type %T, want tensors", name, item.Value)
		}
	}
	return nil
}

// storage resolves a persistent id, ("storage", class, key, device, values).
func (d *stateDict) storage(id any) (any, error) {
	tuple, ok := id.(*types.Tuple)
	if !ok || tuple.Len() < 5 {
		return nil, fmt.Errorf("persistent id is a %T, want the five fields of a storage", id)
	}
	dtype, isClass := tuple.Get(1).(DType)
	key, isString := tuple.Get(2).(string)
	values, isInt := tuple.Get(4).(int)
	switch {
	case tuple.Get(0) != "storage" || !isClass || !isString || !isInt:
		return nil, fmt.Errorf("persistent id is a tuple of %T, %T, %T, …, %T, want a storage", tuple.Get(0), tuple.Get(1), tuple.Get(2), tuple.Get(4))
	case values < 0 || int64(values) > math.MaxInt64/8:
		return nil, fmt.Errorf("storage %.100q has %d values", key, values)
	case tuple.Len() > 5 && tuple.Get(5) != nil:
		return nil, fmt.Errorf("storage %.100q is a view of another, want one of its own", key)
	}
	if d.storages[key] == nil {
		d.storages[key] = &storage{dtype: dtype, values: int64(values)}
	}
	return d.storages[key], nil
}

// readKeys runs the pickle of the list of storages. It ends at next.
func readKeys(f *file, start int64) (keys []string, next int64, err error) {
	program, err := pickleAt(f, start, f.size)
	if err != nil {
		return nil, 0, err
	}
	value, err := runPickle(program, nil)
	if err != nil {
		return nil, 0, err
	}
	list, ok := value.(*types.List)
	if !ok {
		return nil, 0, fmt.Errorf("pickle is a %T, want the list of storages", value)
	}
	for _, key := range *list {
		name, ok := key.(string)
		if !ok {
			return nil, 0, fmt.Errorf("list of storages has a %T, want keys", key)
		}
		keys = append(keys, name)
	}
	return keys, start + int64(len(program)), nil
}

// tensors returns the tensors, sorted by name, once the storages are found.
func (d *stateDict) tensors(f *file) ([]*tensor, error) {
	tensors := make([]*tensor, 0, len(d.views))
	for _, name := range slices.Sorted(maps.Keys(d.views)) {
		v := d.views[name]
		t := &tensor{name: name, file: f, dtype: v.storage.dtype, shape: v.shape}
		if err := v.place(t); err != nil {
			return nil, err
		}
		tensors = append(tensors, t)
	}
	return tensors, nil
}

// maxDims is more than any tensor of a BERT has.
const maxDims = 8

// place tells t where the values of the view are in the file.
func (v *view) place(t *tensor) error {
	s := v.storage
	total, ok := size(s.dtype, v.shape)
	switch {
	case s.start == 0:
		return t.errorf("has no values: its storage is missing")
	case !ok || total > s.bytes() || len(v.shape) > maxDims || len(v.shape) != len(v.strides) || v.offset < 0:
		return t.errorf("has shape %v, strides %v and offset %d, want a view of %d values", v.shape, v.strides, v.offset, s.values)
	case total == 0:
		t.start, t.end = s.start, s.start
		return nil
	}
	last := int64(v.offset) // the index of the last value
	rowMajor, step := true, 1
	for i, n := range slices.Backward(v.shape) {
		if n == 1 {
			continue // its stride is never used
		}
		stride, room := int64(v.strides[i]), s.values-1-last
		if stride < 0 || stride > room/int64(n-1) {
			return t.errorf("has shape %v, strides %v and offset %d, want a view of %d values", v.shape, v.strides, v.offset, s.values)
		}
		last += stride * int64(n-1)
		rowMajor = rowMajor && v.strides[i] == step
		step *= n
	}
	if last >= s.values {
		return t.errorf("has offset %d, want less than %d", v.offset, s.values)
	}
	t.start = s.start + int64(v.offset)*s.width()
	t.end = s.start + (last+1)*s.width()
	if !rowMajor {
		t.strides = v.strides
	}
	return nil
}
