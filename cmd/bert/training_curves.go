package main

import (
	"errors"
	"image/color"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"cloze/internal/training"
	"cloze/internal/wholefile"
)

// The drawings of a run: the same picture in two formats.
const (
	curvesSVG = "curves.svg"
	curvesPNG = "curves.png"
)

// curves are the series of a drawing by name.
type curves map[string]plotter.XYs

func (c curves) add(name string, step int, value float64) {
	c[name] = append(c[name], plotter.XY{X: float64(step), Y: value})
}

// seriesOf reads the curves off the reports: losses, and scores between 0
// and 1.
func seriesOf(reports []training.Report) (losses, scores curves) {
	losses, scores = curves{}, curves{}
	ambiguous := ambiguousSets(reports)
	for _, r := range reports {
		for name, loss := range r.Losses {
			losses.add(name, r.Step, loss)
		}
		if r.Evaluation == nil {
			continue
		}
		if text := r.Evaluation.Text; text != nil {
			losses.add("mlm, held out", r.Step, text.MLMLoss)
			scores.add("mlm accuracy", r.Step, text.MLMAccuracy)
			if text.Pairs > 0 {
				losses.add("nsp, held out", r.Step, text.NextLoss)
				scores.add("nsp accuracy", r.Step, text.NextAccuracy)
			}
		}
		for _, set := range r.Evaluation.Sets {
			name := set.Set
			if ambiguous[name] {
				name = set.Head + "/" + name
			}
			scores.add(name+" "+set.Main, r.Step, set.Value)
		}
	}
	return losses, scores
}

// ambiguousSets are the names that sets of several heads have.
func ambiguousSets(reports []training.Report) map[string]bool {
	heads, ambiguous := map[string]string{}, map[string]bool{}
	for _, r := range reports {
		if r.Evaluation == nil {
			continue
		}
		for _, set := range r.Evaluation.Sets {
			if other, met := heads[set.Set]; met && other != set.Head {
				ambiguous[set.Set] = true
			}
			heads[set.Set] = set.Head
		}
	}
	return ambiguous
}

// drawCurves writes curves.svg and curves.png; false if there is nothing to
// draw yet.
func drawCurves(dir string, reports []training.Report) (bool, error) {
	losses, scores := seriesOf(reports)
	var panels []panel
	for _, of := range []struct {
		title string
		curves
	}{{"loss", losses}, {"dev score", scores}} {
		if len(of.curves) == 0 {
			continue
		}
		p, err := newPanel(of.title, of.curves)
		if err != nil {
			return false, err
		}
		panels = append(panels, p)
	}
	if len(panels) == 0 {
		return false, nil
	}
	const width, height = 9 * vg.Inch, 4 * vg.Inch
	svg := vgsvg.New(width, height*vg.Length(len(panels)))
	drawPanels(panels, svg)
	png := vgimg.NewWith(vgimg.UseWH(width, height*vg.Length(len(panels))), vgimg.UseDPI(150))
	drawPanels(panels, png)
	return true, errors.Join(
		writePicture(filepath.Join(dir, curvesSVG), svg),
		writePicture(filepath.Join(dir, curvesPNG), vgimg.PngCanvas{Canvas: png}),
	)
}

// panel is one plot with its legend, which stands beside it so as to hide no
// curve.
type panel struct {
	plot   *plot.Plot
	legend plot.Legend
}

func newPanel(title string, c curves) (panel, error) {
	p := panel{plot.New(), plot.NewLegend()}
	p.plot.X.Label.Text = "step"
	p.plot.Y.Label.Text = title
	p.plot.Add(plotter.NewGrid())
	p.legend.Top, p.legend.Left, p.legend.YPosition = true, true, draw.PosCenter
	p.legend.TextStyle.Font.Size = vg.Points(9)
	for i, name := range slices.Sorted(maps.Keys(c)) {
		line, err := plotter.NewLine(c[name])
		if err != nil {
			return panel{}, err
		}
		line.Color = lineColors[i%len(lineColors)]
		line.Width = vg.Points(1.2)
		if i >= len(lineColors) {
			line.Dashes = []vg.Length{vg.Points(4), vg.Points(2)}
		}
		p.plot.Add(line)
		p.legend.Add(name, line)
	}
	if y := &p.plot.Y; y.Min == y.Max {
		// A constant has no range of its own, and gonum's is one that no score
		// can have.
		y.Min, y.Max = min(0, y.Min), max(1, y.Max)
	}
	return p, nil
}

// lineColors are Okabe and Ito's (2008), which people with any colour vision
// can tell apart.
var lineColors = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff},
	color.RGBA{0xd5, 0x5e, 0x00, 0xff},
	color.RGBA{0x00, 0x9e, 0x73, 0xff},
	color.RGBA{0xcc, 0x79, 0xa7, 0xff},
	color.RGBA{0xe6, 0x9f, 0x00, 0xff},
	color.RGBA{0x56, 0xb4, 0xe9, 0xff},
	color.RGBA{0x00, 0x00, 0x00, 0xff},
}

// drawPanels draws the panels one below the other.
func drawPanels(panels []panel, canvas vg.CanvasSizer) {
	const legendWidth = 2.2 * vg.Inch
	tiles := draw.Tiles{Rows: len(panels), Cols: 1, PadTop: vg.Points(8), PadBottom: vg.Points(6), PadLeft: vg.Points(6), PadRight: vg.Points(6), PadY: vg.Points(12)}
	for i, p := range panels {
		tile := tiles.At(draw.New(canvas), 0, i)
		p.plot.Draw(draw.Crop(tile, 0, -legendWidth, 0, 0))
		width := tile.Max.X - tile.Min.X
		p.legend.Draw(draw.Crop(tile, width-legendWidth+vg.Points(8), 0, 0, 0))
	}
}

func writePicture(path string, picture io.WriterTo) error {
	return wholefile.Write(path, func(w io.Writer) error { _, err := picture.WriteTo(w); return err })
}
