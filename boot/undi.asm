; The way into the PXE ROM's UNDI, as real-mode code that rm_call() can call: the first bytes of the block in
; conventional memory that drv/undi.c has, which begin with struct undi_stub (kernel/drv/undi_internal.h). UNDI gets
; the stack at the block's end; the one of the resident part would be too small.
;
; BX: the function, ES:DI -> its parameters. They go in registers and on the stack, as PXENV+ and !PXE want them (PXE
; 2.1, 3.2 and 3.3). AX: the exit code.

UNDI_BLOCK      equ 4096                ; as drv/undi_internal.h has them
UNDI_STUB       equ 64

        global undi_stub

        section .rodata
        bits 16
        cpu 586
undi_stub:
entry   equ $ - undi_stub
        dd 0
old_sp  equ $ - undi_stub
        dw 0
old_ss  equ $ - undi_stub
        dw 0

        mov [cs:old_sp], sp
        mov [cs:old_ss], ss
        mov ax, cs
        mov ss, ax
        mov sp, UNDI_BLOCK
        sti                             ; UNDI may wait for the timer, and the BIOS has its own to serve
        push es
        push di
        push bx
        call far [cs:entry]
        cli
        mov ss, [cs:old_ss]
        mov sp, [cs:old_sp]
        iret
        times UNDI_STUB - ($ - undi_stub) db 0
