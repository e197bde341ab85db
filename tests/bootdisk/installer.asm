; What an installer's CD does to the disk that lunboot has kept: it finds drive 80h by INT 13h, reads
; its first sector, writes a boot sector of its own there, and reads it back. It is the boot image of a CD
; (El Torito, no emulation), and all of it is loaded at once. The boot sector that it installs says so,
; and that is all.
;
; @ installer DL  drives COUNT  base KIB  sectors COUNT  first DWORD  ibft ADDRESS|0  @ PASS
; @ installed  @ PASS

bits 16
cpu 586
org 0x7c00

DISK   equ 0x80
BUFFER equ 0x4000 ; real-mode addresses of segment 0

    jmp 0:start

%include "report.inc"

start:
    cli
    cld
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, 0x7c00
    sti
    line "installer"
    put8 dl
    newline
    line "drives"
    put8 [0x475]
    newline
    int 0x12
    line "base"
    put16 ax
    newline

    mov dl, DISK
    mov si, BUFFER
    mov word [si], 30
    mov ah, 0x48
    int 0x13
    jc .no_disk
    line "sectors"
    put32 [BUFFER + 16]
    newline

    mov ah, 0x42
    call transfer
    jc .no_read
    line "first"
    put32 [BUFFER]
    newline

    mov si, installed
    mov di, BUFFER
    mov cx, 512
    rep movsb
    mov ax, 0x4300
    call transfer
    jc .no_write
    mov di, BUFFER
    xor ax, ax
    mov cx, 256
    rep stosw
    mov ah, 0x42
    call transfer
    jc .no_read
    mov si, installed
    mov di, BUFFER
    mov cx, 512
    repe cmpsb
    jne .differs

    call find_ibft
    line "ibft"
    put32 eax
    newline
    jmp passed
.no_disk:
    fail "no drive 80h"
.no_read:
    fail "reading"
.no_write:
    fail "writing"
.differs:
    fail "what was written is not what is read"

; The first sector, to or from BUFFER.
transfer:
    mov dl, DISK
    mov si, dap
    int 0x13
    ret
dap:
    dw 16, 1, BUFFER, 0
    dq 0

; As Linux does: EAX is the table's address, or 0.
find_ibft:
    mov eax, 0x80000
.next:
    mov ebx, eax
    shr ebx, 4
    mov es, bx
    cmp dword [es:0], "iBFT"
    je .found
    add eax, 16
    cmp eax, 0xa0000
    jb .next
    xor eax, eax
.found:
    push 0
    pop es
    ret

; ---- what is installed: one sector, which will run at 7C00 -------------------------------------------

    align 4, db 0
installed:
    xor ax, ax
    mov ds, ax
    mov si, .text - installed + 0x7c00
    cld
.next:
    lodsb
    out 0xe9, al
    test al, al
    jnz .next
    mov al, 0 ; as passed
    mov dx, 0x501
    out dx, al
    cli
.stop:
    hlt
    jmp .stop
.text: db 10, "@ installed", 10, "@ PASS", 10, 0
    times 510 - ($ - installed) db 0
    dw 0xaa55
