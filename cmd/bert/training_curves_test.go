package main

import "testing"

// The axis of a score that never moves is that of a score.
func TestAxisOfAConstant(t *testing.T) {
	for _, test := range []struct{ value, min, max float64 }{{0.4, 0, 1}, {1, 0, 1}, {0, 0, 1}, {-0.25, -0.25, 1}, {7, 0, 7}} {
		c := curves{}
		c.add("constant", 10, test.value)
		c.add("constant", 20, test.value)
		p, err := newPanel("dev score", c)
		if err != nil {
			t.Fatal(err)
		}
		if p.plot.Y.Min != test.min || p.plot.Y.Max != test.max {
			t.Errorf("a constant %v is drawn between %v and %v, want %v and %v", test.value, p.plot.Y.Min, p.plot.Y.Max, test.min, test.max)
		}
	}
	c := curves{}
	c.add("rising", 10, 0.25)
	c.add("rising", 20, 0.5)
	p, err := newPanel("dev score", c)
	if err != nil {
		t.Fatal(err)
	}
	if p.plot.Y.Min != 0.25 || p.plot.Y.Max != 0.5 {
		t.Errorf("a curve between 0.25 and 0.5 is drawn between %v and %v", p.plot.Y.Min, p.plot.Y.Max)
	}
}
