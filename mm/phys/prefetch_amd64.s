#include "go_asm.h"
#include "textflag.h"

// func prefetch(sections []*section, pages []uint32)
TEXT ·prefetch(SB), NOSPLIT, $0-48
	MOVQ sections_base+0(FP), SI
	MOVQ sections_len+8(FP), DX
	MOVQ pages_base+24(FP), DI
	MOVQ pages_len+32(FP), CX
	TESTQ CX, CX
	JZ done
next:
	MOVL (DI), AX
	ADDQ $4, DI
	MOVQ AX, BX
	SHRQ $const_sectionShift, BX
	CMPQ BX, DX
	JAE skip
	ANDQ $const_sectionMask, AX
	IMULQ $Page__size, AX
	ADDQ (SI)(BX*8), AX
	PREFETCHT0 (AX)
skip:
	DECQ CX
	JNZ next
done:
	RET
