package tasks

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestSplitSentences(t *testing.T) {
	for _, c := range []struct {
		name string
		text string   // with | where it is to be cut
		want []string // if cutting at | is not enough
	}{
		// Stops.
		{"one", "He left.", nil},
		{"no stop", "no stop at all", nil},
		{"two", "He left.| She stayed.", nil},
		{"marks", "Really?| Yes!| Good.", nil},
		{"doubled marks", "What?!| No!!!| Oh.", nil},
		{"lower case writer", "i loved it.| it was great!| would buy again", nil},
		{"tokenised text", "a moving film .| see it !", nil},
		{"mark without space", "Great!Love it.| Is it?Yes.", []string{"Great!", "Love it.", "Is it?", "Yes."}},
		{"semicolon joins in English", "He came; he saw.| He left.", nil},
		{"figures begin a sentence", "It rained.| 30 people came.| 5 left.", nil},
		{"brand in lower case", "My phone broke.| iPhones do.", nil},

		// Full stops that end nothing.
		{"titles", "Mr. Smith met Dr. Jones and Prof. Lee.| Mrs. Hall left.", nil},
		{"title before lower case", "Mr. von Braun spoke.| He left.", nil},
		{"latin", "Fruit, e.g. apples, i.e. the red ones, cf. Fig. 3, vs. pears.| Eat them.", nil},
		{"et al", "Devlin et al. (2018) wrote it.| Vaswani et al. Did too.", []string{"Devlin et al. (2018) wrote it.", "Vaswani et al. Did too."}},
		{"country", "The U.S. Senate met.| He moved to the U.S. He liked it.", []string{"The U.S. Senate met.", "He moved to the U.S.", "He liked it."}},
		{"country before lower case", "He likes the U.S. and Canada.", nil},
		{"initials", "J. K. Rowling and J.R.R. Tolkien wrote.| George W. Bush did not.", nil},
		{"letter at the end", "They chose plan B. It worked.", []string{"They chose plan B.", "It worked."}},
		{"pronoun", "So do I. He knows.", []string{"So do I.", "He knows."}},
		{"decimals", "It costs 3.14 or $.99 or 1,000.50.| Cheap.", nil},
		{"versions", "Use v1.2.3 or Go 1.26.| It works.", nil},
		{"year at the end", "It was 1999.| He left.", nil},
		{"company", "Apple Inc. Chief Cook spoke.| He left Apple Inc. It was late.", []string{"Apple Inc. Chief Cook spoke.", "He left Apple Inc.", "It was late."}},
		{"junior", "Martin Luther King Jr. Day is in January.| Sammy Davis Jr. sang.", nil},
		{"months", "On Jan. 5 it rained.| On Feb. 6 it did not.", nil},
		{"times", "We met at 5 p.m. Monday.| He woke at 6 a.m. Then he ate.", []string{"We met at 5 p.m. Monday.", "He woke at 6 a.m.", "Then he ate."}},
		{"time before lower case", "At 5 p.m. we left.| At 6 p.m. EST they did.", nil},
		{"numbers", "See No. 5 and pp. 3 on vol. 2.| No. I won't.", []string{"See No. 5 and pp. 3 on vol. 2.", "No.", "I won't."}},
		{"etc in the middle", "Pens, ink, etc. are here.| Pens, ink, etc. They are here.", []string{"Pens, ink, etc. are here.", "Pens, ink, etc.", "They are here."}},
		{"degree", "She has a Ph.D. in physics.| He has a Ph.D. He knows.", []string{"She has a Ph.D. in physics.", "He has a Ph.D.", "He knows."}},
		{"saint", "St. Louis is big.| Turn into Main St. The shop is there.", []string{"St. Louis is big.", "Turn into Main St.", "The shop is there."}},
		{"list numbers", "1. Wash it.| 2. Dry it.", nil},
		{"list letters", "a. Wash it.\n|b. Dry it.", nil},
		{"section numbers", "2.3. Results\n|IV. Discussion", nil},
		{"approximately", "It took approx. five days.| Then est. costs rose.", nil},

		// Ellipses.
		{"ellipsis goes on", "Well... maybe not.| I think... no.", nil},
		{"ellipsis ends", "Well...| Maybe not.", nil},
		{"one character", "Wait… what?| He left…| She stayed.", nil},

		// Quotes and brackets after the stop.
		{"quotes", "\"He left.\"| \"She stayed.\"", nil},
		{"curly quotes", "“He left.”| ‘She stayed.’| Done.", nil},
		{"stop in a quote goes on", "\"Really?\" he asked.| \"I left.\" he said.", nil},
		{"stop in a quote ends", "He said \"I left.\"| Then he left.", nil},
		{"brackets", "(He left.)| [She stayed.]| Done.", nil},
		{"bracket goes on", "He left (finally! what a day) and slept.| Good.", nil},
		{"single quote", "He said 'go.'| She went.", nil},
		{"opening quote", "He left.| \"Why?\"| \"Who knows.\"", nil},
		{"comma after the quote", "\"Why?\", he asked.", nil},

		// Addresses.
		{"web address", "See https://example.com/a.html?q=What!Now and www.b.org.| Then go.", nil},
		{"bare address", "See example.com/path?A=1!B and go.| Done.", nil},
		{"address at the end", "See http://example.com.| Then go.", nil},
		{"mail", "Write to a.b@example.com.| Thanks!", nil},
		{"file", "Open main.go.| Run it.", nil},
		{"address in Chinese", "请看https://a.com/x?y=1。|谢谢。", nil},

		// Lines.
		{"lines", "First line\n|Second line\n|\n|Third", []string{"First line", "Second line", "Third"}},
		{"windows lines", "First line\r\n|Second line", nil},
		{"wrapped line", "This sentence goes on\nover the line.| Good.", nil},
		{"wrapped before a name", "This is a rather long line that was wrapped at column eighty by\nSmith himself.| Good.", nil},
		{"bullets", "- one\n|- two\n|* three", nil},
		{"paragraph separator", "one\u2029|two", nil},
		{"colon", "We need the following things before we can start with the work:\n|Flour", nil},

		// Chinese.
		{"chinese", "他走了。|我留下了！|为什么？|不知道；|算了。", nil},
		{"chinese ellipsis", "嗯……|我不知道。", nil},
		{"chinese quotes", "“他走了。”|她说。|「真的吗？」|对。", nil},
		{"chinese quote and comma", "“走吧！”，他说。|好。", nil},
		{"chinese straight quotes", "他说\"走吧。\"|我走了。|\"真的？\"|对。", nil},
		{"chinese brackets", "他走了（真的！）。|好。", nil},
		{"chinese doubled", "太好了！！！|真的？！|好。。。|行", nil},
		{"title marks", "他看了《你好！李焕英》。|好看。", nil},
		{"half width marks", "真的吗?我不信!|你呢", []string{"真的吗?", "我不信!", "你呢"}},
		{"half width stop", "他走了.我也走了.|好", []string{"他走了.", "我也走了.", "好"}},
		{"half width semicolon", "他来了;|我走了", nil},
		{"full width stop", "他走了．|我也走了．", nil},
		{"full width decimal", "价格３．１４元。|好", nil},
		{"half width ideographic stop", "ﾃｽﾄ｡|ﾃｽﾄ｡", nil},
		{"chinese decimal", "价格是3.5元,不贵。|好。", nil},
		{"chinese lines", "第一行\n|第二行\n|第三行", nil},
		{"chinese with spaces", "他走了。 |我留下了。\u3000|好。", nil},
		{"mixed", "I love 北京。|It is big!|真的。", nil},
		{"english in chinese", "我用U.S. English。|你呢？", nil},
		{"japanese", "これは猫です。|犬ですか？|はい。", nil},

		// What is no sentence.
		{"empty", "", []string{}},
		{"white space", " \n\t ", []string{}},
		{"only stops", "...", nil},
		{"emoji", "Great! 😀| I love it. 👍👍", nil},
		{"emoticons", "Great! :)| I love it. =D| Bad! :-(", nil},
		{"notes", "He died.[1] [2]| She did not. [13]| Done.", nil},
		{"born", "Ann (b. August 1950, c. 1951) left.| Good.", nil},
		{"leading dots", "... Then he left.", nil},
		{"emoji line", "Great!\n|😀\n|Good.", nil},
		{"rule between lines", "One\n|---\n|Two", nil},
		{"spaces around", "  He left.  |  She stayed.  ", nil},
		{"zero width space", "\ufeffHe left.\u200b| She stayed.", []string{"He left.", "She stayed."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.ReplaceAll(c.text, "|", "")
			want := c.want
			if want == nil {
				for part := range strings.SplitSeq(c.text, "|") {
					want = append(want, strings.TrimSpace(part))
				}
			}
			got := []string{}
			for _, s := range SplitSentences(text) {
				got = append(got, text[s.Start:s.End])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("SplitSentences(%q) (-want +got):\n%s", text, diff)
			}
		})
	}
}

// checkSentences holds for every text: sentences are in order and on rune
// borders, neither empty nor framed by white space, and nothing but white
// space is left out.
func checkSentences(t *testing.T, text string) {
	t.Helper()
	at := 0
	for i, s := range SplitSentences(text) {
		if s.Start < at || s.End <= s.Start || s.End > len(text) {
			t.Fatalf("sentence %d of %q is [%d, %d) after %d", i, text, s.Start, s.End, at)
		}
		if left := strings.TrimFunc(text[at:s.Start], isGap); left != "" {
			t.Fatalf("%q of %q is in no sentence", left, text)
		}
		if sentence := text[s.Start:s.End]; strings.TrimFunc(sentence, isGap) != sentence {
			t.Fatalf("sentence %q has white space around it", sentence)
		}
		if !utf8.RuneStart(text[s.Start]) || s.End < len(text) && !utf8.RuneStart(text[s.End]) {
			t.Fatalf("sentence [%d, %d) of %q is cut inside a character", s.Start, s.End, text)
		}
		at = s.End
	}
	if left := strings.TrimFunc(text[at:], isGap); left != "" {
		t.Fatalf("%q of %q is in no sentence", left, text)
	}
}

func FuzzSplitSentences(f *testing.F) {
	for _, text := range []string{
		"", " ", "He left. She stayed.", "“他走了。”她说……", "《!》 \"a.\" 'b.' http://a.b/c?D! x", "1. a\r\n2. b\u2029c", "U.S. p.m. etc. A. b", "《《《。", "\xff. \xff", "……\n……\n。",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if utf8.ValidString(text) {
			checkSentences(t, text)
		} else {
			SplitSentences(text) // must not panic; spans of broken text are not promised
		}
	})
}

func TestSplitSentencesTakesLinearTime(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds under the race detector")
	}
	for _, unit := range []string{"《a! ", "(a. ", "\"a. ", "... ", "a.a.", "http://a", "\n", "a ", "1.", "mr. "} {
		text := strings.Repeat(unit, 200_000)
		SplitSentences(text) // the test's time limit would notice a quadratic one
		checkSentences(t, text[:len(unit)*100])
	}
}

// Sentences are made of what Go calls white space and letters; this guards
// the assumption that gaps hold no letters.
func TestGapsHoldNoWords(t *testing.T) {
	for r := range rune(unicode.MaxRune) {
		if isGap(r) && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			t.Errorf("%U is a gap and part of words", r)
		}
	}
}
