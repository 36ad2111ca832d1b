package engine

import "testing"

func TestIsHan(t *testing.T) {
	tests := []struct {
		name, text string
		want       bool
	}{
		{"empty", "", false},
		{"english", "The quick brown fox.", false},
		{"chinese", "我今天要上课。", true},
		{"traditional chinese", "我今天要上課。", true},
		{"chinese with latin product name", "iPhone的电池很好", true},
		{"english with chinese city", "I love 北京", false},
		{"english that explains a chinese word", "你好 means hello", false},
		{"digits only", "3.14159", false},
		{"digits beside han do not count", "2024年10月15日 12:30:45", true},
		{"punctuation only", "。，！？", false},
		{"emoji only", "🙂🎉", false},
		{"emoji beside han do not count", "🙂🎉🙂🎉🙂🎉好", true},
		{"kana only", "ありがとう", false},
		{"mostly kana", "これはテキストの例です", false},
		{"japanese mostly in kanji", "東京都庁舎見学", true},
		{"hangul", "안녕하세요", false},
		{"cyrillic", "Привет, мир", false},
		{"mask is not the writer's", "[MASK]课。", true},
		{"masks only", "[MASK] [MASK]", false},
		{"template is not the writer's", "[CLS]好[SEP]", true},
		{"brackets of one's own count", "[note] 好", false},
		{"extension b, outside the basic plane", "𠀀𠀁𠀂", true},
		{"iteration mark is a letter of script han", "々々", true},
		{"broken utf-8", "\xff\xfe", false},
		{"at the threshold", "好好好abcdefg", true},
		{"below the threshold", "好好好abcdefgh", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := isHan(test.text); got != test.want {
				t.Errorf("isHan(%q) = %t, want %t", test.text, got, test.want)
			}
		})
	}
}

func TestForText(t *testing.T) {
	latin, han := newTestModel(t, "latin", latinVocabulary), newTestModel(t, "han", hanVocabulary)
	tests := []struct {
		name, text, want string
		models           []*Model
	}{
		{"english", "a plain text", "latin", []*Model{latin, han}},
		{"chinese", "中文", "han", []*Model{latin, han}},
		{"no letters goes to the first that is not han", "123", "latin", []*Model{han, latin}},
		{"only one model", "中文", "latin", []*Model{latin}},
		{"only the other one", "english", "han", []*Model{han}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := newTestEngine(t, Options{}, nil, test.models...)
			if got := e.ForText(test.text)[0].ID; got != test.want {
				t.Errorf("ForText(%q) = %s, want %s", test.text, got, test.want)
			}
		})
	}
}
