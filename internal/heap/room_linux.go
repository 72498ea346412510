package heap

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of a huge page, in bytes. Where it is larger, nothing comes of asking for less.
const hugePage = 2 << 20

// MakeRoom asks the kernel that the next bytes that the heap grows by be of huge pages, as far as it makes them, and collects garbage. No
// memory is used before there is need for it, and where the kernel does not make such pages nothing changes.
//
// The heap's addresses are the runtime's. So memory is allocated, asked to be of huge pages, and given up untouched: it is what the
// runtime allocates from next.
func MakeRoom(bytes int64) {
	if bytes < hugePage {
		return
	}
	room := make([]byte, bytes)
	from := uintptr(unsafe.Pointer(&room[0])) &^ (hugePage - 1) // the runtime has memory by multiples of this
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, uintptr(bytes), unix.MADV_HUGEPAGE)
	runtime.KeepAlive(room)
	runtime.GC()
}
