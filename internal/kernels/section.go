package kernels

// section is some inputs of a panel, or of the two that a tile takes: what a product
// adds up at a time.
type section struct {
	panel      int
	panels     int // 1, or 2 with the next
	first, end int // inputs
}

// sectionInputs is the most inputs of a section where panels are cut: 96 KB of
// float32 in each panel. This section and the next one must fit into a small
// second-level cache beside the rows. In 512 KB of a Zen 3, 16 rows of 3,072 inputs
// took 1.23 times as long without cuts, 64 rows 1.11 times, and 1,024 rows hardly
// longer. In 1.25 MB of an Ice Lake, half of which another virtual machine may use, it
// was 1.3, 1.2 and 1.1 times with one panel a tile; with two, half or twice as many
// inputs gave the same. (maxDepth cuts the sums of training for the same reason.)
const sectionInputs = 768

// cuts is how many sections a panel is cut into.
func (t *product) cuts() int {
	floats := t.int8 == nil && t.bfloat16 == nil && t.float16 == nil
	if !floats || !cutsPanels() || t.residualLast() {
		return 1
	}
	return max(1, (t.in+sectionInputs-1)/sectionInputs)
}

// section is section i of a panel.
func (t *product) section(panel, i, cuts int) section {
	panels := t.panelsAtOnce()
	if (panel+panels)*panelColumns > t.out {
		// Beside a part of a panel, a whole one would be computed aside, and so not
		// in sections: its sums would depend on how many panels a tile takes.
		panels = 1
	}
	first, end := evenly(t.in, cuts).part(i)
	return section{panel, panels, first, end}
}

// whole is a panel with all of its inputs.
func (t *product) whole(panel int) section { return t.section(panel, 0, 1) }

func (s section) depth() int { return s.end - s.first }

// at is where the section begins among panels of some size. (Only those of float32 are
// cut, in which an input has as many values as a panel has columns.)
func (s section) at(size int) int { return s.panel*size + s.first*panelColumns }
