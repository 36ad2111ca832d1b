package main

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOptionsPrecedence(t *testing.T) {
	env := map[string]string{
		"CLOZE_MAX_TEXTS": "7", "CLOZE_LISTEN": "127.0.0.1:9", "CLOZE_MODEL": "a=x,b=y", "CLOZE_READ_TIMEOUT": "3s", "CLOZE_CORS_ORIGINS": "", "CLOZE_MAX_CONNECTIONS": "",
	}
	o, command, err := parseOptions([]string{"--max-texts=9"}, func(name string) string { return env[name] }, new(bytes.Buffer))
	if err != nil || command != "serve" {
		t.Fatalf("command %q, error %v", command, err)
	}
	if o.MaxTexts != 9 {
		t.Errorf("MaxTexts = %d, want the flag's 9 rather than the environment's 7", o.MaxTexts)
	}
	if o.Listen != "127.0.0.1:9" || o.ReadTimeout != 3*time.Second {
		t.Errorf("the environment is not read: %+v", o)
	}
	if diff := cmp.Diff([]string{"a=x", "b=y"}, o.Model); diff != "" {
		t.Errorf("Model from the environment:\n%s", diff)
	}
	// As compose files have variables that their own environment lacks: ${NAME:-}.
	if o.MaxBodyBytes != 512<<10 || o.CORSOrigins != nil || o.MaxConnections != 1024 {
		t.Errorf("defaults: %+v", o)
	}
}

// TestEmptyFlags: what a shell makes of "$UNSET" is not taken for the default,
// nor for every address.
func TestEmptyFlags(t *testing.T) {
	for _, flag := range flagNames(t) {
		_, _, err := parseOptions([]string{"--" + flag, ""}, noEnv, new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), "--"+flag) {
			t.Errorf("--%s '' gives %v", flag, err)
		}
	}
	if _, _, err := parseOptions([]string{"--model", "", "--model", "zh"}, noEnv, new(bytes.Buffer)); err == nil {
		t.Error("--model '' --model zh is taken")
	}
}

// TestCommas: a variable, which cannot be repeated, separates its values by
// commas; in a flag they belong to the value.
func TestCommas(t *testing.T) {
	env := map[string]string{"CLOZE_MODEL": `a=x\,y,b`, "CLOZE_CORS_ORIGINS": "http://a,http://b"}
	for name, tt := range map[string]struct {
		args []string
		env  func(string) string
	}{
		"flags":     {[]string{"--model", "a=x,y", "--model", "b", "--cors-origins=http://a", "--cors-origins=http://b"}, noEnv},
		"variables": {nil, func(name string) string { return env[name] }},
	} {
		t.Run(name, func(t *testing.T) {
			o, _, err := parseOptions(tt.args, tt.env, new(bytes.Buffer))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"a=x,y", "b"}, o.Model); diff != "" {
				t.Errorf("models:\n%s", diff)
			}
			if diff := cmp.Diff([]string{"http://a", "http://b"}, o.CORSOrigins); diff != "" {
				t.Errorf("origins:\n%s", diff)
			}
		})
	}
}

// TestEveryFlagIsAnEnvironmentVariable reads each flag from CLOZE_NAME, and
// finds that name in the help.
func TestEveryFlagIsAnEnvironmentVariable(t *testing.T) {
	var help bytes.Buffer
	if _, command, err := parseOptions([]string{"--help"}, noEnv, &help); err != nil || command != "" {
		t.Fatalf("--help: command %q, error %v", command, err)
	}
	if !strings.HasPrefix(help.String(), "Usage: cloze-api ") {
		t.Errorf("the help begins with %.40q, not with the program's name", &help)
	}
	samples := map[string]string{
		"listen": "127.0.0.1:1", "model": "x=y", "precision": "float32", "log-level": "debug", "log-format": "json", "cors-origins": "https://a.example",
		"queue-tokens": "100000", "drain-delay": "10s",
	}
	for _, flag := range flagNames(t) {
		if !strings.Contains(help.String(), "--"+flag) || !strings.Contains(help.String(), "$"+envName(flag)) {
			t.Errorf("--%s or $%s is not in the help", flag, envName(flag))
		}
		sample := samples[flag]
		if sample == "" {
			sample = "3"
			if strings.HasSuffix(flag, "timeout") || strings.HasSuffix(flag, "delay") {
				sample = "50s"
			}
		}
		read := false
		_, _, err := parseOptions([]string{"--write-timeout=101s"}, func(name string) string {
			if name == envName(flag) && flag != "write-timeout" {
				read = true
				return sample
			}
			return ""
		}, new(bytes.Buffer))
		if err != nil || !read && flag != "write-timeout" {
			t.Errorf("$%s=%s: read %t, error %v", envName(flag), sample, read, err)
		}
	}
}

// flagNames lists the flags of options as kong names them.
func flagNames(t testing.TB) []string {
	t.Helper()
	var names []string
	for f := range reflect.TypeFor[options]().Fields() {
		if _, isCommand := f.Tag.Lookup("cmd"); isCommand || f.Name == "Version" {
			continue
		}
		name := f.Tag.Get("name")
		if name == "" {
			for i, c := range f.Name {
				if i > 0 && 'A' <= c && c <= 'Z' {
					name += "-"
				}
				name += strings.ToLower(string(c))
			}
		}
		names = append(names, name)
	}
	if len(names) < 15 {
		t.Fatalf("%d flags", len(names))
	}
	return names
}

func TestVersionFlag(t *testing.T) {
	var out bytes.Buffer
	if _, command, err := parseOptions([]string{"--version"}, noEnv, &out); err != nil || command != "" || out.Len() == 0 {
		t.Errorf("command %q, error %v, output %q", command, err, &out)
	}
}

func TestSplitModel(t *testing.T) {
	for flag, want := range map[string][2]string{
		"en=/models/en": {"en", "/models/en"}, "/models/bert-base": {"bert-base", "/models/bert-base"},
		"./m/": {"m", "./m/"}, "a=b=c": {"a", "b=c"},
	} {
		id, dir, err := splitModel(flag)
		if err != nil || id != want[0] || dir != want[1] {
			t.Errorf("splitModel(%q) = %q, %q, %v", flag, id, dir, err)
		}
	}
	for _, flag := range []string{"", "=x", "x=", "..", "/", "a/b=c", "ä=c"} {
		if id, dir, err := splitModel(flag); err == nil {
			t.Errorf("splitModel(%q) = %q, %q; want an error", flag, id, dir)
		}
	}
}

func TestIsOrigin(t *testing.T) {
	for text, want := range map[string]bool{
		"*": true, "null": true, "https://a.example": true, "http://localhost:8080": true, "https://*.a.example": true,
		"": false, "nonsense": false, "a.example": false, "https://": false, "https://a.example/": false, "https://a.example/page": false,
	} {
		if got := isOrigin(text); got != want {
			t.Errorf("isOrigin(%q) = %t, want %t", text, got, want)
		}
	}
}
