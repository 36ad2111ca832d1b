// Command neon generates the assembly for arm64 and its Go declarations. avo
// knows only amd64, so this program prints them itself. What the functions
// compute is described in their Go twins, and how in the generators for amd64
// beside this one.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"
)

// files are what is generated: NAME_neon_arm64.s and .go.
var files = []struct {
	name string
	emit func(g *file)
}{
	{"product", product},
	{"int8", int8Products},
	{"bfloat16", bfloat16Products},
	{"activation", activations},
	{"softmax", softmax},
	{"layernorm", layerNorm},
	{"pack", pack},
	{"stored", stored},
	{"processor", peaks},
}

func main() {
	log.SetFlags(0)
	dir := flag.String("dir", "", "directory to write to")
	flag.Parse()
	for _, f := range files {
		g := newFile()
		f.emit(g)
		base := filepath.Join(*dir, f.name+"_neon_arm64")
		for name, text := range map[string][]byte{base + ".s": g.assembly(), base + ".go": g.declarations()} {
			if err := os.WriteFile(name, text, 0o644); err != nil {
				log.Fatal(err)
			}
		}
	}
}
