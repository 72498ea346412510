#include "textflag.h"

// FILL sets every byte of a register.
#define FILL(v, z) \
	MOVL $v, AX \
	VPBROADCASTB AX, z

// func classifyAVX512(text []byte, out []masks)
TEXT ·classifyAVX512(SB), NOSPLIT, $0-48
	MOVQ text_base+0(FP), SI
	MOVQ out_base+24(FP), DI
	MOVQ out_len+32(FP), CX
	FILL(0x20, Z15) // the bit of small letters, and the space
	FILL(0x61, Z14)
	FILL(25, Z13)
	FILL(0x30, Z12) // the first digit, and a zero
	FILL(9, Z11)
	FILL(0xe0, Z10)
	FILL(0xc0, Z9)
	FILL(0xc2, Z8)
	FILL(0x2b, Z7)
	FILL(0x5c, Z6)
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
	KMOVQ     K1, 0(DI)
	KMOVQ     K2, 8(DI)

	VPSUBB  Z12, Z0, Z1
	VPCMPUB $2, Z11, Z1, K3
	KMOVQ   K3, 16(DI)

	// Bytes that lead a rune of two bytes, but 0xC2, and those that go on with one:
	// the lowest as signed numbers.
	VPANDQ   Z10, Z0, Z1
	VPCMPEQB Z9, Z1, K4
	VPCMPUB  $4, Z8, Z0, K4, K4
	VPCMPB   $1, Z9, Z0, K5
	KMOVQ    K4, 24(DI)
	KMOVQ    K5, 32(DI)

	VPCMPEQB Z15, Z0, K1
	VPCMPEQB Z7, Z0, K2
	VPCMPEQB Z6, Z0, K3
	VPCMPEQB Z12, Z0, K4
	VPCMPEQB Z5, Z0, K5
	KMOVQ    K1, 40(DI)
	KMOVQ    K2, 48(DI)
	KMOVQ    K3, 56(DI)
	KMOVQ    K4, 64(DI)
	KMOVQ    K5, 72(DI)

	ADDQ $64, SI
	ADDQ $80, DI
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

// func siftWordsAVX512(text []byte, words []wordMasks, bitmap *[1 << 11]uint64, found, splits []uint32) (nFound, nSplits int)
//
// SI text of the chunk  R8 its masks  R12 its offset  BX its starts  DX its edges
// DI next place in found  R11 next place in splits  R10 bitmap  R9 the last word
// R13 whether the chunk before ends inside a word
TEXT ·siftWordsAVX512(SB), NOSPLIT, $8-120
	MOVQ text_base+0(FP), SI
	MOVQ words_base+24(FP), R8
	MOVQ words_len+32(FP), AX
	MOVQ bitmap+48(FP), R10
	MOVQ found_base+56(FP), DI
	MOVQ splits_base+80(FP), R11
	XORL R12, R12
	XORL R13, R13
	XORL R9, R9
	LEAQ -3(AX)(AX*2), AX // 3*(len-1) words of masks
	LEAQ (R8)(AX*8), AX
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
	MOVQ 0(R8), BX
	MOVQ 8(R8), DX

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
	TZCNTQ 32(R8), AX
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
	MOVQ 16(R8), DX
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
	ADDQ $24, R8

next:
	CMPQ R8, end-8(SP)
	JB   chunks

	MOVL R9, (R11)
	VZEROUPPER
	SUBQ found_base+56(FP), DI
	SHRQ $2, DI
	MOVQ DI, nFound+104(FP)
	SUBQ splits_base+80(FP), R11
	SHRQ $2, R11
	MOVQ R11, nSplits+112(FP)
	RET
