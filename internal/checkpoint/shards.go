package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// form is a way in which a directory holds weights.
type form struct {
	file string // the whole model in one file, or
	read func(f *file) ([]*tensor, error)
}

// forms are in the order of transformers' preference.
var forms = []form{
	{weightsFile, readSafetensors},
	{"pytorch_model.bin", readPyTorch},
}

// openWeights opens the files of weights and lists their tensors.
func (c *Checkpoint) openWeights(dir directory) ([]*tensor, error) {
	for _, form := range forms {
		index := form.file + ".index.json"
		switch {
		case exists(dir, form.file):
			c.source = dir.name(form.file)
			return c.openShard(dir, form, form.file)
		case exists(dir, index):
			c.source = dir.name(index)
			return c.openShards(dir, form, index)
		}
	}
	return nil, dir.error(forms[0].file, fmt.Errorf("%w, nor %s, nor their shards", fs.ErrNotExist, forms[1].file))
}

func exists(dir directory, name string) bool {
	_, err := fs.Stat(dir, name)
	return !errors.Is(err, fs.ErrNotExist)
}

func (c *Checkpoint) openShard(dir directory, form form, name string) ([]*tensor, error) {
	f, err := openFile(dir, name)
	if err != nil {
		return nil, err
	}
	c.files = append(c.files, f)
	const pointer = "version https://git-lfs.github.com/"
	if head, err := f.bytes(0, min(f.size, int64(len(pointer)))); err == nil && string(head) == pointer {
		return nil, dir.error(name, errors.New("file is a Git LFS pointer, want the weights: git lfs pull fetches them"))
	}
	return form.read(f)
}

// openShards opens what an index lists, and checks that every tensor is where
// the index says.
func (c *Checkpoint) openShards(dir directory, form form, index string) ([]*tensor, error) {
	var content struct {
		WeightMap map[string]string `json:"weight_map"` // tensor to file
	}
	if err := readJSON(dir, index, &content); err != nil {
		return nil, err
	}
	if len(content.WeightMap) == 0 {
		return nil, dir.error(index, errors.New("weight_map is empty, want tensors and their files"))
	}
	missing := maps.Clone(content.WeightMap)
	var tensors []*tensor
	for _, shard := range slices.Compact(slices.Sorted(maps.Values(content.WeightMap))) {
		if !fs.ValidPath(shard) || strings.Contains(shard, "/") {
			return nil, dir.error(index, fmt.Errorf("shard is %q, want the name of a file beside it", shard))
		}
		held, err := c.openShard(dir, form, shard)
		if err != nil {
			return nil, err
		}
		for _, t := range held {
			if content.WeightMap[t.name] == shard {
				delete(missing, t.name)
			}
		}
		tensors = append(tensors, held...)
	}
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		return nil, dir.error(missing[name], fmt.Errorf("tensor %q is missing, want it because %s says so", name, index))
	}
	return tensors, nil
}
