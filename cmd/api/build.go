package main

import (
	"runtime"
	"runtime/debug"

	"cloze/internal/httpapi"
)

// buildInfo is what the toolchain wrote into the binary.
func buildInfo() httpapi.Build {
	b := httpapi.Build{
		Name: "cloze", Version: "(devel)", Revision: "unknown",
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	modified := false
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = setting.Value
		case "vcs.modified":
			modified = setting.Value == "true"
		}
	}
	if modified {
		b.Revision += "+modified"
	}
	return b
}
