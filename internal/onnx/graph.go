package onnx

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	irVersion    = 8  // the version that came with opset 17
	opsetNumber  = 17 // the first opset with LayerNormalization
	maxModelSize = math.MaxInt32
)

// graph is an ONNX graph under construction. Nodes are small and kept; the
// values of the initializers are produced when the graph is written, one at a
// time, so that a model is never held twice.
type graph struct {
	nodes        []message
	inputs       []message
	outputs      []message
	initializers []initializer
	names        map[string]bool
	clash        string // a name that two values have, if any
}

// initializer is a constant tensor whose values are read while it is written.
type initializer struct {
	header message // TensorProto without its raw_data
	size   uint64  // bytes of raw_data
	values func() ([]byte, error)
}

// node adds an operation and returns its one output, which is also its name.
func (g *graph) node(op, name string, inputs []string, attributes ...attribute) string {
	g.claim(name)
	var m message
	for _, input := range inputs {
		m.text(nodeInput, input)
	}
	m.text(nodeOutput, name)
	m.text(nodeName, name)
	m.text(nodeOpType, op)
	for _, a := range attributes {
		m.bytes(nodeAttribute, a)
	}
	g.nodes = append(g.nodes, m)
	return name
}

// claim reserves a name: the values of a graph are known by their names. Some come from
// heads, whose names anybody may choose, so that a name may be taken.
func (g *graph) claim(name string) {
	if g.names[name] {
		g.clash = name
	}
	if g.names == nil {
		g.names = map[string]bool{}
	}
	g.names[name] = true
}

func tensorHeader(name string, elem elemType, shape []int) message {
	var m message
	for _, d := range shape {
		m.varint(tensorDims, uint64(d))
	}
	m.varint(tensorDataType, uint64(elem))
	m.text(tensorName, name)
	return m
}

// floats adds a float32 constant of the given shape; values is called once,
// while the graph is written.
func (g *graph) floats(name string, shape []int, values func() ([]float32, error)) string {
	size := 4
	for _, d := range shape {
		size *= d
	}
	g.initializers = append(g.initializers, initializer{
		header: tensorHeader(name, elemFloat, shape),
		size:   uint64(size),
		values: func() ([]byte, error) {
			xs, err := values()
			if err != nil {
				return nil, err
			}
			raw := make([]byte, 0, size)
			for _, x := range xs {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
			}
			return raw, nil
		},
	})
	return name
}

// scalar adds a float32 constant without axes.
func (g *graph) scalar(name string, v float32) string {
	return g.floats(name, nil, func() ([]float32, error) { return []float32{v}, nil })
}

// ints adds an int64 constant with one axis, as shapes and axes are given.
func (g *graph) ints(name string, vs ...int64) string {
	return g.integers(name, []int{len(vs)}, vs)
}

// index adds an int64 constant without axes, as Gather takes it to drop one.
func (g *graph) index(name string, v int64) string {
	return g.integers(name, nil, []int64{v})
}

func (g *graph) integers(name string, shape []int, vs []int64) string {
	g.initializers = append(g.initializers, initializer{
		header: tensorHeader(name, elemInt64, shape),
		size:   uint64(8 * len(vs)),
		values: func() ([]byte, error) {
			raw := make([]byte, 0, 8*len(vs))
			for _, v := range vs {
				raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
			}
			return raw, nil
		},
	})
	return name
}

// write encodes the graph as a ModelProto. Lengths stand before contents in
// protobuf, so they are added up first.
func (g *graph) write(w io.Writer, name string) error {
	if g.clash != "" {
		return fmt.Errorf("two values of the graph would be called %q: leave one of the heads out", g.clash)
	}
	var nodes message
	for _, n := range g.nodes {
		nodes.bytes(graphNode, n)
	}
	nodes.text(graphName, name)
	var ends message
	for _, in := range g.inputs {
		ends.bytes(graphInput, in)
	}
	for _, out := range g.outputs {
		ends.bytes(graphOutput, out)
	}
	size := uint64(len(nodes) + len(ends))
	for _, t := range g.initializers {
		size += fieldSize(graphInitializer, t.messageSize())
	}
	if size > maxModelSize {
		return fmt.Errorf("the graph takes %d bytes, but an ONNX file holds at most %d", size, maxModelSize)
	}

	var head, opset message
	head.varint(modelIRVersion, irVersion)
	head.text(modelProducerName, "cloze")
	opset.varint(opsetVersion, opsetNumber)
	head.bytes(modelOpsetImport, opset)
	head.header(modelGraph, size)

	out := bufio.NewWriterSize(w, 1<<20)
	for _, part := range []message{head, nodes} {
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	for _, t := range g.initializers {
		if err := t.write(out); err != nil {
			return err
		}
	}
	if _, err := out.Write(ends); err != nil {
		return err
	}
	return out.Flush()
}

func (t initializer) messageSize() uint64 {
	return uint64(len(t.header)) + fieldSize(tensorRawData, t.size)
}

func (t initializer) write(w io.Writer) error {
	raw, err := t.values()
	if err != nil {
		return err
	}
	if uint64(len(raw)) != t.size {
		return fmt.Errorf("an initializer has %d bytes, want %d", len(raw), t.size)
	}
	var m message
	m.header(graphInitializer, t.messageSize())
	m = append(m, t.header...)
	m.header(tensorRawData, t.size)
	if _, err := w.Write(m); err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

// fieldSize is the encoded size of a length-delimited field.
func fieldSize(field protowire.Number, length uint64) uint64 {
	return uint64(protowire.SizeTag(field)) + uint64(protowire.SizeVarint(length)) + length
}
