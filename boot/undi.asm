; The way into the PXE ROM's UNDI, as real-mode code that rm_call() can call: the first bytes of the block in
; conventional memory that drv/undi.c has, a struct undi_stub (kernel/drv/undi_internal.h). UNDI gets the stack behind
; it; the one of the resident part would be too small. Nothing is written here: next to code that is slow under
; emulation.
;
; BX: the function, ES:DI -> its parameters. They go in registers and on the stack, as PXENV+ and !PXE want them (PXE
; 2.1, 3.2 and 3.3). AX: the exit code.

UNDI_STACK      equ 3072                ; as drv/undi_internal.h has them
UNDI_STUB       equ 64

        global undi_stub

        section .rodata
        bits 16
        cpu 586
undi_stub:
entry   equ $ - undi_stub
        dd 0

        mov cx, sp
        mov dx, ss
        mov ax, cs
        mov ss, ax
        mov sp, UNDI_STACK
        push dx
        push cx
        sti                             ; UNDI may wait for the timer, and the BIOS has its own to serve
        push es
        push di
        push bx
        call far [cs:entry]
        cli
        add sp, 6
        pop cx
        pop dx
        mov ss, dx
        mov sp, cx
        iret
        times UNDI_STUB - ($ - undi_stub) db 0
