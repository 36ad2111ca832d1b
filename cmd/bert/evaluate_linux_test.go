package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cloze/internal/bert"
)

// A first signal lets evaluate stop in order; where that takes long, as on
// rows that do not come, a second one ends it.
func TestSecondSignalEndsEvaluate(t *testing.T) {
	dir := t.TempDir()
	model := constantModel(t, dir, map[string]bert.HeadConfig{"mood": {Type: bert.SequenceHeadType, Labels: []string{"bad", "good"}, ProblemType: bert.SingleLabel}}, nil)
	rows := filepath.Join(dir, "rows.jsonl")
	if err := syscall.Mkfifo(rows, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "evaluate", "--model", model, "--data", rows, "--threads", "1")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() }) //nolint:errcheck // ends the reading below
	defer late.Stop()
	writer := -1
	for deadline := time.Now().Add(time.Minute); writer < 0; time.Sleep(10 * time.Millisecond) {
		// Without waiting it is an error until evaluate reads.
		if writer, err = syscall.Open(rows, syscall.O_WRONLY|syscall.O_NONBLOCK, 0); err != nil && time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	defer syscall.Close(writer) //nolint:errcheck // nothing is written
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(stderr)
	for said.Scan() && !strings.Contains(said.Text(), "another signal stops at once") {
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGINT {
		t.Errorf("%v, want an end by the second signal", err)
	}
}
