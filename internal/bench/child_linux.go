package main

import "syscall"

// dieWithUs ends a child when this program is killed.
func dieWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

func setPriority(pid, priority int) error {
	return syscall.Setpriority(syscall.PRIO_PROCESS, pid, priority)
}
