//go:build !linux && !darwin

package checkpoint

import (
	"errors"
	"os"
)

// mapFile says that files are read piece by piece on this system.
func mapFile(*os.File, int64) (data []byte, unmap func() error, err error) {
	return nil, nil, errors.ErrUnsupported
}
