package tasks

import (
	"regexp"
	"strings"
	"unicode"
)

// position says whether a word with a full stop may stand at a sentence's end.
type position uint8

const (
	ordinary   position = iota // the stop ends the sentence
	neverLast                  // Dr., e.g., Fig. 3: something always follows
	seldomLast                 // U.S., Inc., J.: last only if the next word begins a sentence
	oftenLast                  // etc., p.m.: last unless what follows is lower case or a figure
)

// kindOf judges the word before a full stop by the list, and by its form:
// single letters are initials, letters with stops between them acronyms.
func kindOf(word string, next rune) position {
	if p, ok := abbreviations[strings.ToLower(word)]; ok {
		return p
	}
	switch {
	case unicode.IsDigit(next) && beforeFigure[strings.ToLower(word)]:
		return neverLast
	case initial.MatchString(word), acronym.MatchString(word):
		return seldomLast
	}
	return ordinary
}

var (
	initial = regexp.MustCompile(`^\p{L}(?:-\p{Lu})?$`)           // J. K., J.-P., b. 1950
	acronym = regexp.MustCompile(`^(?:\p{L}{1,2}\.)+\p{L}{1,2}$`) // U.S., D.C., Ph.D, b.c
)

// abbreviations are English words that are written with a full stop, in lower
// case. Those with stops inside are judged by their form unless they are here.
var abbreviations = positions(map[position]string{
	neverLast: `mr mrs ms dr prof rev fr hon gen col maj capt lt cmdr sgt cpl adm brig
		sen rep gov pres sec amb insp supt messrs mme mlle mgr mt ft
		e.g i.e eg ie cf viz vs v approx ca incl excl esp resp
		fig figs eq eqs al`,
	seldomLast: `st ave blvd rd sq jr sr esq inc ltd co corp bros llc plc dept univ assn est
		jan feb mar apr jun jul aug sep sept oct nov dec
		mon tue tues wed thu thur thurs fri sat sun
		u.s u.k u.n e.u u.s.a d.c ph.d m.d b.a m.a b.sc m.sc
		min max avg temp govt intl natl orig ed eds trans hrs hr mins secs ext tel`,
	oftenLast: `etc a.m p.m am pm b.c a.d bc ad`,
})

// beforeFigure are words that a full stop shortens only before a figure: No. 5,
// p. 12, but "No. I won't."
var beforeFigure = set(`no nos p pp vol vols ch chap art arts sect par para op nr pt pg`)

// starters are words that begin a sentence more often than they go on with a
// name: "in the U.S. He said", but "the U.S. Senate".
var starters = set(`a an the this that these those he she it we they i you his her its our their my your
	there here what when where who why how which if in on at as for from by with after before while during since
	although though because but and or so yet however moreover meanwhile then thus therefore also still even
	is are was were do does did has have had can could will would should may might must not no
	some many most all both each every one two three several few another other
	today yesterday tomorrow now once later according despite instead perhaps maybe please thanks let`)

// timeWords follow a time of day without beginning a sentence: 5 p.m. Monday.
var timeWords = set(`monday tuesday wednesday thursday friday saturday sunday
	january february march april may june july august september october november december
	est edt cst cdt mst mdt pst pdt et ct pt gmt utc bst cet`)

// startsSentence reports whether text looks like the beginning of a sentence:
// its first word is one of the starters, or no letter or figure is first.
func startsSentence(text string) bool {
	if r := firstRune(text); !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		return true
	}
	return isHanOrKana(firstRune(text)) || starters[firstWord(text)]
}

func continuesTime(text string) bool { return timeWords[firstWord(text)] }

// firstWord is the word that text begins with, in lower case, up to an
// apostrophe: "It's" is it.
func firstWord(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
	if end < 0 {
		end = len(text)
	}
	return strings.ToLower(text[:end])
}

func positions(words map[position]string) map[string]position {
	m := make(map[string]position)
	for p, list := range words {
		for _, word := range strings.Fields(list) {
			m[word] = p
		}
	}
	return m
}

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for _, word := range strings.Fields(words) {
		m[word] = true
	}
	return m
}
