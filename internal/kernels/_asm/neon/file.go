package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"log"
	"math"
	"strings"
)

// R is a general register, V one of vectors.
type (
	R int
	V int
)

func (r R) String() string { return fmt.Sprintf("R%d", int(r)) }

// S4 to B16 are the register's lanes in Go's notation, F is its lowest lane.
func (v V) S4() string  { return fmt.Sprintf("V%d.S4", int(v)) }
func (v V) H8() string  { return fmt.Sprintf("V%d.H8", int(v)) }
func (v V) D2() string  { return fmt.Sprintf("V%d.D2", int(v)) }
func (v V) B16() string { return fmt.Sprintf("V%d.B16", int(v)) }
func (v V) F() string   { return fmt.Sprintf("F%d", int(v)) }

// lane is lane i of 32 bits.
func (v V) lane(i int) string { return fmt.Sprintf("V%d.S[%d]", int(v), i) }

// file is one assembly file and its declarations in the making.
type file struct {
	code, stubs bytes.Buffer
	labels      int
	constants   []uint32 // the table at constants<>
	masks       bool     // whether the table at lanes<> is used

	// Of the function in the making:
	parameters map[string]parameter
	generals   int    // registers taken
	table      R      // address of constants<>
	taken      uint32 // registers of vectors
}

// parameter is where an argument is and how wide.
type parameter struct{ offset, size int }

func newFile() *file { return &file{} }

func (g *file) op(format string, args ...any) { fmt.Fprintf(&g.code, "\t"+format+"\n", args...) }

// label makes a name that is not used elsewhere in the file.
func (g *file) label(name string) string {
	g.labels++
	return fmt.Sprintf("%s%d", name, g.labels)
}

// place puts a label here.
func (g *file) place(label string) { fmt.Fprintf(&g.code, "%s:\n", label) }

// function emits a function whose parameters and result are of 8 bytes or
// float32.
func (g *file) function(name, signature, doc string, body func()) {
	fmt.Fprintf(&g.stubs, "\n// %s %s\n//\n//go:noescape\n%s\n", name, doc, strings.Replace(signature, "func", "func "+name, 1))
	size := g.layOut(signature)
	fmt.Fprintf(&g.code, "\n// %s\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", strings.Replace(signature, "func", "func "+name, 1), name, size)
	g.generals, g.taken, g.table = 0, 0, -1
	body()
	g.op("RET")
	if g.taken != 0 {
		log.Fatalf("%s: registers %#x were not given back", name, g.taken)
	}
}

// layOut finds where the arguments are, and how much room they take.
func (g *file) layOut(signature string) (size int) {
	expression, err := parser.ParseExpr(signature)
	if err != nil {
		log.Fatalf("%s: %v", signature, err)
	}
	g.parameters = map[string]parameter{}
	for _, field := range expression.(*ast.FuncType).Params.List {
		width := 8
		if id, ok := field.Type.(*ast.Ident); ok && id.Name == "float32" {
			width = 4
		}
		for _, name := range field.Names {
			size = (size + width - 1) / width * width
			g.parameters[name.Name] = parameter{size, width}
			size += width
		}
	}
	return size
}

// argument is an argument as an operand.
func (g *file) argument(name string) string {
	p, ok := g.parameters[name]
	if !ok {
		log.Fatalf("no parameter %s", name)
	}
	return fmt.Sprintf("%s+%d(FP)", name, p.offset)
}

// general takes a register; they are given back when the function ends.
func (g *file) general() R {
	const most = 18 // the platform's, and those after it are Go's or saved
	if g.generals == most {
		log.Fatal("out of registers")
	}
	g.generals++
	return R(g.generals - 1)
}

// load takes a register for an argument.
func (g *file) load(name string) R {
	r := g.general()
	g.op("MOVD %s, %s", g.argument(name), r)
	return r
}

// stride takes a register for an argument that is a number of elements of
// 1<<shift bytes, in bytes.
func (g *file) stride(name string, shift int) R {
	r := g.load(name)
	if shift > 0 {
		g.op("LSL $%d, %s, %s", shift, r, r)
	}
	return r
}

// take takes n registers of vectors.
func (g *file) take(n int) group {
	var taken group
	for v := V(0); v < 32 && len(taken) < n; v++ {
		if g.taken>>v&1 == 0 {
			g.taken |= 1 << v
			taken = append(taken, v)
		}
	}
	if len(taken) < n {
		log.Fatal("out of registers of vectors")
	}
	return taken
}

// give gives registers back.
func (g *file) give(lists ...group) {
	for _, list := range lists {
		for _, v := range list {
			g.taken &^= 1 << v
		}
	}
}

// needTable loads the address of the constants.
func (g *file) needTable() {
	g.table = g.general()
	g.op("MOVD $constants<>(SB), %s", g.table)
}

// constant puts v in every lane of some vectors.
func (g *file) constant(v float64, to group) group {
	return g.bits(math.Float32bits(float32(v)), to)
}

// bits puts a word in every lane of some vectors, two at a time: the table has
// every constant twice four times.
func (g *file) bits(word uint32, to group) group {
	const bytes = 32
	at := -1
	for i, c := range g.constants {
		if c == word {
			at = i * bytes
		}
	}
	if at < 0 {
		at = len(g.constants) * bytes
		g.constants = append(g.constants, word)
	}
	for i := 0; i < len(to); i += 2 {
		if i+1 == len(to) {
			g.op("FMOVQ %d(%s), %s", at, g.table, to[i].F())
		} else {
			g.op("FLDPQ %d(%s), (%s, %s)", at, g.table, to[i].F(), to[i+1].F())
		}
	}
	return to
}

const header = "// Code generated by command: go run ./neon. DO NOT EDIT.\n\n//go:build !purego\n\n"

func (g *file) declarations() []byte {
	return append([]byte(header+"package kernels\n"), g.stubs.Bytes()...)
}

func (g *file) assembly() []byte {
	var b bytes.Buffer
	b.WriteString(header + "#include \"textflag.h\"\n")
	b.Write(g.code.Bytes())
	for i, c := range g.constants {
		if i == 0 {
			b.WriteString("\n")
		}
		for j := range 4 {
			fmt.Fprintf(&b, "DATA constants<>+%d(SB)/8, $0x%08x%08x\n", 32*i+8*j, c, c)
		}
	}
	if n := len(g.constants); n > 0 {
		fmt.Fprintf(&b, "GLOBL constants<>(SB), RODATA|NOPTR, $%d\n", 32*n)
	}
	if g.masks {
		b.WriteString("\n")
		for i := range 4 {
			fmt.Fprintf(&b, "DATA lanes<>+%d(SB)/8, $0x%016x\n", 8*i, [...]uint64{math.MaxUint64, 0}[i/2])
		}
		b.WriteString("GLOBL lanes<>(SB), RODATA|NOPTR, $32\n")
	}
	return b.Bytes()
}
