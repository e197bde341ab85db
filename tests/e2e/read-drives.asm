; A boot sector that says to port E9 what AH=42h reads of the drives FIRST to LAST, eight characters of each, and how
; many disks 40:75 counts.
bits 16
org 7c00h

BUFFER equ 8000h

    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, 7c00h
    mov dl, FIRST
.drive:
    mov word [packet + 2], 1
    mov si, packet
    mov ah, 42h
    int 13h
    mov si, absent
    jc .say
    mov si, BUFFER
.say:
    mov cx, 8
.next:
    lodsb
    out 0e9h, al
    loop .next
    inc dl
    cmp dl, LAST + 1
    jb .drive
    mov al, [475h]
    add al, '0'
    out 0e9h, al
    mov al, 10
    out 0e9h, al
    cli
    hlt

absent: db "nothing "

    align 4
packet: dw 16, 1, BUFFER, 0
    dq 0

    times 510 - ($ - $$) db 0
    dw 0aa55h
