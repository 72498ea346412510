#include "textflag.h"

DATA ·openerBytes+0(SB)/1, $0x20
DATA ·openerBytes+1(SB)/1, $0x7b
GLOBL ·openerBytes(SB), RODATA|NOPTR, $2

// func openersAVX2(text []byte) int
TEXT ·openersAVX2(SB), NOSPLIT, $0-32
	MOVQ text_base+0(FP), SI
	MOVQ text_len+8(FP), CX
	VPBROADCASTB ·openerBytes+0(SB), Y14
	VPBROADCASTB ·openerBytes+1(SB), Y15
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	SHRQ $6, CX
	JZ   done

loop:
	VPOR (SI), Y14, Y0
	VPOR 32(SI), Y14, Y1
	VPCMPEQB Y15, Y0, Y0
	VPCMPEQB Y15, Y1, Y1
	VPSUBB Y0, Y4, Y4 // equal is minus one
	VPSUBB Y1, Y5, Y5
	ADDQ $64, SI
	DECQ CX
	JNZ  loop

done:
	// The sums of eight bytes each, and of those.
	VPXOR Y6, Y6, Y6
	VPSADBW Y6, Y4, Y4
	VPSADBW Y6, Y5, Y5
	VPADDQ Y5, Y4, Y4
	VEXTRACTI128 $1, Y4, X5
	VPADDQ X5, X4, X4
	VPSHUFD $0xee, X4, X5
	VPADDQ X5, X4, X4
	VMOVQ X4, AX
	VZEROUPPER
	MOVQ AX, ret+24(FP)
	RET
