// Package onnx writes a BERT model as an ONNX graph, for any ONNX runtime, and
// reads the encoder of a graph that PyTorch exported or that it wrote itself.
//
// The graph that is written keeps the shape that PyTorch's exporter gives BERT
// (separate query, key and value products, reshape and transpose around the
// heads, the mask as a large negative addend, GELU spelled out with Erf): graph
// optimizers recognise exactly that pattern and fuse it.
//
// Of a graph come back the encoder, the pooler if there is one, and what of the
// configuration a graph tells: the sizes, the activation (by what it computes,
// so gelu_pytorch_tanh comes back as gelu_new) and LayerNorm's epsilon, to the
// digits that a float32 keeps. Heads do not come back, nor what only training
// needs, such as dropout, nor the tokenizer.
//
//	write.go   BERT, part by part  (graph.go: a graph under construction)
//	read.go    a graph's initializers by the names of BERT's tensors
//	tensor.go  one of them
//	message.go the protocol buffers that both are made of
package onnx
