package training

// sampler goes through labelled sets epoch after epoch: each epoch takes every
// row as often as its set's share says and shuffles them all. It follows from
// the seed and a position.
type sampler struct {
	sets  []*Set
	seed  uint64
	at    SamplerPosition
	order []rowOf // of the epoch
	drawn bool
}

// SamplerPosition is a place in the epochs.
type SamplerPosition struct {
	Epoch int `json:"epoch"`
	Index int `json:"index"` // rows of the epoch already taken
}

type rowOf struct{ set, example int32 }

func newSampler(sets []*Set, seed uint64) *sampler { return &sampler{sets: sets, seed: seed} }

// epochLen is about how many rows an epoch has: it may differ by one a set from
// epoch to epoch.
func (s *sampler) epochLen() float64 {
	n := 0.0
	for _, set := range s.sets {
		n += set.Share * float64(len(set.Examples))
	}
	return n
}

func (s *sampler) seek(to SamplerPosition) { s.at, s.drawn = to, false }

// next returns the next row.
func (s *sampler) next() (*Set, *TaskExample) {
	s.draw()
	for s.at.Index >= len(s.order) {
		s.seek(SamplerPosition{Epoch: s.at.Epoch + 1})
		s.draw()
	}
	row := s.order[s.at.Index]
	s.at.Index++
	set := s.sets[row.set]
	return set, &set.Examples[row.example]
}

// draw chooses the rows of the epoch. A set with share 2.5 has all its rows
// twice and a random half of them a third time.
func (s *sampler) draw() {
	if s.drawn {
		return
	}
	s.drawn = true
	s.order = s.order[:0]
	rng := NewRand(s.seed, uint64(s.at.Epoch))
	for i, set := range s.sets {
		n := len(set.Examples)
		for range int(set.Share) {
			for k := range n {
				s.order = append(s.order, rowOf{int32(i), int32(k)})
			}
		}
		// The fraction is rounded by chance, so that a tiny share of a tiny set
		// is not lost for good.
		rest := (set.Share - float64(int(set.Share))) * float64(n)
		count := int(rest)
		if rng.Float64() < rest-float64(count) {
			count++
		}
		for _, k := range rng.Perm(n)[:count] {
			s.order = append(s.order, rowOf{int32(i), int32(k)})
		}
	}
	rng.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
}
