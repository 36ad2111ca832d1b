package evaluation

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"cloze/internal/tasks"
)

// Card is the figures that a model's makers measured, in per cent: what
// evaluation expects. models/README.md shows them.
type Card struct {
	MLM float64 `json:"mlm"`
	NSP float64 `json:"nsp"`
	// HeldOut names sets of documents that the model has not seen.
	HeldOut []string  `json:"held_out"`
	Sets    []CardSet `json:"sets"`
}

// CardSet is the figure of one set: entity F1 for ner, accuracy for the others.
type CardSet struct {
	Task   string  `json:"task"`
	Set    string  `json:"set"`
	Figure float64 `json:"figure"`
	// Unseen says that no row of the set was trained on.
	Unseen bool `json:"unseen"`
	// Map gives the model's labels for the set's, as training.SetConfig.Map does.
	Map map[string]*string `json:"map"`
}

//go:embed cards.json
var cardsJSON []byte

// Cards are the cards of the embedded models, by their ids.
func Cards() (map[string]Card, error) {
	var cards map[string]Card
	if err := json.Unmarshal(cardsJSON, &cards); err != nil {
		return nil, fmt.Errorf("cards.json: %w", err)
	}
	return cards, nil
}

// place is where the card has a set; behind all of them if it does not.
func (c Card) place(s LabelledSet) int {
	i := slices.IndexFunc(c.Sets, func(d CardSet) bool { return d.Task == s.Task && d.Set == s.Name })
	if i < 0 {
		return len(c.Sets)
	}
	return i
}

// set is what the card says of a set, nil if that is nothing.
func (c Card) set(s LabelledSet) *CardSet {
	if i := c.place(s); i < len(c.Sets) {
		return &c.Sets[i]
	}
	return nil
}

// sort puts sets in the order of the card, those that it has not behind them.
func (c Card) sort(sets []LabelledSet) {
	slices.SortStableFunc(sets, func(a, b LabelledSet) int { return cmp.Compare(c.place(a), c.place(b)) })
}

// CardRows is how many rows of a set the card measured at most; which ones of
// larger sets is not known. Figures may differ by half a point, by 1.5 where
// the rows do.
const (
	CardRows         = 2000
	tolerance        = 0.5
	sampledTolerance = 1.5
)

// toleranceOf is how far a figure on some rows of a set may be from the card's;
// 0, any distance, if they are fewer than the card's.
func toleranceOf(rows, of int) float64 {
	switch {
	case rows < min(of, CardRows):
		return 0
	case of > CardRows:
		return sampledTolerance
	default:
		return tolerance
	}
}

// The longest texts of the card's figures, in pieces without [CLS] and [SEP];
// an aspect comes on top of that.
var cardPieces = map[string]int{tasks.SentimentHead: 126, tasks.AspectHead: 80, tasks.TopicHead: 64, tasks.NERHead: 126}
