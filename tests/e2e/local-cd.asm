; A ROM for a CD drive that is 81h, which it does not count at 40:75: as some BIOSes number their CDs. Each sector begins
; with "the CD, ". The test makes the checksum right.
bits 16
org 0

NUMBER equ 81h
SECTOR equ 2048
VECTOR equ 13h * 4

    dw 0aa55h
    db 1                        ; 512 bytes
init:
    push ds
    push eax
    push 0
    pop ds
    mov eax, [VECTOR]
    mov [cs:old], eax
    mov word [VECTOR], int13
    mov [VECTOR + 2], cs
    pop eax
    pop ds
    retf

int13:
    cmp dl, NUMBER
    je .ours
    jmp far [cs:old]
.ours:
    push bp
    mov bp, sp
    and byte [bp + 6], ~1       ; CF of the caller's flags
    cmp ah, 42h
    je .read
    cmp ah, 48h
    je .parameters
    or byte [bp + 6], 1
    mov ah, 1
    jmp .out
.parameters:
    mov word [si + 24], SECTOR
    jmp .done
.read:
    push es
    push di
    les di, [si + 4]
    mov dword [es:di], 'the '
    mov dword [es:di + 4], 'CD, '
    pop di
    pop es
.done:
    mov ah, 0
.out:
    pop bp
    iret

old: dd 0

    times 512 - ($ - $$) db 0
