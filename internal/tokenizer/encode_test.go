package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// texts draws texts that are hard to keep account of: characters that change
// their length, vanish or move, beside plain ones.
func texts() *rapid.Generator[string] {
	part := rapid.OneOf(
		rapid.SampledFrom([]string{
			" ", "  ", "\t", "\n", "the", "The", "unaffable", "running", "don't", "x", "X", ".", "!?", "中", "国", "中国", "𠀀",
			"é", "É", "e\u0301", "E\u0301\u0323", "İ", "ß", "Σ", "각", "が", "ﬁ", "≮", "\u0344", "\U0001d15e", "\u302e", "\u08d4", "\u0301",
			"😀", "👨‍👩‍👧", "\x00", "\u00ad", "\u200b", "\ufffd", "\u0085", "\u3000", "[MASK]", "[SEP]", "[mask]", "[", "##s",
			"\xff", "\xc3", "\xe4\xb8", "\xed\xa0\x80", "\xf0\x9f\x98",
		}),
		rapid.StringN(0, 8, -1),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 6), func(b []byte) string { return string(b) }),
		rapid.Map(rapid.IntRange(95, 105), func(n int) string { return strings.Repeat("a", n) }),
	)
	return rapid.Map(rapid.SliceOfN(part, 0, 12), func(parts []string) string { return strings.Join(parts, "") })
}

// variants are tokenizers of different rules over one vocabulary.
func variants(t testing.TB) map[string]*Tokenizer {
	t.Helper()
	no := false
	vocabulary := strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] the un ##aff ##able run ##ning don t ' . ! ? 中 国 e ##e é ##é i ##̇ ß ##ß σ ##σ < = 😀 ##s s")
	for c := 'a'; c <= 'z'; c++ {
		vocabulary = append(vocabulary, string(c), "##"+string(c))
	}
	return map[string]*Tokenizer{
		"uncased":     mustNew(t, vocabulary, nil),
		"cased":       mustNew(t, vocabulary, func(c *Config) { c.Lowercase = false }),
		"accents":     mustNew(t, vocabulary, func(c *Config) { c.StripAccents = &no }),
		"not chinese": mustNew(t, vocabulary, func(c *Config) { c.ChineseChars = false }),
		"not cleaned": mustNew(t, vocabulary, func(c *Config) { c.CleanText = false }),
		"whitespace":  mustNew(t, vocabulary, func(c *Config) { c.PreTokenizer = Whitespace }),
		"split":       mustNew(t, vocabulary, func(c *Config) { c.PreTokenizer = WhitespaceSplit }),
	}
}

// checkEncoding checks what holds of the encoding of every text without the
// template.
func checkEncoding(t interface{ Errorf(string, ...any) }, tokenizer *Tokenizer, text string, e *Encoding) {
	if n := e.Len(); len(e.Tokens) != n || len(e.TypeIDs) != n || len(e.Words) != n || len(e.Offsets) != n || e.PairStart != n {
		t.Errorf("Encode(%+q) has slices of different lengths, or a second text", text)
		return
	}
	before, word := Span{}, int32(-1)
	for i, span := range e.Offsets {
		// Pieces may share a character that becomes several, such as jamo.
		if span.Start >= span.End || span.Start < before.Start || span.End < before.End || span.End > len(text) {
			t.Errorf("Encode(%+q): piece %d lies at %v, after %v, in a text of %d", text, i, span, before, len(text))
			return
		}
		if utf8.ValidString(text) && !utf8.ValidString(text[span.Start:span.End]) {
			t.Errorf("Encode(%+q): piece %d at %v cuts a character", text, i, span)
		}
		if e.Words[i] != word && e.Words[i] != word+1 {
			t.Errorf("Encode(%+q): word %d of piece %d follows word %d", text, e.Words[i], i, word)
		}
		if e.Tokens[i] != tokenizer.Token(e.IDs[i]) {
			t.Errorf("Encode(%+q): token %q has id %d", text, e.Tokens[i], e.IDs[i])
		}
		before, word = span, e.Words[i]
	}
}

func TestEncodingsHoldTogether(t *testing.T) {
	for name, tokenizer := range variants(t) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				text := texts().Draw(t, "text")
				checkEncoding(t, tokenizer, text, tokenizer.Encode(text, Options{NoTemplate: true}))
			})
		})
	}
}

// TestPiecesSpellTheirWord joins the pieces of each word, which must be the
// normal form of the text that they say they are from.
func TestPiecesSpellTheirWord(t *testing.T) {
	for name, tokenizer := range variants(t) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				text := texts().Draw(t, "text")
				e := tokenizer.Encode(text, Options{NoTemplate: true, Specials: SpecialsNone})
				for i := 0; i < e.Len(); {
					j, spelt := i, ""
					for j < e.Len() && e.Words[j] == e.Words[i] {
						spelt += strings.TrimPrefix(e.Tokens[j], "##")
						j++
					}
					var n normalized
					tokenizer.normalize(&n, text[e.Offsets[i].Start:e.Offsets[j-1].End], 0)
					normal := strings.TrimSpace(string(n.text))
					// One character that becomes several may be shared by two words.
					if e.IDs[i] != tokenizer.UNK() && !strings.Contains(normal, spelt) {
						t.Errorf("Encode(%+q): word %d is spelt %q, but stands for %q", text, e.Words[i], spelt, normal)
					}
					i = j
				}
			})
		})
	}
}

// TestPathsAgree holds the path that looks words up where they stand to the
// one that normalizes everything first. Looking for a normalized added token
// forces the latter.
func TestPathsAgree(t *testing.T) {
	for name, tokenizer := range variants(t) {
		t.Run(name, func(t *testing.T) {
			slow := *tokenizer
			var err error
			slow.addedNormalized, err = newAddedTokens([]addedToken{{pattern: "never in any text", AddedToken: AddedToken{Normalized: true}}}, -1)
			if err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(t *rapid.T) {
				text := texts().Draw(t, "text")
				o := Options{MaxTokens: rapid.IntRange(0, 20).Draw(t, "max tokens")}
				if diff := cmp.Diff(slow.Encode(text, o), tokenizer.Encode(text, o)); diff != "" {
					t.Errorf("Encode(%+q, %+v) (-normalized +as it stands):\n%s", text, o, diff)
				}
			})
		})
	}
}

// TestMaxTokensCutsTheEnd compares with the whole encoding, cut.
func TestMaxTokensCutsTheEnd(t *testing.T) {
	tokenizer := variants(t)["uncased"]
	rapid.Check(t, func(t *rapid.T) {
		a, b := texts().Draw(t, "a"), texts().Draw(t, "b")
		o := Options{MaxTokens: rapid.IntRange(1, 30).Draw(t, "max tokens"), NoTemplate: rapid.Bool().Draw(t, "no template")}
		whole := o
		whole.MaxTokens = 0
		all, cut := tokenizer.EncodePair(a, b, whole), tokenizer.EncodePair(a, b, o)
		added := 3
		if o.NoTemplate {
			added = 0
		}
		if want := all.Len() > max(added, o.MaxTokens); cut.Truncated != want {
			t.Errorf("Truncated = %t, want %t", cut.Truncated, want)
		}
		if want := min(all.Len(), max(added, o.MaxTokens)); cut.Len() != want {
			t.Errorf("%d tokens, want %d", cut.Len(), want)
		}
		// What is left of each text is its beginning.
		for _, typeID := range []int32{0, 1} {
			got, want := ofType(cut, typeID), ofType(all, typeID)
			if !slices.Equal(got, want[:len(got)]) {
				t.Errorf("text %d is %v, want a beginning of %v", typeID, got, want)
			}
		}
		// A text is cut only to the length of the other one.
		first, second := len(ofType(cut, 0)), len(ofType(cut, 1))
		if first < len(ofType(all, 0)) && first < second-1 || second < len(ofType(all, 1)) && second < first-1 {
			t.Errorf("%d and %d tokens of %d and %d are left", first, second, len(ofType(all, 0)), len(ofType(all, 1)))
		}

		single, wholeSingle := tokenizer.Encode(a, o), tokenizer.Encode(a, whole)
		if got, want := single.Truncated, len(single.IDs) < len(wholeSingle.IDs); got != want {
			t.Errorf("Encode(%+q, %+v).Truncated = %t, want %t", a, o, got, want)
		}
		if got, want := ofType(single, 0), ofType(wholeSingle, 0); !slices.Equal(got, want[:len(got)]) {
			t.Errorf("Encode(%+q, %+v) is %v, want a beginning of %v", a, o, got, want)
		}
	})
}

// ofType lists the ids of one text, without the template's.
func ofType(e *Encoding, typeID int32) []int32 {
	var ids []int32
	for i, id := range e.IDs {
		if e.TypeIDs[i] == typeID && e.Words[i] >= 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestSpecialTokensInText(t *testing.T) {
	tokenizer := variants(t)["uncased"]
	for _, test := range []struct {
		specials Specials
		want     string
	}{
		{SpecialsAll, "the [MASK] [SEP] ! [UNK] m a s k [UNK]"},
		{SpecialsMask, "the [MASK] [UNK] s e p [UNK] ! [UNK] m a s k [UNK]"},
		{SpecialsNone, "the [UNK] m a s k [UNK] [UNK] s e p [UNK] ! [UNK] m a s k [UNK]"},
	} {
		e := tokenizer.Encode("the[MASK] [SEP]! [mask]", Options{NoTemplate: true, Specials: test.specials})
		if got := strings.ReplaceAll(strings.Join(e.Tokens, " "), "##", ""); got != test.want {
			t.Errorf("with specials %d got %q, want %q", test.specials, got, test.want)
		}
	}
}

// TestSpecialTokensAreNeverInvented: whatever the text and the rules.
func TestSpecialTokensAreNeverInvented(t *testing.T) {
	for name, tokenizer := range variants(t) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				text := texts().Draw(t, "text")
				for i, id := range tokenizer.Encode(text, Options{NoTemplate: true, Specials: SpecialsNone}).IDs {
					if tokenizer.IsSpecial(id) && id != tokenizer.UNK() {
						t.Errorf("Encode(%+q): piece %d is %s", text, i, tokenizer.Token(id))
					}
				}
			})
		})
	}
}

func TestEncodeIntoUsesMemoryAgain(t *testing.T) {
	tokenizer := variants(t)["uncased"]
	var e Encoding
	rapid.Check(t, func(t *rapid.T) {
		a, b := texts().Draw(t, "a"), texts().Draw(t, "b")
		o := Options{MaxTokens: rapid.IntRange(0, 9).Draw(t, "max tokens")}
		tokenizer.EncodeInto(&e, a, o)
		if diff := cmp.Diff(tokenizer.Encode(a, o), &e); diff != "" {
			t.Errorf("EncodeInto(%+q) (-fresh +reused):\n%s", a, diff)
		}
		tokenizer.EncodePairInto(&e, a, b, o)
		if diff := cmp.Diff(tokenizer.EncodePair(a, b, o), &e); diff != "" {
			t.Errorf("EncodePairInto(%+q, %+q) (-fresh +reused):\n%s", a, b, diff)
		}
	})
}

func TestEncodeIntoAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	tokenizer := fromVocabulary("../../models/en", nil)(t)
	for name, text := range map[string]string{
		"English":      strings.Repeat("The quick brown fox, unaffable as ever, jumps over [MASK]. ", 50),
		"Chinese":      strings.Repeat("我们今天去北京大学学习，好吗？", 50),
		"with accents": strings.Repeat("Déjà vu à Zürich, İstanbul и Москва 한국어. ", 50),
		"of one word":  strings.Repeat("é", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			var e Encoding
			for _, o := range []Options{{}, {MaxTokens: 64}, {Specials: SpecialsNone, NoTemplate: true}} {
				if n := testing.AllocsPerRun(20, func() { tokenizer.EncodeInto(&e, text, o) }); n > 0 {
					t.Errorf("EncodeInto with %+v makes %v allocations, want 0", o, n)
				}
				if n := testing.AllocsPerRun(20, func() { tokenizer.EncodePairInto(&e, text, text, o) }); n > 0 {
					t.Errorf("EncodePairInto with %+v makes %v allocations, want 0", o, n)
				}
			}
		})
	}
}

// TestTokenizersAreShared has something to find with -race.
func TestTokenizersAreShared(t *testing.T) {
	tokenizer := variants(t)["uncased"]
	const text = "The unaffable é 각 中国 [MASK] \u302e\u0301 running"
	want := tokenizer.Encode(text, Options{})
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			var e Encoding
			for range 200 {
				tokenizer.EncodeInto(&e, text, Options{})
				if !slices.Equal(e.IDs, want.IDs) || tokenizer.Decode(e.IDs, true) == "" {
					t.Errorf("EncodeInto gives %v, want %v", e.IDs, want.IDs)
				}
			}
		})
	}
	wait.Wait()
}

func TestBytesThatAreNotUTF8AreDropped(t *testing.T) {
	tokenizer := variants(t)["uncased"]
	e := tokenizer.Encode("t\xffhe\xc3 \xe4\xb8e\xf0\x9f\x98", Options{NoTemplate: true})
	if got, want := fmt.Sprint(e.Tokens, e.Offsets), "[the e] [{0 4} {8 9}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzEncode looks for texts that break an encoding, or its decoding.
func FuzzEncode(f *testing.F) {
	for _, seed := range []string{
		"", "Hello, world!", "é É e\u0301", "我今天要[MASK]课。", "\xff\xfe", "a\u302e\u0301", strings.Repeat("x", 101), "≮\U0001d15e각",
	} {
		f.Add(seed, "a pair", uint8(0))
	}
	all := variants(f)
	f.Fuzz(func(t *testing.T, a, b string, maxTokens uint8) {
		for _, tokenizer := range all {
			for _, specials := range []Specials{SpecialsAll, SpecialsMask, SpecialsNone} {
				e := tokenizer.Encode(a, Options{Specials: specials, NoTemplate: true})
				checkEncoding(t, tokenizer, a, e)
				_ = tokenizer.Decode(e.IDs, true)
			}
			o := Options{MaxTokens: int(maxTokens)}
			e := tokenizer.EncodePair(a, b, o)
			if o.MaxTokens > 0 && e.Len() > max(3, o.MaxTokens) {
				t.Errorf("EncodePair(%+q, %+q, %+v) has %d tokens", a, b, o, e.Len())
			}
			for _, unit := range []OffsetUnit{Codepoint, UTF16} {
				spans := slices.Clone(e.Offsets)
				for i := range spans {
					text := a
					if i >= e.PairStart {
						text = b
					}
					unit.Convert(text, &spans[i])
					if spans[i].Start > spans[i].End || spans[i].End > len(text) {
						t.Errorf("%v of %+q in %s is %v", e.Offsets[i], text, unit, spans[i])
					}
				}
			}
			if o.MaxTokens > 0 {
				for _, w := range tokenizer.Windows(a, o, o.MaxTokens/4) {
					if w.Len() > max(3, o.MaxTokens) {
						t.Errorf("a window of %+q with %+v has %d tokens", a, o, w.Len())
					}
				}
			}
		}
	})
}
