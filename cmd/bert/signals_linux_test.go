package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ends waits for a process, which is to end soon, and kills it if it does not.
func ends(t *testing.T, cmd *exec.Cmd) error {
	t.Helper()
	timer := time.AfterFunc(20*time.Second, func() {
		t.Error("the process goes on")
		cmd.Process.Kill() //nolint:errcheck // it has ended by itself, then
	})
	defer timer.Stop()
	return cmd.Wait()
}

// A signal ends what takes long, and the error names it.
func TestSignalsEndCommands(t *testing.T) {
	_, _, corpus := texts(t)
	for _, test := range []struct {
		name string
		args []string
	}{
		{"inspect examples", []string{"inspect", "examples", corpus, "--examples", "1000000000"}},
		{"predict", []string{"predict", "embed", "--model", "en", "--threads", "1"}},
		{"tokenize", []string{"tokenize", "--model", "en"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := command(t, test.args...)
			input, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer input.Close() //nolint:errcheck // nothing was written
			output, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(input, "A line, and no end of the lines.\n"); err != nil {
				t.Fatal(err)
			}
			if _, err := output.Read(make([]byte, 1)); err != nil {
				t.Errorf("it wrote nothing: %v", err)
			}
			go io.Copy(io.Discard, output) //nolint:errcheck // that it goes on is all that matters
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := ends(t, cmd); err == nil || !strings.Contains(said.String(), "terminated signal received") {
				t.Errorf("error %v, it said %q, want the signal", err, &said)
			}
		})
	}
}

// Where the first signal is not heeded yet, as by one that waits for its output to
// be read, the second ends the process.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	_, _, corpus := texts(t)
	cmd := command(t, "inspect", "examples", corpus, "--examples", "1000000000")
	output, err := cmd.StdoutPipe() // of which only the beginning is read
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close() //nolint:errcheck // nothing was written
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := output.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(100 * time.Millisecond):
				cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended
			}
		}
	}()
	err = ends(t, cmd)
	close(ended)
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("error %v, want the end by a signal", err)
	}
}

// An export that is interrupted leaves the file as it was, and nothing beside it.
func TestInterruptedExport(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, dir, "x.onnx", "as it was")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("the operator")
	cancel(stop)
	export := parseArgs(t, "export", filepath.Join("..", "..", "internal", "checkpoint", "testdata", "base"), file).Export
	if err := export.Run(ctx); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || string(read(t, file)) != "as it was" {
		t.Errorf("left are %v, error %v", entries, err)
	}
}

// A command that does not ask for the context of signals ends at the first one.
func TestSignalEndsConvert(t *testing.T) {
	source := filepath.Join(t.TempDir(), "source.onnx")
	if err := syscall.Mkfifo(source, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "convert", source, filepath.Join(t.TempDir(), "out"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(source, os.O_WRONLY, 0) // waits until convert reads
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close() //nolint:errcheck // nothing was written
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err = ends(t, cmd)
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("error %v, want the end by a signal", err)
	}
}
