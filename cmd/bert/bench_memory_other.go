//go:build !linux

package main

import "runtime"

// peakResident is the memory that the Go runtime has taken from the system:
// other systems do not tell a process its peak.
func peakResident() int64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.Sys)
}
