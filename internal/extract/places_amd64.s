#include "textflag.h"

// STORE compares the 64 bytes in Y0 and Y1 with a byte and stores a bit for each that is equal.
#define STORE(byte, off) \
	VPCMPEQB byte, Y0, Y2 \
	VPCMPEQB byte, Y1, Y3 \
	VPMOVMSKB Y2, AX \
	VPMOVMSKB Y3, BX \
	SHLQ $32, BX \
	ORQ  BX, AX \
	MOVQ AX, off(DI)

// func findPlacesAVX2(text []byte, a, b, c byte, out []places)
TEXT ·findPlacesAVX2(SB), NOSPLIT, $0-56
	MOVQ text_base+0(FP), SI
	MOVQ out_base+32(FP), DI
	MOVQ out_len+40(FP), CX
	VPBROADCASTB a+24(FP), Y13
	VPBROADCASTB b+25(FP), Y14
	VPBROADCASTB c+26(FP), Y15
	TESTQ CX, CX
	JZ   done

loop:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	STORE(Y13, 0)
	STORE(Y14, 8)
	STORE(Y15, 16)
	ADDQ $64, SI
	ADDQ $24, DI
	DECQ CX
	JNZ  loop

done:
	VZEROUPPER
	RET
