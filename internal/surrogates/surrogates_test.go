package surrogates

import "testing"

func TestHalf(t *testing.T) {
	for _, tt := range []struct {
		json, want string
		at         int
	}{
		{`{"text": "plain"}`, "", -1},
		{`"\ud83d\ude00"`, "", -1},
		{`"\\ud800"`, "", -1}, // a backslash, and then letters
		{`"\u00e9\n"`, "", -1},
		{`"\ud800"`, `\ud800`, 1},
		{`"\uDFFF!"`, `\uDFFF`, 1},
		{`"\ud800\n"`, `\ud800`, 1},
		{`"\ud800\u0041"`, `\ud800`, 1},
		{`"\udc00\ud800"`, `\udc00`, 1},
		{`"\ud83d\ude00\ud83d"`, `\ud83d`, 13},
		{`"\\\ud800"`, `\ud800`, 3}, // a backslash, and then the escape
		{`{"te\ud800xt": 1}`, `\ud800`, 4},
	} {
		if got, at := Half([]byte(tt.json)); string(got) != tt.want || at != tt.at {
			t.Errorf("Half(%s) = %s at %d, want %s at %d", tt.json, got, at, tt.want, tt.at)
		}
	}
}
