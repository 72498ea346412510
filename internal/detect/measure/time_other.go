//go:build !linux

package main

import "time"

// processorTime is the time of day where a thread's own is not at hand.
func processorTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
