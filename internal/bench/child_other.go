//go:build !linux

package main

import (
	"errors"
	"syscall"
)

// dieWithUs is nil: a child outlives a program that is killed.
func dieWithUs() *syscall.SysProcAttr { return nil }

func setPriority(int, int) error { return errors.ErrUnsupported }
