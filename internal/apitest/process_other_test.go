//go:build !linux

package apitest

import "syscall"

// dieWithUs would end a child when this program is killed, if this system could.
func dieWithUs() *syscall.SysProcAttr { return nil }
