package training

// Entity is a typed span of words.
type Entity struct {
	Type       string
	Start, End int // words Start … End-1
}

// Entities reads the entities off a sentence's tags as seqeval's get_entities
// does in its default mode, which is conlleval's: lenient towards tags that no
// scheme would write. An I after O begins an entity, and so does an I of
// another type than the tag before it. The prefixes are B, I, O, E and S; tags
// without a type are of type "_".
func Entities(tags []string) []Entity {
	var entities []Entity
	previous, previousType := byte('O'), ""
	start := 0
	for i := 0; i <= len(tags); i++ {
		tag := "O"
		if i < len(tags) {
			tag = tags[i]
		}
		prefix, kind := splitTag(tag)
		if entityEnds(previous, prefix, previousType, kind) {
			entities = append(entities, Entity{Type: previousType, Start: start, End: i})
		}
		if entityStarts(previous, prefix, previousType, kind) {
			start = i
		}
		previous, previousType = prefix, kind
	}
	return entities
}

// splitTag splits "B-PER" into 'B' and "PER".
func splitTag(tag string) (prefix byte, kind string) {
	if tag == "" {
		return 'O', "_"
	}
	switch rest := tag[1:]; {
	case rest == "" || rest == "-":
		return tag[0], "_"
	case rest[0] == '-':
		return tag[0], rest[1:]
	default:
		return tag[0], rest
	}
}

func entityEnds(previous, prefix byte, previousType, kind string) bool {
	switch previous {
	case 'O':
		return false
	case 'E', 'S':
		return true
	case 'B', 'I':
		if prefix == 'B' || prefix == 'S' || prefix == 'O' {
			return true
		}
	}
	return previousType != kind
}

func entityStarts(previous, prefix byte, previousType, kind string) bool {
	switch prefix {
	case 'O':
		return false
	case 'B', 'S':
		return true
	case 'E', 'I':
		if previous == 'E' || previous == 'S' || previous == 'O' {
			return true
		}
	}
	return previousType != kind
}

// EntityCounts counts entities as seqeval does: one is right if its type and
// both its ends are.
type EntityCounts struct {
	only   map[string]bool
	byType map[string]*Counts
}

// NewEntityCounts returns empty counts. If types are given, entities of other
// types are overlooked on both sides: for a set that does not label them.
func NewEntityCounts(types ...string) *EntityCounts {
	c := &EntityCounts{byType: map[string]*Counts{}}
	if len(types) > 0 {
		c.only = map[string]bool{}
		for _, t := range types {
			c.only[t] = true
		}
	}
	return c
}

// AddTags counts one sentence, given as tags.
func (c *EntityCounts) AddTags(want, got []string) { c.Add(Entities(want), Entities(got)) }

// Add counts one sentence. Neither side may hold an entity twice.
func (c *EntityCounts) Add(want, got []Entity) {
	open := map[Entity]bool{}
	for _, entity := range want {
		if c.counted(entity.Type) {
			open[entity] = true
		}
	}
	count := func(entity Entity, one Counts) {
		if c.byType[entity.Type] == nil {
			c.byType[entity.Type] = &Counts{}
		}
		c.byType[entity.Type].Add(one)
	}
	for _, entity := range got {
		switch {
		case open[entity]:
			delete(open, entity)
			count(entity, Counts{TruePositives: 1})
		case c.counted(entity.Type):
			count(entity, Counts{FalsePositives: 1})
		}
	}
	for entity := range open {
		count(entity, Counts{FalseNegatives: 1})
	}
}

func (c *EntityCounts) counted(kind string) bool { return c.only == nil || c.only[kind] }

// Types lists the types seen so far, in order.
func (c *EntityCounts) Types() []string { return sortedKeys(c.byType) }

// Type returns the counts of one type.
func (c *EntityCounts) Type(kind string) Counts {
	if counts := c.byType[kind]; counts != nil {
		return *counts
	}
	return Counts{}
}

// Micro returns the counts of all types together; its F1 is the figure that
// the field reports.
func (c *EntityCounts) Micro() Counts {
	var all Counts
	for _, counts := range c.byType {
		all.Add(*counts)
	}
	return all
}

// MacroPrecision is the mean precision over the types seen.
func (c *EntityCounts) MacroPrecision() float64 { return macro(c.classes(), Counts.Precision) }

// MacroRecall is the mean recall over the types seen.
func (c *EntityCounts) MacroRecall() float64 { return macro(c.classes(), Counts.Recall) }

// MacroF1 is the mean F1 over the types seen.
func (c *EntityCounts) MacroF1() float64 { return macro(c.classes(), Counts.F1) }

func (c *EntityCounts) classes() []Counts {
	var classes []Counts
	for _, kind := range c.Types() {
		classes = append(classes, c.Type(kind))
	}
	return classes
}
