package checkpoint

import "slices"

// FileInfo describes a file of weights.
type FileInfo struct {
	Name    string   `json:"name"`
	Bytes   int64    `json:"bytes"`
	Tensors int      `json:"tensors"` // how many
	DTypes  []string `json:"dtypes"`  // of the tensors, sorted
}

// TensorInfo describes a tensor as a file stores it.
type TensorInfo struct {
	Name string `json:"name"` // as the file calls it
	// Parameter is what the model calls it; "" where the model does not need
	// it: a constant, a part of no BERT, or a decoder that is the word
	// embeddings over again.
	Parameter string `json:"parameter,omitempty"`
	DType     DType  `json:"dtype"`
	Shape     []int  `json:"shape"`
	Bytes     int64  `json:"bytes"`
	File      string `json:"file"`
}

// Files lists the files of weights.
func (c *Checkpoint) Files() []FileInfo {
	infos := make([]FileInfo, len(c.files))
	for i, f := range c.files {
		infos[i] = FileInfo{Name: f.name, Bytes: f.size}
		for _, t := range c.stored {
			if t.file == f {
				infos[i].Tensors++
				infos[i].DTypes = append(infos[i].DTypes, string(t.dtype))
			}
		}
		slices.Sort(infos[i].DTypes)
		infos[i].DTypes = slices.Compact(infos[i].DTypes)
	}
	return infos
}

// Tensors lists all that the files store, file by file.
func (c *Checkpoint) Tensors() []TensorInfo {
	infos := make([]TensorInfo, len(c.stored))
	for i, t := range c.stored {
		n, _ := size(t.dtype, t.shape)
		infos[i] = TensorInfo{Name: t.name, DType: t.dtype, Shape: slices.Clone(t.shape), Bytes: n, File: t.file.name}
		if name := canonical(t.name); c.tensors[name] == t {
			infos[i].Parameter = name
		}
	}
	return infos
}
