package tokenizer

import (
	"cmp"
	"errors"
	"math/bits"
	"slices"
	"strings"
)

// trie maps strings to ids and finds the longest of them that a text begins
// with, a byte a step. It is a double array (Aoe 1989), in the form of
// darts-clone: the child of a node for byte b lies at the node's base xor b,
// and is its child only if it carries the label b.
//
// A trie may have several roots: WordPiece looks up the pieces that begin a
// word and those that continue one.
type trie struct {
	units []unit
	ids   []int32 // beside units: the id of the string that ends there
}

// unit is one node: its label in the low 8 bits, then whether a string ends
// there, then the base of its children.
type unit uint32

const (
	unitEnds     unit = 1 << 8
	unitBaseBits      = 9
	maxUnits          = 1 << (32 - unitBaseBits)

	// freeUnit carries a label that UTF-8 never contains.
	freeUnit unit = 0xFF
	// leafBase is the base of nodes without children; no other node has it.
	leafBase = 0
)

func (u unit) label() byte  { return byte(u) }
func (u unit) ends() bool   { return u&unitEnds != 0 }
func (u unit) base() uint32 { return uint32(u) >> unitBaseBits }

// exactly returns the id of the string key.
func (t *trie) exactly(root unit, key string) (int32, bool) {
	id, length := t.longest(root, key)
	return id, length == len(key) && length > 0
}

// longest returns the id of the longest string that text begins with, and its
// length; 0, 0 if there is none.
func (t *trie) longest(root unit, text string) (id int32, length int) {
	node, last := root, uint32(0)
	for i := range len(text) {
		at := node.base() ^ uint32(text[i])
		node = t.units[at]
		if node.label() != text[i] {
			break
		}
		if node.ends() {
			last, length = at, i+1
		}
	}
	if length > 0 {
		id = t.ids[last]
	}
	return id, length
}

// trieBuilder adds roots to a trie.
type trieBuilder struct {
	trie
	blocks []trieBlock
	open   int // the first block that may have room for a label
}

// trieBlock says which of 256 units are free, and which of 256 bases are: two
// nodes of one base would have the same children.
type trieBlock struct{ freeUnits, freeBases bitSet }

type bitSet [blockSize / 64]uint64

const (
	blockSize = 256
	// searchedBlocks bounds the search for free units to the newest blocks,
	// as darts-clone does; the array stays about 90 % full.
	searchedBlocks = 16
)

type trieKey struct {
	text string
	id   int32
}

var errTooManyPieces = errors.New("the vocabulary is too large")

// add adds a set of strings under a root of their own. Of equal strings the
// one with the highest id counts, as the last one of a dict does. Empty ones
// are never found.
func (b *trieBuilder) add(keys []trieKey) (root unit, err error) {
	if len(b.blocks) == 0 {
		b.grow() // where even the children of a root without any are looked for
	}
	slices.SortFunc(keys, func(x, y trieKey) int {
		if c := strings.Compare(x.text, y.text); c != 0 {
			return c
		}
		return cmp.Compare(y.id, x.id)
	})
	keys = slices.CompactFunc(keys, func(x, y trieKey) bool { return x.text == y.text })
	if len(keys) > 0 && keys[0].text == "" {
		keys = keys[1:]
	}
	base, err := b.place(keys, 0)
	return unit(base) << unitBaseBits, err
}

// place stores what follows the first depth bytes, which the keys share, and
// returns the base of those children.
func (b *trieBuilder) place(keys []trieKey, depth int) (base uint32, err error) {
	if len(keys) == 0 {
		return leafBase, nil
	}
	var labels []byte
	for _, key := range keys {
		if label := key.text[depth]; len(labels) == 0 || labels[len(labels)-1] != label {
			labels = append(labels, label)
		}
	}
	base, err = b.reserve(labels)
	if err != nil {
		return 0, err
	}
	for _, label := range labels {
		n, at := 0, base^uint32(label)
		for n < len(keys) && keys[n].text[depth] == label {
			n++
		}
		children := keys[:n]
		keys = keys[n:]
		u := unit(label)
		if len(children[0].text) == depth+1 {
			u |= unitEnds
			b.ids[at] = children[0].id
			children = children[1:]
		}
		childBase, err := b.place(children, depth+1)
		if err != nil {
			return 0, err
		}
		b.units[at] = u | unit(childBase)<<unitBaseBits
	}
	return base, nil
}

// reserve finds a base whose units for all the labels are free, and takes them.
func (b *trieBuilder) reserve(labels []byte) (base uint32, err error) {
	for i := max(b.open, len(b.blocks)-searchedBlocks); ; i++ {
		if i == len(b.blocks) {
			if len(b.units)+blockSize > maxUnits {
				return 0, errTooManyPieces
			}
			b.grow()
		}
		if low, ok := b.blocks[i].fit(labels); ok {
			b.blocks[i].take(low, labels)
			return uint32(i*blockSize) + uint32(low), nil
		}
		if len(labels) == 1 {
			b.open = i + 1
		}
	}
}

func (b *trieBuilder) grow() {
	var block trieBlock
	for i := range block.freeUnits {
		block.freeUnits[i], block.freeBases[i] = ^uint64(0), ^uint64(0)
	}
	if len(b.blocks) == 0 {
		block.freeBases[0] &^= 1 << leafBase
	}
	b.blocks = append(b.blocks, block)
	for range blockSize {
		b.units = append(b.units, freeUnit)
	}
	b.ids = append(b.ids, make([]int32, blockSize)...)
}

// fit finds a base in the block whose units for all the labels are free.
func (b *trieBlock) fit(labels []byte) (base byte, ok bool) {
	bases := b.freeBases
	for _, label := range labels {
		// Base k must be free, and unit k xor label.
		left := uint64(0)
		for i := range bases {
			if bases[i] != 0 {
				bases[i] &= permuteXor(b.freeUnits[i^int(label/64)], label%64)
				left |= bases[i]
			}
		}
		if left == 0 {
			return 0, false
		}
	}
	for i, word := range bases {
		if word != 0 {
			return byte(i*64 + bits.TrailingZeros64(word)), true
		}
	}
	return 0, false
}

func (b *trieBlock) take(base byte, labels []byte) {
	b.freeBases.clear(base)
	for _, label := range labels {
		b.freeUnits.clear(base ^ label)
	}
}

func (s *bitSet) clear(i byte) { s[i/64] &^= 1 << (i % 64) }

// permuteXor moves each bit i of x to i xor k.
func permuteXor(x uint64, k byte) uint64 {
	if x == 0 {
		return 0
	}
	for bit, low := range [...]uint64{
		0x5555555555555555, 0x3333333333333333, 0x0F0F0F0F0F0F0F0F, 0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF, 0x00000000FFFFFFFF,
	} {
		if k>>bit&1 != 0 {
			x = x&low<<(1<<bit) | x>>(1<<bit)&low
		}
	}
	return x
}
