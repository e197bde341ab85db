; A boot sector that leaves 48 KiB of conventional memory, as ROMs may that take too much, and goes on to the first hard
; disk's.
bits 16
org 7c00h

BASE_MEMORY equ 413h
ELSEWHERE   equ 600h

    xor ax, ax
    mov ds, ax
    mov es, ax
    mov word [BASE_MEMORY], 48
    mov si, 7c00h
    mov di, ELSEWHERE
    mov cx, 256
    cld
    rep movsw
    jmp 0:ELSEWHERE + elsewhere - 7c00h
elsewhere:
    mov ax, 0201h               ; read a sector
    mov bx, 7c00h
    mov cx, 1
    mov dx, 80h
    int 13h
    mov dx, 80h
    jmp 0:7c00h

    times 510 - ($ - $$) db 0
    dw 0aa55h
