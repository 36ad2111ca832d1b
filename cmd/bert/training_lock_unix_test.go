//go:build linux || darwin

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/training"
)

// While a run writes to a directory no other one does, and after it has been killed
// the next one can.
func TestOneRunAnOutput(t *testing.T) {
	dir, vocab, corpus := texts(t)
	output := filepath.Join(dir, "run")
	run := writeRun(t, dir, vocab, corpus, output, 1_000_000, 5)
	cmd := command(t, "pretrain", run)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(output, runFile)); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the run does not begin")
		}
	}
	const want = "another run is writing to "
	resume := &pretrainCmd{File: run, trainingFlags: trainingFlags{Resume: true}}
	if err := resume.Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want+output) {
		t.Errorf("beside another run: %v", err)
	}
	// One that was accepted before the other began.
	late := &session{output: output}
	if err := late.begin(training.Report{Start: &training.Start{}}); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("begun after another run: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() //nolint:errcheck // it was killed
	left := contents(t, output)
	release, err := lockOutput(output)
	if err != nil {
		t.Fatalf("after a run that was killed: %v", err)
	}
	release()
	if diff := cmp.Diff(left, contents(t, output)); diff != "" {
		t.Errorf("locking changed the directory (-before +after):\n%s", diff)
	}
}

// A pipe is no directory, and nothing to wait for.
func TestLockOfAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := lockOutput(pipe); err == nil {
		t.Error("a pipe is locked")
	}
}

// A run that has ended lets others go on in its directory.
func TestEndedRunsLetGo(t *testing.T) {
	dir, vocab, corpus := texts(t)
	output := filepath.Join(dir, "run")
	run := writeRun(t, dir, vocab, corpus, output, 4, 5)
	if err := (&pretrainCmd{File: run}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	release, err := lockOutput(output)
	if err != nil {
		t.Fatal(err)
	}
	release()
}
