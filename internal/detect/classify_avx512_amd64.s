#include "go_asm.h"
#include "textflag.h"

// FILL sets every byte of a register.
#define FILL(v, z) \
	MOVL $v, AX \
	VPBROADCASTB AX, z

// func classifyAVX512(text []byte, out []group)
TEXT ·classifyAVX512(SB), NOSPLIT, $0-48
	MOVQ text_base+0(FP), SI
	MOVQ out_base+24(FP), DI
	MOVQ text_len+8(FP), CX
	SHRQ $6, CX
	XORL R11, R11
	FILL(0x20, Z15) // the bit of small letters, and the space
	FILL(0x61, Z14)
	FILL(25, Z13)
	FILL(0x30, Z12) // the first digit, and a zero
	FILL(9, Z11)
	FILL(0xe0, Z10)
	FILL(0xc0, Z9)
	FILL(0xc2, Z8)
	FILL(0x2b, Z7)
	FILL(0x5e, Z6) // a caret, and a backslash with the next bit
	FILL(0x02, Z4)
	FILL(0x2d, Z5)
	TESTQ CX, CX
	JZ   done

loop:
	VMOVDQU64 (SI), Z0

	// Letters: fold the case; capitals have the bit clear.
	VPORQ     Z15, Z0, Z1
	VPSUBB    Z14, Z1, Z1
	VPCMPUB   $2, Z13, Z1, K1
	VPTESTNMB Z15, Z0, K1, K2
	KMOVQ     K1, group_letter(DI)
	KMOVQ     K2, group_upper(DI)

	VPSUBB  Z12, Z0, Z1
	VPCMPUB $2, Z11, Z1, K3
	KMOVQ   K3, group_digit(DI)

	// Bytes that lead a rune of two bytes, but 0xC2, and those that go on with one:
	// the lowest as signed numbers.
	VPANDQ   Z10, Z0, Z1
	VPCMPEQB Z9, Z1, K4
	VPCMPUB  $4, Z8, Z0, K4, K4
	VPCMPB   $1, Z9, Z0, K5
	KMOVQ    K4, group_two(DI)
	KMOVQ    K5, group_cont(DI)

	VPCMPEQB Z15, Z0, K1
	VPCMPEQB Z7, Z0, K2
	VPORQ    Z4, Z0, Z1
	VPCMPEQB Z6, Z1, K3
	VPCMPEQB Z12, Z0, K4
	VPCMPEQB Z5, Z0, K5
	KMOVQ    K1, group_space(DI)
	KMOVQ    K2, group_plus(DI)
	KMOVQ    K3, group_escape(DI)
	KMOVQ    K4, group_zero(DI)
	KMOVQ    K5, group_dash(DI)

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

DATA iota64<>+0(SB)/8, $0x0706050403020100
DATA iota64<>+8(SB)/8, $0x0f0e0d0c0b0a0908
DATA iota64<>+16(SB)/8, $0x1716151413121110
DATA iota64<>+24(SB)/8, $0x1f1e1d1c1b1a1918
DATA iota64<>+32(SB)/8, $0x2726252423222120
DATA iota64<>+40(SB)/8, $0x2f2e2d2c2b2a2928
DATA iota64<>+48(SB)/8, $0x3736353433323130
DATA iota64<>+56(SB)/8, $0x3f3e3d3c3b3a3938
GLOBL iota64<>(SB), RODATA|NOPTR, $64

// Each of eight bytes eight times.
DATA spread8<>+0(SB)/8, $0x0000000000000000
DATA spread8<>+8(SB)/8, $0x0101010101010101
DATA spread8<>+16(SB)/8, $0x0202020202020202
DATA spread8<>+24(SB)/8, $0x0303030303030303
DATA spread8<>+32(SB)/8, $0x0404040404040404
DATA spread8<>+40(SB)/8, $0x0505050505050505
DATA spread8<>+48(SB)/8, $0x0606060606060606
DATA spread8<>+56(SB)/8, $0x0707070707070707
GLOBL spread8<>(SB), RODATA|NOPTR, $64

// FILLQ sets every eight bytes of a register.
#define FILLQ(v, z) \
	MOVQ $v, AX \
	VPBROADCASTQ AX, z

// func siftWordsAVX512(text []byte, groups []group, n int, bitmap *[1 << 11]uint64, found, splits []uint32) (nFound, nSplits int)
//
// SI text of the chunk  R8 its masks, then the next  R12 its offset  BX its starts  DX its edges
// DI next place in found  R11 next place in splits  R10 bitmap  R9 the last word
// R13 whether the chunk before ends inside a word
TEXT ·siftWordsAVX512(SB), NOSPLIT, $16-128
	MOVQ text_base+0(FP), SI
	MOVQ groups_base+24(FP), R8
	MOVQ n+48(FP), AX
	MOVQ bitmap+56(FP), R10
	MOVQ found_base+64(FP), DI
	MOVQ splits_base+88(FP), R11
	XORL R12, R12
	XORL R13, R13
	XORL R9, R9
	SHLQ $6, AX
	MOVQ AX, end-8(SP)
	VMOVDQU64 iota64<>(SB), Z31
	VMOVDQU64 spread8<>(SB), Z29
	FILLQ(0x0706050403020100, Z30)
	FILLQ(0x2020202020202020, Z28)
	FILLQ(0x9E3779B97F4A7C15, Z27)
	FILLQ(63, Z26)
	FILLQ(1, Z25)
	FILLQ(64, Z24)
	FILLQ(0x0808080808080808, Z23)
	FILLQ(0x0202020202020202, Z22)
	VPTERNLOGD $0xff, Z21, Z21, Z21
	JMP  next

chunks:
	MOVQ group_starts(R8), BX
	MOVQ group_edges(R8), DX
	MOVQ group_inner(R8), CX
	MOVQ CX, inner-16(SP)
	ADDQ $8, R8
	LEAL 64(R12), AX
	TESTL $(7*64), AX
	JNZ  same
	ADDQ $(group__size-64), R8

same:
	// The first edge after each word: those behind a byte of a word. The first of
	// them ends the word that goes on from the chunk before.
	MOVQ DX, R14
	NOTQ R14
	ORQ  BX, R14
	LEAQ (R13)(R14*2), R15
	ANDQ DX, R15
	BLSRQ R15, AX
	TESTQ R13, R13
	CMOVQNE AX, R15
	MOVQ R14, R13
	SHRQ $63, R13
	TESTQ BX, BX
	JZ   skip

	// The lengths of the words, from 2 to 8; the last may end in the next chunk.
	TZCNTQ group_edges(R8), AX
	ADDL   $64, AX
	VPBROADCASTB AX, Z1
	KMOVQ  R15, K1
	VPCOMPRESSB Z31, K1, Z1
	KMOVQ  BX, K2
	VPCOMPRESSB.Z Z31, K2, Z0
	VPSUBB Z0, Z1, Z1
	VPMINUB Z23, Z1, Z1
	VPMAXUB Z22, Z1, Z1

	VMOVDQU64 (SI), Z2
	VMOVQ   64(SI), X3
	VPBROADCASTD R12, Y4
	POPCNTQ BX, CX

	// Eight words at a time.
words:
	MOVL  $-1, AX
	BZHIL CX, AX, AX
	KMOVB AX, K1
	KXNORB K2, K2, K2

	// The bytes of each that count.
	VPERMB  Z0, Z29, Z5
	VPADDB  Z30, Z5, Z5
	VPERMI2B Z3, Z2, Z5
	VPORQ   Z28, Z5, Z5
	VPMOVZXBQ X1, Z6
	VPSLLQ  $3, Z6, Z6
	VPSUBQ  Z6, Z24, Z6
	VPSRLVQ Z6, Z21, Z6
	VPANDQ  Z6, Z5, Z5

	// Hash them and look at the bits.
	VPMULLQ Z27, Z5, Z5
	VPSRLQ  $47, Z5, Z5
	VPSRLQ  $6, Z5, Z6
	VPANDQ  Z26, Z5, Z5
	VPXORQ  Z7, Z7, Z7
	VPGATHERQQ (R10)(Z6*8), K2, Z7
	VPSRLVQ Z5, Z7, Z7
	VPTESTMQ Z25, Z7, K1, K3

	// Those with a bit are found.
	VPMOVZXBD X0, Y8
	VPADDD  Y4, Y8, Y8
	VPCOMPRESSD.Z Y8, K3, Y8
	VMOVDQU Y8, (DI)
	KMOVB   K3, AX
	POPCNTL AX, AX
	LEAQ    (DI)(AX*4), DI

	VALIGNQ $1, Z0, Z0, Z0
	VALIGNQ $1, Z1, Z1, Z1
	SUBL $8, CX
	JG   words

	// Words that start right after others: those stay in splits.
	MOVQ inner-16(SP), DX
	TESTQ DX, DX
	JZ   last
	PEXTQ BX, DX, AX
	MOVL  R9, (R11)
	MOVQ  AX, CX
	ANDL  $1, CX
	LEAQ  (R11)(CX*4), R11
	SHRQ  $1, AX
	PDEPQ BX, AX, AX
	KMOVQ AX, K1
	VPCOMPRESSB.Z Z31, K1, Z5
	VPBROADCASTD R12, Z4
	VPMOVZXBD X5, Z6
	VPADDD  Z4, Z6, Z6
	VMOVDQU32 Z6, (R11)
	POPCNTQ AX, AX
	CMPL AX, $16
	JLE  splits
	VEXTRACTI32X4 $1, Z5, X6
	VPMOVZXBD X6, Z6
	VPADDD  Z4, Z6, Z6
	VMOVDQU32 Z6, 64(R11)
	CMPL AX, $32
	JLE  splits
	VEXTRACTI32X4 $2, Z5, X6
	VPMOVZXBD X6, Z6
	VPADDD  Z4, Z6, Z6
	VMOVDQU32 Z6, 128(R11)
	VEXTRACTI32X4 $3, Z5, X6
	VPMOVZXBD X6, Z6
	VPADDD  Z4, Z6, Z6
	VMOVDQU32 Z6, 192(R11)

splits:
	LEAQ (R11)(AX*4), R11

last:
	LZCNTQ BX, AX
	XORL $63, AX
	LEAL (R12)(AX*1), R9

skip:
	ADDQ $64, SI
	ADDL $64, R12

next:
	CMPQ R12, end-8(SP)
	JB   chunks

	MOVL R9, (R11)
	VZEROUPPER
	SUBQ found_base+64(FP), DI
	SHRQ $2, DI
	MOVQ DI, nFound+112(FP)
	SUBQ splits_base+88(FP), R11
	SHRQ $2, R11
	MOVQ R11, nSplits+120(FP)
	RET

// NEXT is the plane of the next chunks; PREV of those before.
#define NEXT(field, cur, res) \
	VMOVDQU64 (group__size+field)(SI), res \
	VALIGNQ $1, cur, res, res

#define PREV(field, cur, res) \
	VALIGNQ $7, (field-group__size)(SI), cur, res

// AHEAD moves the bits k places on to where they are looked at, BEHIND those before.
#define AHEAD(k, cur, next, res) VPSHRDQ $k, next, cur, res
#define BEHIND(k, cur, prev, res) VPSHLDQ $k, prev, cur, res

// LESS is a without b.
#define LESS(a, b, res) VPANDNQ a, b, res

// func markAVX512(groups *group, n int, digits, tokens *uint64)
TEXT ·markAVX512(SB), NOSPLIT, $0-32
	MOVQ groups+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ digits+16(FP), R8
	MOVQ tokens+24(FP), R9
	TESTQ CX, CX
	JZ   done

loop:
	VMOVDQU64 group_letter(SI), Z0
	PREV(group_letter, Z0, Z1)
	NEXT(group_letter, Z0, Z2)
	VMOVDQU64 group_upper(SI), Z3
	PREV(group_upper, Z3, Z4)
	NEXT(group_upper, Z3, Z5)
	VMOVDQU64 group_digit(SI), Z6
	PREV(group_digit, Z6, Z7)
	NEXT(group_digit, Z6, Z8)
	VMOVDQU64 group_space(SI), Z9
	PREV(group_space, Z9, Z10)
	NEXT(group_space, Z9, Z11)
	VMOVDQU64 group_cont(SI), Z12
	NEXT(group_cont, Z12, Z13)
	VMOVDQU64 group_two(SI), Z14
	NEXT(group_two, Z14, Z15)

	// Z16 runes of two bytes, Z17 the same before.
	AHEAD(1, Z12, Z13, Z16)
	VPANDQ Z14, Z16, Z16
	PREV(group_two, Z14, Z17)
	PREV(group_cont, Z12, Z18)
	AHEAD(1, Z18, Z12, Z18)
	VPANDQ Z18, Z17, Z17

	// Z18 what follows a letter, Z19 words, Z20 their starts.
	BEHIND(1, Z0, Z1, Z18)
	BEHIND(2, Z16, Z17, Z19)
	VPORQ Z19, Z18, Z18
	BEHIND(1, Z16, Z17, Z19)
	VPORQ Z0, Z16, Z20
	VPORQ Z20, Z19, Z19
	LESS(Z20, Z18, Z20)
	LESS(Z0, Z3, Z21)
	LESS(Z1, Z4, Z22)
	LESS(Z2, Z5, Z23)
	BEHIND(1, Z21, Z22, Z22)
	AHEAD(1, Z21, Z23, Z23)
	BEHIND(1, Z3, Z4, Z24)
	VPANDQ Z24, Z23, Z23
	VPORQ  Z23, Z22, Z22
	VPANDQ Z3, Z22, Z22
	VPORQ  Z22, Z20, Z20
	VMOVDQU64 Z20, group_starts(SI)
	VPANDQ Z18, Z20, Z21
	VMOVDQU64 Z21, group_inner(SI)
	VPTERNLOGQ $0xff, Z31, Z31, Z31
	LESS(Z31, Z19, Z22)
	VPORQ Z20, Z22, Z23
	VMOVDQU64 Z23, group_edges(SI)
	VPORQ  Z3, Z16, Z24
	VPANDQ Z20, Z24, Z24
	LESS(Z24, Z21, Z24)
	VMOVDQU64 Z24, group_capital(SI)
	AHEAD(1, Z9, Z11, Z23)
	VPORQ  Z9, Z23, Z23
	VPORQ  group_dash(SI), Z23, Z23
	VPANDQ Z22, Z23, Z23
	VMOVDQU64 Z23, group_follow(SI)

	// Z25 what follows a letter or digit.
	VPORQ Z0, Z6, Z24
	VPORQ Z1, Z7, Z25
	BEHIND(1, Z24, Z25, Z25)
	LESS(Z24, Z25, Z24)
	VPORQ (R9), Z24, Z24
	VMOVDQU64 Z24, (R9)
	VMOVDQU64 Z6, (R8)

	// Z16 to Z21 digits one to six places on, Z22 where they start.
	AHEAD(1, Z6, Z8, Z16)
	AHEAD(2, Z6, Z8, Z17)
	AHEAD(3, Z6, Z8, Z18)
	AHEAD(4, Z6, Z8, Z19)
	AHEAD(5, Z6, Z8, Z20)
	AHEAD(6, Z6, Z8, Z21)
	BEHIND(1, Z6, Z7, Z22)
	LESS(Z6, Z22, Z22)

	// Z23 two digits, Z26 four, Z28 three, each before the same of the next chunk.
	VPANDQ Z16, Z6, Z23
	VPSRLQ $1, Z8, Z24
	VPANDQ Z8, Z24, Z24
	AHEAD(2, Z23, Z24, Z26)
	VPANDQ Z23, Z26, Z26
	VPSRLQ $2, Z24, Z27
	VPANDQ Z24, Z27, Z27
	VPANDQ Z17, Z23, Z28
	VPSRLQ $2, Z8, Z29
	VPANDQ Z24, Z29, Z29
	VPANDQ Z26, Z22, Z30

	// Cards: thirteen and more, groups of four or more and three or more, six and ten.
	AHEAD(4, Z26, Z27, Z23)
	VPANDQ Z26, Z23, Z23
	VPSRLQ $4, Z27, Z24
	VPANDQ Z27, Z24, Z24
	AHEAD(5, Z23, Z24, Z24)
	VPANDQ Z23, Z24, Z24
	AHEAD(5, Z28, Z29, Z23)
	LESS(Z23, Z19, Z23)
	VPORQ  Z23, Z24, Z24
	AHEAD(7, Z26, Z27, Z23)
	VPANDQ Z19, Z23, Z23
	VPANDQ Z20, Z23, Z23
	LESS(Z23, Z21, Z23)
	VPORQ  Z23, Z24, Z24
	VPANDQ Z30, Z24, Z24
	VMOVDQU64 Z24, group_cards(SI)
	VMOVDQA64 Z24, Z31

	// Phones: one digit and soon three, two zeros, a plus.
	AHEAD(2, Z28, Z29, Z23)
	AHEAD(3, Z28, Z29, Z24)
	VPORQ  Z24, Z23, Z23
	AHEAD(4, Z28, Z29, Z24)
	VPORQ  Z24, Z23, Z23
	AHEAD(5, Z28, Z29, Z24)
	VPORQ  Z24, Z23, Z23
	LESS(Z22, Z16, Z24)
	VPANDQ Z23, Z24, Z24
	VMOVDQU64 group_zero(SI), Z26
	LESS(Z24, Z26, Z24)
	NEXT(group_zero, Z26, Z27)
	AHEAD(1, Z26, Z27, Z27)
	VPANDQ Z26, Z27, Z27
	VMOVDQU64 group_dash(SI), Z28
	NEXT(group_dash, Z28, Z29)
	VPORQ  Z9, Z28, Z28
	VPORQ  Z11, Z29, Z29
	AHEAD(2, Z28, Z29, Z28)
	VPORQ  Z17, Z28, Z29
	VPANDQ Z27, Z29, Z29
	VPANDQ Z22, Z29, Z29
	VPORQ  Z29, Z24, Z24
	VPORQ  group_plus(SI), Z24, Z24
	VMOVDQU64 Z24, group_phones(SI)
	VPORQ  Z24, Z31, Z31

	// IBANs: two letters and two digits, and those with something between.
	AHEAD(1, Z0, Z2, Z23)
	VPANDQ Z0, Z23, Z23
	LESS(Z23, Z25, Z23)
	VPANDQ Z17, Z18, Z24
	VPANDQ Z23, Z24, Z24
	VMOVDQU64 Z24, group_ibans(SI)
	VPORQ  Z24, Z31, Z31
	VPANDQ Z18, Z28, Z24
	VPANDQ Z19, Z24, Z24
	AHEAD(3, Z12, Z13, Z26)
	VPORQ  Z19, Z21, Z27
	VPANDQ Z20, Z27, Z27
	VPANDQ Z26, Z27, Z27
	VPORQ  Z27, Z24, Z24
	VPANDQ Z23, Z24, Z24
	VMOVDQU64 Z24, group_apart(SI)
	VPORQ  Z24, Z31, Z25

	// Postal codes: 1AA and 1A1, in small letters behind a digit.
	AHEAD(1, Z0, Z2, Z23)
	VPANDQ Z22, Z23, Z23
	AHEAD(2, Z0, Z2, Z24)
	VPORQ  Z17, Z24, Z24
	VPANDQ Z24, Z23, Z23
	VPORQ  Z0, Z6, Z26
	VPORQ  Z2, Z8, Z27
	AHEAD(3, Z26, Z27, Z26)
	LESS(Z23, Z26, Z23)
	AHEAD(1, Z3, Z5, Z24)
	BEHIND(2, Z6, Z7, Z26)
	BEHIND(3, Z6, Z7, Z27)
	VPORQ  Z27, Z26, Z26
	BEHIND(1, Z9, Z10, Z27)
	VPANDQ Z27, Z26, Z26
	VPORQ  Z26, Z24, Z24
	VPANDQ Z24, Z23, Z23

	// Five digits near letters, or before a hyphen and three more.
	VMOVDQA64 Z27, Z24
	VPORQ  Z0, Z14, Z26
	VPORQ  Z2, Z15, Z27
	VPANDQ Z30, Z19, Z28
	LESS(Z28, Z20, Z28)
	BEHIND(2, Z0, Z1, Z29)
	BEHIND(3, Z0, Z1, Z16)
	VPORQ  Z16, Z29, Z29
	BEHIND(4, Z0, Z1, Z16)
	VPORQ  Z16, Z29, Z29
	VPANDQ Z24, Z29, Z29
	AHEAD(5, Z9, Z11, Z16)
	AHEAD(6, Z26, Z27, Z17)
	VPANDQ Z17, Z16, Z16
	VPORQ  Z16, Z29, Z29
	AHEAD(6, Z9, Z11, Z16)
	AHEAD(7, Z26, Z27, Z17)
	VPANDQ Z17, Z16, Z16
	VPORQ  Z16, Z29, Z29
	VMOVDQU64 group_dash(SI), Z16
	NEXT(group_dash, Z16, Z17)
	AHEAD(5, Z16, Z17, Z16)
	VPANDQ Z21, Z16, Z16
	AHEAD(7, Z6, Z8, Z17)
	VPANDQ Z17, Z16, Z16
	AHEAD(8, Z6, Z8, Z17)
	VPANDQ Z17, Z16, Z16
	AHEAD(9, Z6, Z8, Z17)
	LESS(Z16, Z17, Z16)
	VPORQ  Z16, Z29, Z29
	VPANDQ Z28, Z29, Z29
	VPORQ  Z29, Z23, Z23

	// Four after capitals.
	LESS(Z30, Z19, Z28)
	VPANDQ Z24, Z28, Z28
	BEHIND(2, Z3, Z4, Z16)
	BEHIND(3, Z3, Z4, Z17)
	VPORQ  Z17, Z16, Z16
	VPANDQ Z16, Z28, Z28
	VPORQ  Z28, Z23, Z23
	VMOVDQU64 Z23, group_codes(SI)
	VPORQ  Z23, Z25, Z31
	VMOVDQU64 Z31, group_marked(SI)

	ADDQ $group__size, SI
	ADDQ $64, R8
	ADDQ $64, R9
	DECQ CX
	JNZ  loop

done:
	VZEROUPPER
	RET
