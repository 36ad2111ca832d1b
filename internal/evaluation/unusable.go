package evaluation

import "cloze/internal/training"

// Unusable says which lines of the data could not be read.
type Unusable struct {
	Count int      `json:"count"`
	First []string `json:"first"`
}

// newUnusable is nil if all lines could be.
func newUnusable(p *training.Problems) *Unusable {
	if p.Total() == 0 {
		return nil
	}
	u := &Unusable{Count: p.Total()}
	for _, problem := range p.First() {
		u.First = append(u.First, problem.String())
	}
	return u
}
