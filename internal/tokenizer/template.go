package tokenizer

import "fmt"

// Template says what stands around a text, or a pair of texts, and which type
// ids everything gets: TemplateProcessing of tokenizers.
type Template []TemplatePart

// TemplatePart is a text or a special token.
type TemplatePart struct {
	Token  string // a special token; "" for a text
	Text   int    // which text: 0, or 1 for the second one of a pair
	TypeID int32
}

// BERTTemplates are [CLS] A [SEP] for one text, and [CLS] A [SEP] B [SEP] for
// two, where the second one and its [SEP] have type id 1.
func BERTTemplates(cls, sep string) (single, pair Template) {
	single = Template{{Token: cls}, {Text: 0}, {Token: sep}}
	pair = Template{{Token: cls}, {Text: 0}, {Token: sep}, {Text: 1, TypeID: 1}, {Token: sep, TypeID: 1}}
	return single, pair
}

// template is a Template with the ids looked up.
type template struct {
	parts []templatePart
	added int // the special tokens in it
}

type templatePart struct {
	isText bool
	text   int
	id     int32
	typeID int32
}

// compile looks the ids up. Each of the texts must occur once, in order.
func (parts Template) compile(texts int, id func(token string) (int32, bool)) (template, error) {
	var (
		c    template
		next int
	)
	for _, p := range parts {
		if p.Token == "" {
			if p.Text != next || next == texts {
				return c, fmt.Errorf("the template for %d texts has text %d where text %d belongs", texts, p.Text, next)
			}
			next++
			c.parts = append(c.parts, templatePart{isText: true, text: p.Text, typeID: p.TypeID})
			continue
		}
		tokenID, ok := id(p.Token)
		if !ok {
			return c, fmt.Errorf("the template has %q, which the vocabulary has not", p.Token)
		}
		c.added++
		c.parts = append(c.parts, templatePart{id: tokenID, typeID: p.TypeID})
	}
	if next != texts {
		return c, fmt.Errorf("the template for %d texts has %d", texts, next)
	}
	return c, nil
}
