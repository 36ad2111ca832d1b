package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of onnx.proto3 (IR version 8), for the messages written and read
// here. The format is stable: a number once given keeps its meaning.
const (
	modelIRVersion    = 1
	modelProducerName = 2
	modelGraph        = 7
	modelOpsetImport  = 8

	opsetVersion = 2

	graphNode        = 1
	graphName        = 2
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12

	nodeInput     = 1
	nodeOutput    = 2
	nodeName      = 3
	nodeOpType    = 4
	nodeAttribute = 5

	attributeName = 1
	attributeF    = 2
	attributeI    = 3
	attributeS    = 4
	attributeT    = 5
	attributeInts = 8
	attributeType = 20

	tensorDims         = 1
	tensorDataType     = 2
	tensorFloatData    = 4
	tensorName         = 8
	tensorRawData      = 9
	tensorExternalData = 13

	valueInfoName = 1
	valueInfoType = 2

	typeTensor       = 1
	tensorElemType   = 1
	tensorShape      = 2
	shapeDim         = 1
	dimensionValue   = 1
	dimensionParam   = 2
	attributeFloat   = 1 // AttributeProto.AttributeType
	attributeInt     = 2
	attributeIntList = 7
)

// elemType is TensorProto.DataType.
type elemType int32

const (
	elemFloat   elemType = 1
	elemInt64   elemType = 7
	elemFloat16 elemType = 10
)

// message is a protobuf message under construction.
type message []byte

func (m *message) varint(field protowire.Number, v uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), v)
}

func (m *message) float(field protowire.Number, v float32) {
	*m = protowire.AppendFixed32(protowire.AppendTag(*m, field, protowire.Fixed32Type), math.Float32bits(v))
}

func (m *message) text(field protowire.Number, s string) {
	*m = protowire.AppendString(protowire.AppendTag(*m, field, protowire.BytesType), s)
}

func (m *message) bytes(field protowire.Number, b []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), b)
}

// header opens a field of length bytes whose content is written elsewhere.
func (m *message) header(field protowire.Number, length uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.BytesType), length)
}

// attribute is one AttributeProto of a node.
type attribute message

func floatAttribute(name string, v float32) attribute {
	var m message
	m.text(attributeName, name)
	m.float(attributeF, v)
	m.varint(attributeType, attributeFloat)
	return attribute(m)
}

func intAttribute(name string, v int) attribute {
	var m message
	m.text(attributeName, name)
	m.varint(attributeI, uint64(v))
	m.varint(attributeType, attributeInt)
	return attribute(m)
}

func intsAttribute(name string, vs ...int) attribute {
	var m message
	m.text(attributeName, name)
	for _, v := range vs {
		m.varint(attributeInts, uint64(v))
	}
	m.varint(attributeType, attributeIntList)
	return attribute(m)
}

// dim is one axis of a declared input or output: a size, or a name for a size
// that the caller chooses.
type dim struct {
	size int
	name string
}

func valueInfo(name string, elem elemType, shape ...dim) message {
	var dims message
	for _, d := range shape {
		var m message
		if d.name != "" {
			m.text(dimensionParam, d.name)
		} else {
			m.varint(dimensionValue, uint64(d.size))
		}
		dims.bytes(shapeDim, m)
	}
	var tensor, typ, info message
	tensor.varint(tensorElemType, uint64(elem))
	tensor.bytes(tensorShape, dims)
	typ.bytes(typeTensor, tensor)
	info.text(valueInfoName, name)
	info.bytes(valueInfoType, typ)
	return info
}

// field is one field of a message that is read.
type field struct {
	number protowire.Number
	bytes  []byte // of a length-delimited field
	varint uint64
	fixed  []byte // the four bytes of a 32-bit field
}

// eachField calls f for the fields of a message, until it returns an error.
func eachField(data []byte, f func(field) error) error {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		value := field{number: number}
		switch kind {
		case protowire.BytesType:
			value.bytes, n = protowire.ConsumeBytes(data)
		case protowire.VarintType:
			value.varint, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			if _, n = protowire.ConsumeFixed32(data); n > 0 {
				value.fixed = data[:n]
			}
		default:
			n = protowire.ConsumeFieldValue(number, kind, data)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		if err := f(value); err != nil {
			return err
		}
	}
	return nil
}
