; The way into the PXE ROM's UNDI, as real-mode code for platform_call_real(), in a struct undi_stub
; (kernel/drv/undi_internal.h) whose copy the block in conventional memory begins with. UNDI gets the stack behind that;
; the one of the resident part would be too small.
;
; DS: the block's segment. BX: the function, ES:DI -> its parameters. They go in registers and on the stack, as PXENV+
; and !PXE want them (PXE 2.1, 3.2 and 3.3). AX: the exit code.
; SI: 0, or DS:SI -> UNDI_ISR's parameters, which is called behind it when the exit code was 0. Then SI is 0, and AX
; UNDI_ISR's. Each way into real mode and back costs as much as a call of UNDI.

UNDI_STACK      equ 3072                ; as drv/undi_internal.h has them
UNDI_STUB       equ 64
UNDI_ISR        equ 14h
ENTRY           equ 0                   ; in the block

        global undi_stub

        section .rodata
        bits 16
        cpu 586
undi_stub:
        dd 0                            ; at ENTRY

        mov cx, sp
        mov dx, ss
        mov ax, ds
        mov ss, ax
        mov sp, UNDI_STACK
        push dx
        push cx
        sti                             ; UNDI may wait for the timer, and the BIOS has its own to serve
.call:
        push ds
        push si
        push es
        push di
        push bx
        call far [ENTRY]
        add sp, 6
        pop si
        pop ds
        test ax, ax
        jnz .done
        mov di, si
        mov bx, UNDI_ISR
        push ds
        pop es
        xor si, si
        test di, di
        jnz .call
.done:
        cli
        pop cx
        pop dx
        mov ss, dx
        mov sp, cx
        iret
        times UNDI_STUB - ($ - undi_stub) db 0
