; The boot sector of the local disk that the BIOS must reach when lunboot gives up. It says so on COM1
; and port E9, and sits still.
bits 16
org 7c00h

    xor ax, ax
    mov ds, ax
    mov si, text
.next:
    lodsb
    test al, al
    jz .halt
    out 0e9h, al
    xchg al, ah
    mov dx, 3fdh
.full:
    in al, dx
    test al, 20h
    jz .full
    xchg al, ah
    mov dx, 3f8h
    out dx, al
    jmp .next
.halt:
    hlt
    jmp .halt

text: db 10, "the second disk has booted", 13, 10, 0

    times 510 - ($ - $$) db 0
    dw 0aa55h
