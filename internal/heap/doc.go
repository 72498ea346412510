// Package heap has the heap of this process grow into huge pages of memory.
//
// The kernel takes as long to give a process a page of 2 MB as a few of 4 KB, and much less than 512 of them; where memory is virtual
// twice over, pages are a tenth of what a scan of a second costs. The runtime leaves it to the kernel where it makes huge pages, and most
// kernels make them only where they are asked to.
package heap
