package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// openTerminal makes a terminal of so many columns: what is written to screen
// comes out of keyboard's side.
func openTerminal(t testing.TB, columns int) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("needs pseudo-terminals:", err)
	}
	t.Cleanup(func() { keyboard.Close() }) //nolint:errcheck // read to its end
	descriptor := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(descriptor, unix.TIOCSPTLCK, 0); err != nil {
		t.Skip("needs pseudo-terminals:", err)
	}
	number, err := unix.IoctlGetInt(descriptor, unix.TIOCGPTN)
	if err != nil {
		t.Skip("needs pseudo-terminals:", err)
	}
	if err := unix.IoctlSetWinsize(descriptor, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("needs pseudo-terminals:", err)
	}
	return keyboard, screen
}

// screened runs a command on a terminal and returns what was drawn there: bars,
// and the lines that stay.
func screened(t testing.TB, columns int, args ...string) (bars, lines []string) {
	t.Helper()
	keyboard, screen := openTerminal(t, columns)
	cmd := command(t, args...)
	cmd.Stderr = screen
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	screen.Close()                   //nolint:errcheck // the process has its own
	shown, _ := io.ReadAll(keyboard) // ends in EIO when the last process has closed it
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, shown)
	}
	escapes := regexp.MustCompile("\x1b\\[[0-9;]*[a-zA-Z]")
	for _, part := range regexp.MustCompile("[\r\n]+").Split(escapes.ReplaceAllString(string(shown), "\r"), -1) {
		switch part = strings.TrimRight(part, " "); {
		case part == "":
		case strings.Contains(part, "%"):
			bars = append(bars, part)
		default:
			lines = append(lines, part)
		}
	}
	return bars, lines
}

// On a terminal there is one bar with losses, speed, times and the share done,
// as far as the screen has room; what is to stay is a line of its own.
func TestProgressOnATerminal(t *testing.T) {
	dir, vocab, corpus := texts(t)
	for columns, want := range map[int]string{
		120: `^loss \d+\.\d+ \(mlm \d+\.\d+, nsp \d+\.\d+\), [\d,]+ tokens/s, \d+s, \d+s left +\d+% \|.*\| \(\d+/40\)$`,
		80:  `^loss \d+\.\d+, [\d,]+ tokens/s, \d+s, \d+s left +\d+% \|.*\| \(\d+/40\)$`,
		60:  `^loss \d+\.\d+, \d+s, \d+s left +\d+% \|.*\| \(\d+/40\)$`,
	} {
		t.Run(fmt.Sprint(columns, " columns"), func(t *testing.T) {
			bars, lines := screened(t, columns, "pretrain", writeRun(t, dir, vocab, corpus, filepath.Join(dir, fmt.Sprint(columns)), 40, 5))
			matches := 0
			for _, bar := range bars {
				if regexp.MustCompile(want).MatchString(bar) {
					matches++
				}
				if n := utf8.RuneCountInString(bar); n > columns {
					t.Errorf("a bar of %d columns: %q", n, bar)
				}
			}
			if matches < 8 {
				t.Errorf("%d bars match %s, want one a report:\n%q", matches, want, bars)
			}
			for _, want := range []string{"step 20/40, held out: MLM loss", "step 40/40: done in"} {
				if !strings.Contains(strings.Join(lines, "\n"), want) {
					t.Errorf("want a line that says %q:\n%q", want, lines)
				}
			}
		})
	}
}
