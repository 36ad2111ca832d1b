package main

import (
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"
)

// newLogger logs JSON lines, or lines for people if stderr is a terminal.
func newLogger(o options, stderr io.Writer) zerolog.Logger {
	format := o.LogFormat
	if format == "auto" {
		format = "json"
		if file, ok := stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
			format = "console"
		}
	}
	out := zerolog.SyncWriter(stderr)
	if format == "console" {
		out = zerolog.ConsoleWriter{Out: stderr, TimeFormat: time.TimeOnly}
	}
	level, err := zerolog.ParseLevel(o.LogLevel)
	if err != nil { // the flag's enum rules it out
		level = zerolog.InfoLevel
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger()
}
