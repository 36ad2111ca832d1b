//go:build linux || darwin

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// lockOutput keeps other runs out of an output directory until release, or until the
// process ends, however that happens. It is an error if another run has it. A directory
// that is not there has nobody in it, and one that cannot be locked, as on some network
// file systems, is taken as it is.
func lockOutput(dir string) (release func(), err error) {
	d, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0) // a pipe is none, and not waited for
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	if errors.Is(unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("another run is writing to %s: let it end, or stop it first", dir), d.Close())
	}
	return func() { d.Close() }, nil //nolint:errcheck // nothing was written
}
