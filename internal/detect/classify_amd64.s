#include "go_asm.h"
#include "textflag.h"

// Byte constants, one register wide each.
#define BYTES(name, v) \
	DATA name<>+0(SB)/8, $v \
	DATA name<>+8(SB)/8, $v \
	DATA name<>+16(SB)/8, $v \
	DATA name<>+24(SB)/8, $v \
	GLOBL name<>(SB), RODATA|NOPTR, $32

BYTES(caseBit, 0x2020202020202020)   // also the space
BYTES(letterBias, 0x1f1f1f1f1f1f1f1f) // 0x80 - 'a'
BYTES(letterTop, 0x9a9a9a9a9a9a9a9a)  // 0x80 + 26, signed
BYTES(digitBias, 0x5050505050505050)  // 0x80 - '0'
BYTES(digitTop, 0x8a8a8a8a8a8a8a8a)   // 0x80 + 10, signed
BYTES(plusSign, 0x2b2b2b2b2b2b2b2b)
BYTES(caret, 0x5e5e5e5e5e5e5e5e)
BYTES(caretBit, 0x0202020202020202) // what a caret has and a backslash lacks
BYTES(zeroDigit, 0x3030303030303030)
BYTES(leadC2, 0xc2c2c2c2c2c2c2c2)
BYTES(hyphen, 0x2d2d2d2d2d2d2d2d)

// JOIN moves the top bits of two registers to one word and stores it.
#define JOIN(lo, hi, off) \
	VPMOVMSKB lo, AX \
	VPMOVMSKB hi, BX \
	SHLQ $32, BX \
	ORQ  BX, AX \
	MOVQ AX, off(DI)

// func classifyAVX2(text []byte, out []group)
TEXT ·classifyAVX2(SB), NOSPLIT, $0-48
	MOVQ text_base+0(FP), SI
	MOVQ out_base+24(FP), DI
	MOVQ text_len+8(FP), CX
	SHRQ $6, CX
	XORL R11, R11
	VMOVDQU caseBit<>(SB), Y15
	VMOVDQU letterBias<>(SB), Y14
	VMOVDQU letterTop<>(SB), Y13
	VMOVDQU digitBias<>(SB), Y12
	VMOVDQU digitTop<>(SB), Y11
	VMOVDQU plusSign<>(SB), Y10
	VMOVDQU caret<>(SB), Y9
	VMOVDQU zeroDigit<>(SB), Y8
	VMOVDQU leadC2<>(SB), Y7
	VMOVDQU hyphen<>(SB), Y6
	TESTQ CX, CX
	JZ   done

loop:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1

	// Letters: fold the case, shift 'a' to the lowest signed byte, compare.
	VPOR   Y15, Y0, Y2
	VPOR   Y15, Y1, Y3
	VPADDB Y14, Y2, Y2
	VPADDB Y14, Y3, Y3
	VPCMPGTB Y2, Y13, Y2
	VPCMPGTB Y3, Y13, Y3
	JOIN(Y2, Y3, group_letter)

	// Capitals: letters whose case bit is clear; the shift brings that bit to the top.
	VPSLLW $2, Y0, Y4
	VPSLLW $2, Y1, Y5
	VPMOVMSKB Y4, R8
	VPMOVMSKB Y5, R9
	SHLQ $32, R9
	ORQ  R9, R8
	NOTQ R8
	ANDQ R8, AX
	MOVQ AX, group_upper(DI)
	MOVQ R8, R10

	// Digits.
	VPADDB Y12, Y0, Y2
	VPADDB Y12, Y1, Y3
	VPCMPGTB Y2, Y11, Y2
	VPCMPGTB Y3, Y11, Y3
	JOIN(Y2, Y3, group_digit)

	// Bytes that lead a rune of two bytes, but 0xC2, and those that go on with one.
	VPMOVMSKB Y0, AX
	VPMOVMSKB Y1, BX
	SHLQ $32, BX
	ORQ  BX, AX
	VPSLLW $1, Y0, Y4
	VPSLLW $1, Y1, Y5
	VPMOVMSKB Y4, R8
	VPMOVMSKB Y5, R9
	SHLQ $32, R9
	ORQ  R9, R8
	VPCMPEQB Y7, Y0, Y2
	VPCMPEQB Y7, Y1, Y3
	VPMOVMSKB Y2, BX
	VPMOVMSKB Y3, R9
	SHLQ $32, R9
	ORQ  R9, BX
	MOVQ AX, R9
	ANDQ R8, AX
	ANDQ R10, AX
	NOTQ BX
	ANDQ BX, AX
	MOVQ AX, group_two(DI)
	NOTQ R8
	ANDQ R8, R9
	MOVQ R9, group_cont(DI)

	VPCMPEQB Y15, Y0, Y2
	VPCMPEQB Y15, Y1, Y3
	JOIN(Y2, Y3, group_space)

	VPCMPEQB Y10, Y0, Y2
	VPCMPEQB Y10, Y1, Y3
	JOIN(Y2, Y3, group_plus)

	VPOR caretBit<>(SB), Y0, Y2
	VPOR caretBit<>(SB), Y1, Y3
	VPCMPEQB Y9, Y2, Y2
	VPCMPEQB Y9, Y3, Y3
	JOIN(Y2, Y3, group_escape)

	VPCMPEQB Y8, Y0, Y2
	VPCMPEQB Y8, Y1, Y3
	JOIN(Y2, Y3, group_zero)

	VPCMPEQB Y6, Y0, Y2
	VPCMPEQB Y6, Y1, Y3
	JOIN(Y2, Y3, group_dash)

	ADDQ $64, SI
	ADDQ $8, DI
	INCL R11
	TESTL $7, R11
	JNZ  same
	ADDQ $(group__size-64), DI

same:
	DECQ CX
	JNZ  loop

done:
	VZEROUPPER
	RET

// func cpuid(leaf, sub uint32) (a, b, c, d uint32)
TEXT ·cpuid(SB), NOSPLIT, $0-24
	MOVL leaf+0(FP), AX
	MOVL sub+4(FP), CX
	CPUID
	MOVL AX, a+8(FP)
	MOVL BX, b+12(FP)
	MOVL CX, c+16(FP)
	MOVL DX, d+20(FP)
	RET

// func xgetbv() (a, d uint32)
TEXT ·xgetbv(SB), NOSPLIT, $0-8
	XORL CX, CX
	XGETBV
	MOVL AX, a+0(FP)
	MOVL DX, d+4(FP)
	RET

BYTES(keyFold, 0x2020202020202020)

DATA hashMul<>+0(SB)/8, $0x9E3779B97F4A7C15
GLOBL hashMul<>(SB), RODATA|NOPTR, $8

// The bytes of a key that count, by the length of the word less one.
DATA keyMask<>+0(SB)/8, $0x000000000000ffff
DATA keyMask<>+8(SB)/8, $0x000000000000ffff
DATA keyMask<>+16(SB)/8, $0x0000000000ffffff
DATA keyMask<>+24(SB)/8, $0x00000000ffffffff
DATA keyMask<>+32(SB)/8, $0x000000ffffffffff
DATA keyMask<>+40(SB)/8, $0x0000ffffffffffff
DATA keyMask<>+48(SB)/8, $0x00ffffffffffffff
DATA keyMask<>+56(SB)/8, $0xffffffffffffffff
GLOBL keyMask<>(SB), RODATA|NOPTR, $64

// func siftWordsAVX2(text []byte, groups []group, n int, bitmap *[1 << 11]uint64, found, splits []uint32) (nFound, nSplits int)
//
// SI text of the chunk  R8 its masks, then the next  R12 its offset   BX starts that are left
// DX edges of the chunk  R13 those of the next, shifted left by one  R14 inner
// DI next place in found  R11 next place in splits  R9 keyMask  R10 bitmap
TEXT ·siftWordsAVX2(SB), NOSPLIT, $8-128
	MOVQ text_base+0(FP), SI
	MOVQ groups_base+24(FP), R8
	MOVQ n+48(FP), AX
	MOVQ bitmap+56(FP), R10
	MOVQ found_base+64(FP), DI
	MOVQ splits_base+88(FP), R11
	LEAQ keyMask<>(SB), R9
	XORL R12, R12
	MOVL R12, (R11)
	SHLQ $6, AX
	MOVQ AX, end-8(SP)
	JMP  next

chunks:
	MOVQ group_starts(R8), BX
	MOVQ group_edges(R8), DX
	MOVQ group_inner(R8), R14
	ADDQ $8, R8
	LEAL 64(R12), AX
	TESTL $(7*64), AX
	JNZ  same
	ADDQ $(group__size-64), R8

same:
	TESTQ BX, BX
	JZ   skip
	MOVQ group_edges(R8), R13
	SHLQ $1, R13

words:
	TZCNTQ BX, AX

	// The length of the word less one: the first edge after it.
	SHRXQ AX, DX, CX
	MOVQ  AX, R15
	XORQ  $63, R15
	SHLXQ R15, R13, R15
	ORQ   R15, CX
	SHRQ  $1, CX
	BTSQ  $7, CX
	TZCNTQ CX, CX

	// Where this word starts inside another, that one stays in splits.
	SHRXQ AX, R14, R15
	ANDQ  $1, R15
	LEAQ  (R11)(R15*4), R11

	// Hash the bytes of the word that count.
	MOVQ (SI)(AX*1), R15
	ORQ  keyFold<>(SB), R15
	ANDQ (R9)(CX*8), R15
	IMULQ hashMul<>(SB), R15
	SHRQ $47, R15

	// Write the word to both lists; it stays in found where its bit is set.
	ADDL R12, AX
	MOVL AX, (R11)
	MOVL AX, (DI)
	MOVQ R15, CX
	SHRQ $6, CX
	MOVQ (R10)(CX*8), CX
	SHRXQ R15, CX, CX
	ANDQ $1, CX
	LEAQ (DI)(CX*4), DI

	BLSRQ BX, BX
	JNZ  words

skip:
	ADDQ $64, SI
	ADDL $64, R12

next:
	CMPQ R12, end-8(SP)
	JB   chunks

	SUBQ found_base+64(FP), DI
	SHRQ $2, DI
	MOVQ DI, nFound+112(FP)
	SUBQ splits_base+88(FP), R11
	SHRQ $2, R11
	MOVQ R11, nSplits+120(FP)
	RET

BYTES(lowHalf, 0x0f0f0f0f0f0f0f0f)

// FINGERS looks up 32 bytes at off: the buckets of their low halves in lo and of their
// high halves in hi, both together in res.
#define FINGERS(off, lo, hi, res) \
	VMOVDQU off(SI), Y0 \
	VPAND   Y15, Y0, Y1 \
	VPSRLW  $4, Y0, Y2 \
	VPAND   Y15, Y2, Y2 \
	VPSHUFB Y1, lo, Y1 \
	VPSHUFB Y2, hi, Y2 \
	VPAND   Y1, Y2, res

// func markFingersAVX2(text []byte, f *fingers, out []uint64)
TEXT ·markFingersAVX2(SB), NOSPLIT, $0-56
	MOVQ text_base+0(FP), SI
	MOVQ f+24(FP), R8
	MOVQ out_base+32(FP), DI
	MOVQ out_len+40(FP), CX
	VMOVDQU 0(R8), Y6
	VMOVDQU 32(R8), Y7
	VMOVDQU 64(R8), Y8
	VMOVDQU 96(R8), Y9
	VMOVDQU 128(R8), Y10
	VMOVDQU 160(R8), Y11
	VMOVDQU lowHalf<>(SB), Y15
	VPXOR   Y14, Y14, Y14
	TESTQ CX, CX
	JZ   marked

mark:
	FINGERS(0, Y6, Y7, Y3)
	FINGERS(1, Y8, Y9, Y4)
	FINGERS(2, Y10, Y11, Y5)
	VPAND Y3, Y4, Y3
	VPAND Y3, Y5, Y3
	VPCMPEQB Y14, Y3, Y3
	VPMOVMSKB Y3, AX

	FINGERS(32, Y6, Y7, Y3)
	FINGERS(33, Y8, Y9, Y4)
	FINGERS(34, Y10, Y11, Y5)
	VPAND Y3, Y4, Y3
	VPAND Y3, Y5, Y3
	VPCMPEQB Y14, Y3, Y3
	VPMOVMSKB Y3, BX

	SHLQ $32, BX
	ORQ  BX, AX
	NOTQ AX
	MOVQ AX, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JNZ  mark

marked:
	VZEROUPPER
	RET
