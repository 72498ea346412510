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
BYTES(backslash, 0x5c5c5c5c5c5c5c5c)
BYTES(zeroDigit, 0x3030303030303030)

// JOIN moves the top bits of two registers to one word and stores it.
#define JOIN(lo, hi, off) \
	VPMOVMSKB lo, AX \
	VPMOVMSKB hi, BX \
	SHLQ $32, BX \
	ORQ  BX, AX \
	MOVQ AX, off(DI)

// func classifyAVX2(text []byte, out []masks)
TEXT ·classifyAVX2(SB), NOSPLIT, $0-48
	MOVQ text_base+0(FP), SI
	MOVQ out_base+24(FP), DI
	MOVQ out_len+32(FP), CX
	VMOVDQU caseBit<>(SB), Y15
	VMOVDQU letterBias<>(SB), Y14
	VMOVDQU letterTop<>(SB), Y13
	VMOVDQU digitBias<>(SB), Y12
	VMOVDQU digitTop<>(SB), Y11
	VMOVDQU plusSign<>(SB), Y10
	VMOVDQU backslash<>(SB), Y9
	VMOVDQU zeroDigit<>(SB), Y8
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
	JOIN(Y2, Y3, 0)

	// Capitals: letters whose case bit is clear; the shift brings that bit to the top.
	VPSLLW $2, Y0, Y4
	VPSLLW $2, Y1, Y5
	VPMOVMSKB Y4, R8
	VPMOVMSKB Y5, R9
	SHLQ $32, R9
	ORQ  R9, R8
	NOTQ R8
	ANDQ R8, AX
	MOVQ AX, 8(DI)

	// Digits.
	VPADDB Y12, Y0, Y2
	VPADDB Y12, Y1, Y3
	VPCMPGTB Y2, Y11, Y2
	VPCMPGTB Y3, Y11, Y3
	JOIN(Y2, Y3, 16)

	// Outside ASCII, and the bytes that lead a rune there.
	JOIN(Y0, Y1, 24)
	VPSLLW $1, Y0, Y4
	VPSLLW $1, Y1, Y5
	VPMOVMSKB Y4, R8
	VPMOVMSKB Y5, R9
	SHLQ $32, R9
	ORQ  R9, R8
	ANDQ R8, AX
	MOVQ AX, 32(DI)

	VPCMPEQB Y15, Y0, Y2
	VPCMPEQB Y15, Y1, Y3
	JOIN(Y2, Y3, 40)

	VPCMPEQB Y10, Y0, Y2
	VPCMPEQB Y10, Y1, Y3
	JOIN(Y2, Y3, 48)

	VPCMPEQB Y9, Y0, Y2
	VPCMPEQB Y9, Y1, Y3
	JOIN(Y2, Y3, 56)

	VPCMPEQB Y8, Y0, Y2
	VPCMPEQB Y8, Y1, Y3
	JOIN(Y2, Y3, 64)

	ADDQ $64, SI
	ADDQ $72, DI
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
