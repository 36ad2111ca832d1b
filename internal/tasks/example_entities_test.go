package tasks

import (
	"context"
	"fmt"
)

// Start and end count code points, and the text between them is the entity's.
func ExampleNER_Recognize() {
	ner := NER{exampleEngine()}
	results, err := ner.Recognize(context.Background(), []Text{
		{Text: "Ada Lovelace met Charles Babbage in London on 5 June 1833."},
		{Text: "鲁迅于1881年9月25日出生在浙江绍兴。"},
	}, NEROptions{})
	if err != nil {
		panic(err)
	}
	for _, r := range results {
		for _, e := range r.Entities {
			fmt.Printf("%s: %s %q %d-%d\n", r.Model, e.Type, e.Text, e.Start, e.End)
		}
	}
	// Output:
	// en: PER "Ada Lovelace" 0-12
	// en: PER "Charles Babbage" 17-32
	// en: LOC "London" 36-42
	// en: DATE "5 June 1833" 46-57
	// zh: PER "鲁迅" 0-2
	// zh: DATE "1881年9月25日" 3-13
	// zh: LOC "浙江绍兴" 16-20
}

// A text by its sentences, and what it says about two aspects.
func ExampleSentiment_Analyze() {
	sentiment := Sentiment{exampleEngine()}
	results, err := sentiment.Analyze(context.Background(),
		[]Text{{Text: "The battery life is terrible. I love the screen!"}},
		SentimentOptions{Level: Sentences, Aspects: []string{"battery life", "screen"}})
	if err != nil {
		panic(err)
	}
	for _, s := range results[0].Sentences {
		fmt.Printf("%s %q\n", s.Label, s.Text)
	}
	for _, a := range results[0].Aspects {
		fmt.Printf("%s: %s at %v\n", a.Aspect, a.Label, a.Mentions)
	}
	// Output:
	// negative "The battery life is terrible."
	// positive "I love the screen!"
	// battery life: negative at [{4 16}]
	// screen: positive at [{41 47}]
}

// Names such as Dr. and U.S. do not end a sentence.
func ExampleSplitSentences() {
	text := "Dr. Smith moved to the U.S. He liked it! “真的吗？”他问。"
	for _, s := range SplitSentences(text) {
		fmt.Println(text[s.Start:s.End])
	}
	// Output:
	// Dr. Smith moved to the U.S.
	// He liked it!
	// “真的吗？”
	// 他问。
}
