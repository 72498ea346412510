package analyse

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// confine gives up, for good and in all threads, whatever a box does not need once it runs. It
// returns what is in force, in words for an operator.
func confine(maxFile int64) (string, error) {
	for _, l := range []struct {
		resource int
		most     uint64
	}{
		{unix.RLIMIT_CORE, 0}, // a core file would hold what was read
		{unix.RLIMIT_NOFILE, 64},
		{unix.RLIMIT_FSIZE, uint64(maxFile)}, // of spools
	} {
		if err := lower(l.resource, l.most); err != nil {
			return "", fmt.Errorf("limit %d: %w", l.resource, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return "", fmt.Errorf("keep others from looking in: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return "", fmt.Errorf("give up new privileges: %w", err)
	}
	if err := filterSyscalls(); err != nil {
		return fmt.Sprintf("no seccomp filter (%v)", err), nil
	}
	return "seccomp", nil
}

// lower lowers a limit. One that is lower already stays: raising it may not be allowed, and is not wanted.
func lower(resource int, most uint64) error {
	var now unix.Rlimit
	if err := unix.Getrlimit(resource, &now); err != nil {
		return err
	}
	most = min(most, now.Max)
	return unix.Setrlimit(resource, &unix.Rlimit{Cur: min(most, now.Cur), Max: most})
}

// filterSyscalls lets the process do what the runtime, and reading and answering, needs: nothing that
// opens, connects, executes, signals others or changes limits. Whatever is not on the list fails with
// EPERM. clone3, whose arguments a filter cannot see, does not exist, so that clone is used.
func filterSyscalls() error {
	arch, calls, ok := allowedSyscalls()
	if !ok {
		return errors.New("not known for this kind of processor")
	}
	prog := syscallFilter(arch, calls, os.Getpid())
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(prog)
	if errno != 0 {
		return errno
	}
	return nil
}

// Offsets in struct seccomp_data.
const (
	dataNumber = 0
	dataArch   = 4
	dataArgs   = 16
)

// lowArg is where the lower half of an argument is; both processors are little-endian.
func lowArg(i int) uint32 { return uint32(dataArgs + 8*i) }

// syscallFilter is the program: one comparison for each call, and a few that look at an argument.
func syscallFilter(arch uint32, calls []uint32, pid int) []unix.SockFilter {
	const (
		load = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		same = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		bits = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		give = unix.BPF_RET | unix.BPF_K
		deny = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	)
	prog := []unix.SockFilter{
		{Code: load, K: dataArch},
		{Code: same, K: arch, Jt: 1},
		{Code: give, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: load, K: dataNumber},
		{Code: same, K: unix.SYS_CLONE3, Jf: 1},
		{Code: give, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
	}
	for _, n := range calls {
		prog = append(prog,
			unix.SockFilter{Code: same, K: n, Jf: 1},
			unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW})
	}
	check := func(number uint32, rest ...unix.SockFilter) {
		prog = append(prog, unix.SockFilter{Code: same, K: number, Jf: uint8(len(rest))})
		prog = append(prog, rest...)
	}
	// Threads are made, processes are not.
	check(unix.SYS_CLONE,
		unix.SockFilter{Code: load, K: lowArg(0)},
		unix.SockFilter{Code: bits, K: unix.CLONE_THREAD, Jt: 1},
		unix.SockFilter{Code: give, K: deny},
		unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW})
	// The runtime interrupts its own threads.
	check(unix.SYS_TGKILL,
		unix.SockFilter{Code: load, K: lowArg(0)},
		unix.SockFilter{Code: same, K: uint32(pid), Jt: 1},
		unix.SockFilter{Code: give, K: deny},
		unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW})
	// Memory never becomes code.
	for _, n := range []uint32{unix.SYS_MMAP, unix.SYS_MPROTECT} {
		check(n,
			unix.SockFilter{Code: load, K: lowArg(2)},
			unix.SockFilter{Code: bits, K: unix.PROT_EXEC, Jf: 1},
			unix.SockFilter{Code: give, K: deny},
			unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW})
	}
	return append(prog, unix.SockFilter{Code: give, K: deny})
}

// commonSyscalls are allowed whatever the processor.
var commonSyscalls = []uint32{
	// The most frequent first: a filter is walked from the front.
	unix.SYS_PREAD64, unix.SYS_READ, unix.SYS_WRITE, unix.SYS_RECVMSG, unix.SYS_FUTEX, unix.SYS_MADVISE, unix.SYS_MUNMAP,
	unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY, unix.SYS_SCHED_YIELD,
	unix.SYS_SCHED_GETAFFINITY, unix.SYS_PWRITE64, unix.SYS_CLOSE, unix.SYS_FSTAT, unix.SYS_BRK, unix.SYS_MINCORE,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_GETRANDOM, unix.SYS_GETRUSAGE,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
}

// landlock confines the calling thread, and every process started from it, to executing this program:
// no other file can be opened, and no TCP port be used. It returns what is in force.
func landlock() (string, error) {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return "", fmt.Errorf("landlock: %w", errno)
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1} // all of version 1
	size := unsafe.Sizeof(attr.Handled_access_fs)
	if abi >= 2 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		size = unsafe.Offsetof(attr.Scoped)
	}
	if abi >= 5 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
		size = unsafe.Offsetof(attr.Quiet_access_fs)
	}
	rules, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return "", fmt.Errorf("landlock rules: %w", errno)
	}
	defer unix.Close(int(rules))
	mapped, err := executables()
	if err != nil {
		return "", err
	}
	for name, access := range mapped {
		if err := allowFile(int(rules), name, access); err != nil {
			return "", fmt.Errorf("landlock %s: %w", name, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return "", fmt.Errorf("give up new privileges: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0); errno != 0 {
		return "", fmt.Errorf("landlock: %w", errno)
	}
	return fmt.Sprintf("landlock %d", abi), nil
}

func allowFile(rules int, name string, access uint64) error {
	fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var rule [12]byte // struct landlock_path_beneath_attr is packed
	binary.LittleEndian.PutUint64(rule[:], access)
	binary.LittleEndian.PutUint32(rule[8:], uint32(fd))
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule[0])), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// executables are the files that starting this program again opens: itself, and where it is linked
// dynamically the loader, its cache and the libraries, which are mapped already.
func executables() (map[string]uint64, error) {
	const run = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	out := map[string]uint64{"/proc/self/exe": run}
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	self, _ := os.Readlink("/proc/self/exe")
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// address perms offset dev inode path
		fields := strings.SplitN(lines.Text(), " ", 6)
		if len(fields) < 6 || !strings.Contains(fields[1], "x") {
			continue
		}
		if name := strings.TrimLeft(fields[5], " "); strings.HasPrefix(name, "/") && name != self {
			out[name] = run
		}
	}
	if len(out) > 1 {
		const cache = "/etc/ld.so.cache"
		if _, err := os.Stat(cache); err == nil {
			out[cache] = unix.LANDLOCK_ACCESS_FS_READ_FILE
		}
	}
	return out, nil
}
