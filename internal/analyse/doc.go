// Package analyse reads strangers' objects and says what sensitive data is in them, without letting an
// object harm whoever asks.
//
// It owns the processes in which objects are read, and every bound that is held from outside of them:
// memory, processor time, the clock, what the kernel lets them do. What is read, and how, is
// packages extract and classify; it knows nothing of where objects come from.
//
//	search, err := analyse.Compile(analyse.Config{Owner: account, Managed: ids, Custom: custom})
//	pool := analyse.New(analyse.Options{Memory: 1 << 30})
//	result, err := pool.Analyse(ctx, analyse.Source{Name: key, Size: size, ReaderAt: object}, search)
//
// # Boxes
//
// A worker is a box: a process of this same program, started again with another name, which talks
// through one socket and does nothing else. The program imports package first, which calls ServeBox; the
// box's side is in child_linux.go, the parent's in box_linux.go.
//
//	parent                                     box
//	  ── Configure: memory, Config ──────────►   compiles
//	  ◄──────────────────────────── Ready ──
//	  ── Analyse: objects, descriptors ──────►   extract → classify → detect
//	  ◄──────────── ReadAt, Next, Spool ────     for objects that are not files
//	  ── Data: how many bytes are there ──────►
//	  ◄─────────────────────────── Result ──
//
// Bytes do not go through the socket: parent and box share a megabyte of memory (the arena), which only the parent writes. It
// holds what a box has asked for, or small objects that are in memory, several at a time.
//
// A box has no environment once it has started, no descriptors but its own, no privileges to gain, and is ended with its
// parent. Where the kernel can, Landlock lets it open no file but its own program, and a seccomp filter
// lets it make no call but those that reading and answering takes: no open, no socket, no exec, no
// fork, no memory that becomes code. What is in force is in Stats.Confinement and is logged with the
// first box.
//
// The parent believes nothing that a box says: frames are bounded before they are read, a read must lie
// within the object, a result must be one that an honest box can give (wire.go). A box that breaks the
// rules is ended.
//
// # What an object can cost
//
//   - Memory: a worker has its share of Options.Memory. The parent looks at what a box holds as often as
//     it takes to fill what is left (box_linux.go, watch), and the kernel refuses what is far above
//     the share. A limit on address space would not do: the runtime reserves far more than it uses.
//   - Time: Options.Time, by default a minute and a second for each MB; waiting for a source that is
//     not a file is not counted. At its end the box is told through memory that both see, and has 75 ms
//     to hand in what it has found; then it is killed. The end of ctx is told in the same way.
//   - Its box: an object is tried once more in another, since what was read before may be to blame, but
//     never a third time. Then its status is SKIPPED with TIME_CUT_OFF_REACHED,
//     FILE_EXCEEDS_SIZE_LIMIT for memory, or UNABLE_TO_PARSE_FILE.
//   - Its company: small objects are given to a box several at a time. When it ends, the one that it was at is tried once more by
//     itself, and so is each whose result was lost with it; those that it had not come to are begun anew.
//   - Nobody else: a box that has read one owner's objects never reads another's.
//
// A panic is a mistake of ours: it is logged with its stack and without its value, and the worker goes.
//
// With Options.Background, which servers set, boxes have a third of the weight of other processes, so that calls do not wait for them.
//
// # Without boxes
//
// Options.InProcess, and systems other than Linux, analyse in this process, behind the same API. Memory
// is then bounded by package extract's own accounting alone, and an analysis that does not look at the
// clock is left behind, still running.
//
// # What boxes cost
//
// Starting one takes 10 ms of processor time, most of it to load the program, and before it serves only the packages that it needs are
// initialized (package first). For files the descriptor goes to the box, so that bytes are not copied once more; small files go several
// at a time (AnalyseFiles), and so do small objects in memory (gather.go): while they come, a worker that is free waits 2 ms for company.
//
// Measured on two cores that did nothing else, `magpie scan` with boxes beside the same program without them: of 6.3 GB of mixed text in
// 7,680 files 3 % longer by the clock and 4 % more processor time, of 3.2 GB of CSV in 12 files 2 % of both, of /usr/share/doc four times
// over, 22,000 files, 6 and 5 %. Where a scan takes a second, the start weighs more, and scans start boxes before they have come to what
// needs them: of 1.6 GB of the same text 7 and 6 %, of /usr/share/doc once 5 and 5 %, of one text of 500 MB nothing that shows beside what
// runs differ by, of 20,000 texts of 2 KB, which need no box, 2 and 2 %. Of 22,300 files of /usr/include, four tenths of a second, two
// boxes make it 10 and 9 %. With one worker on one core it was 2 to 5 % in all of them.
//
// A process of its own is paid for in page faults and in turns of the processor, and there are virtual machines on which both are dear. On
// two cores of one where a page fault takes 15 µs and a message from one process to another and back 26 µs, starting a box took 50 ms of
// processor time, of which 37 are for initializing packages. There, heaps that grow into huge pages (package heap) made scans 9 to 14 % shorter, and those without boxes 2 to 16 %. By the clock, with boxes beside
// without, both so: /usr/share/doc, a second, 9 %, 7,900 files of /usr/include, four tenths of a second, 25 %, 256 MB of mixed text in
// files of 1 MB, three tenths of a second, 41 %, in which two boxes are started before there is anything else to do. Boxes have no huge pages where a
// kernel before 6.18 is set to give them to everybody, since there it cannot give them to the heap alone.
//
// A folder of a few small files needs no boxes (package scan) and takes 10 ms. Scans use boxes in spite of what they cost: what they are
// for is that a file, however it was made, can crash, hang or exhaust its box alone, and not the scan.
package analyse
