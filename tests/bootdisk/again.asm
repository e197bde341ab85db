; A boot sector that gives up by INT 19h, so that the BIOS begins with its first boot device again, and
; at the second time reports and ends. What the first lunboot took must be free again.
;
; @ base KIB  drives COUNT     both times
; @ PASS

bits 16
cpu 586
org 0x7c00

FLAG  equ 0x4f0 ; BDA: inter-application communication area
MAGIC equ 0x4e55

    jmp 0:start

%include "report.inc"

start:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, 0x7c00
    sti
    cld
    int 0x12
    line "base"
    put16 ax
    newline
    line "drives"
    put8 [0x475]
    newline
    cmp word [FLAG], MAGIC
    je passed
    mov word [FLAG], MAGIC
    int 0x19

    times 510 - ($ - $$) db 0
    dw 0xaa55
