#include "textflag.h"

// oddLow and oddHigh share a bit for the low and the high half of each byte of oddBytes, and of no other.
DATA oddLow<>+0(SB)/8, $0x0000000030141001 // 0: 1; 1: 16; 2: 4|16; 3: 16|32
DATA oddLow<>+8(SB)/8, $0x1000040002000009 // 8: 1|8; b: 2; d: 4; f: 16
DATA oddLow<>+16(SB)/8, $0x0000000030141001
DATA oddLow<>+24(SB)/8, $0x1000040002000009
GLOBL oddLow<>(SB), RODATA|NOPTR, $32

DATA oddHigh<>+0(SB)/8, $0x0000000000000201 // 0: 1; 1: 2
DATA oddHigh<>+8(SB)/8, $0x2010080400000000 // c: 4; d: 8; e: 16; f: 32
DATA oddHigh<>+16(SB)/8, $0x0000000000000201
DATA oddHigh<>+24(SB)/8, $0x2010080400000000
GLOBL oddHigh<>(SB), RODATA|NOPTR, $32

DATA halves<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA halves<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA halves<>+16(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA halves<>+24(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL halves<>(SB), RODATA|NOPTR, $32

DATA tabs<>+0(SB)/8, $0x0909090909090909
DATA tabs<>+8(SB)/8, $0x0909090909090909
DATA tabs<>+16(SB)/8, $0x0909090909090909
DATA tabs<>+24(SB)/8, $0x0909090909090909
GLOBL tabs<>(SB), RODATA|NOPTR, $32

DATA escapes<>+0(SB)/8, $0x1b1b1b1b1b1b1b1b
DATA escapes<>+8(SB)/8, $0x1b1b1b1b1b1b1b1b
DATA escapes<>+16(SB)/8, $0x1b1b1b1b1b1b1b1b
DATA escapes<>+24(SB)/8, $0x1b1b1b1b1b1b1b1b
GLOBL escapes<>(SB), RODATA|NOPTR, $32

// func nextOddAVX2(text []byte, from int) (at int, bits uint64)
TEXT ·nextOddAVX2(SB), NOSPLIT, $0-48
	MOVQ text_base+0(FP), SI
	MOVQ text_len+8(FP), CX
	MOVQ from+24(FP), DX
	VMOVDQU oddLow<>(SB), Y15
	VMOVDQU oddHigh<>(SB), Y14
	VMOVDQU halves<>(SB), Y13
	VMOVDQU tabs<>(SB), Y12
	VMOVDQU escapes<>(SB), Y11
	VPXOR Y10, Y10, Y10
	XORQ AX, AX
	SUBQ $64, CX // the last place from which a chunk is whole

loop:
	CMPQ DX, CX
	JGT  done
	VMOVDQU (SI)(DX*1), Y0
	VMOVDQU 32(SI)(DX*1), Y1

	// Most text is ASCII without control characters but line ends and tabs: as signed bytes, not less than a tab.
	VPCMPGTB Y0, Y12, Y2
	VPCMPGTB Y1, Y12, Y3
	VPCMPEQB Y0, Y11, Y4
	VPCMPEQB Y1, Y11, Y5
	VPOR  Y2, Y3, Y2
	VPOR  Y4, Y5, Y4
	VPOR  Y2, Y4, Y2
	VPTEST Y2, Y2
	JNZ  look
	ADDQ $64, DX
	JMP  loop

look:
	VPSRLW $4, Y0, Y2
	VPSRLW $4, Y1, Y3
	VPAND  Y13, Y2, Y2
	VPAND  Y13, Y3, Y3
	VPAND  Y13, Y0, Y0
	VPAND  Y13, Y1, Y1
	VPSHUFB Y0, Y15, Y0
	VPSHUFB Y1, Y15, Y1
	VPSHUFB Y2, Y14, Y2
	VPSHUFB Y3, Y14, Y3
	VPAND  Y0, Y2, Y0
	VPAND  Y1, Y3, Y1
	VPCMPEQB Y0, Y10, Y0
	VPCMPEQB Y1, Y10, Y1
	VPMOVMSKB Y0, AX
	VPMOVMSKB Y1, BX
	SHLQ $32, BX
	ORQ  BX, AX
	NOTQ AX
	TESTQ AX, AX
	JNZ  done
	ADDQ $64, DX
	JMP  loop

done:
	VZEROUPPER
	MOVQ DX, at+32(FP)
	MOVQ AX, bits+40(FP)
	RET
