; A PXE ROM of our own, for what no real one does: from sector 64 on there is a PXE program, which it
; loads and calls, and from 40 and 44 the DHCP ACK and the proxyDHCP server's answer that it hands out. It
; lies at the end of base memory, notes each call as "@ pxe FUNCTION", and ruins all registers that it may.
;
; Sectors: 120 of the program, 3 of each answer. p_seconds, p_reads: the answers' lengths in bytes, 0: none.
; p_size: the PCI address of its NIC. Phases as below.
%include "stage1.inc"

OLD       equ 1  ; only PXENV+ of version 2.0
NOTHING   equ 2  ; neither PXENV+ nor !PXE
VECTOR    equ 4  ; an interrupt vector stays here
STAYS     equ 8  ; it can't be ended
HOLE      equ 16 ; somebody else's memory lies between its segments
BELOW     equ 32 ; its base code lies below UNDI, in memory of its own

ROM_KIB   equ 16
BASE_CODE equ 0x2000
ANSWERS   equ 0x2000
STACK     equ ROM_KIB * 1024
PROGRAM   equ 0x7c0
SUCCESS   equ 0
FAILURE   equ 1
%define AT(label) ((label) - rom)

main:
    sub word [0x413], ROM_KIB
    mov ax, [0x413]
    shl ax, 6
    mov es, ax
    mov [undi], ax
    mov [new_entry + 2], ax
    mov [old_entry + 2], ax
    add ax, 0x1f80 / 16 + 8
    test byte [p_phases], HOLE
    jz .no_hole
    add ax, 0x1000 / 16
.no_hole:
    test byte [p_phases], BELOW
    jz .not_below
    sub word [0x413], BASE_CODE / 1024
    mov ax, [0x413]
    shl ax, 6
.not_below:
    mov [base_code], ax
    mov [base_code_old], ax
    mov ax, es
    mov [undi_old], ax
    test byte [p_phases], VECTOR
    jz .no_vector
    mov [0x60 * 4 + 2], ax
.no_vector:
    mov si, new
    mov cx, new_end - new
    call sum
    sub [new + 5], al
    mov si, old
    mov cx, old_end - old
    call sum
    sub [old + 9], al
    mov si, rom
    xor di, di
    mov cx, rom_end - rom
    rep movsb
    push es
    push word AT(in_rom)
    retf

sum:
    xor ax, ax
.next:
    add al, [si]
    inc si
    loop .next
    ret

rom:
in_rom:
    mov eax, [p_phases]
    mov [cs:AT(phases)], eax
    mov eax, [p_seconds]
    mov [cs:AT(lengths)], ax
    mov eax, [p_reads]
    mov [cs:AT(lengths) + 2], ax
    mov eax, [p_size]
    mov [cs:AT(nic)], ax
    mov ax, cs
    mov ds, ax
    mov ss, ax
    mov sp, STACK
    mov [AT(dap) + 6], ax
    mov si, AT(dap)
    call read
    mov si, AT(dap_program)
    call read
    mov bx, AT(old)
    mov di, AT(new)
    mov ax, cs
    mov es, ax
    test byte [AT(phases)], OLD
    jz .not_old
    mov di, AT(nowhere)
.not_old:
    test byte [AT(phases)], NOTHING
    jz .call
    mov bx, AT(nowhere)
    mov di, bx
.call:
    push es
    push di
    call 0:0x7c00
    mov si, AT(came_back)
    jmp fail
read:
    mov ah, 0x42
    int 0x13
    mov si, AT(no_read)
    jc fail
    ret
fail:
    lodsb
    out 0xe9, al
    test al, al
    jnz fail
    jmp $
came_back: db "@ FAIL the program came back", 10, 0
no_read: db "@ FAIL the disk can't be read", 10, 0

; The arguments: on the stack for !PXE; in registers for PXENV+.
called_new:
    push bp
    mov bp, sp
    les di, [bp + 8]
    mov bx, [bp + 6]
    call function
    pop bp
    retf
called_old:
    push bp
    call function
    pop bp
    retf

; BX, ES:DI: function and its parameters.
function:
    mov ax, cs
    mov ds, ax
    mov si, AT(note)
    mov cx, 6
.note:
    lodsb
    out 0xe9, al
    loop .note
    mov al, bl
    shr al, 4
    call digit
    mov al, bl
    call digit
    mov al, 10
    out 0xe9, al
    mov ax, SUCCESS
    cmp bl, 0x71
    je .cached
    cmp bl, 0x12
    je .nic
    cmp bl, 0x05
    je .done
    cmp bl, 0x70
    je .done
    test byte [AT(phases)], STAYS
    jnz .failed
    mov cl, 0x15
    test byte [AT(phases)], OLD
    jz .last
    mov cl, 0x02
.last:
    cmp bl, cl
    je .done
.failed:
    mov ax, FAILURE
.done:
    mov [es:di], ax
    mov ebx, 0xbad0bad1
    mov ecx, ebx
    mov edx, ebx
    mov esi, ebx
    mov edi, ebx
    mov ds, bx
    mov es, bx
    mov fs, bx
    mov gs, bx
    std
    ret
.nic:
    mov byte [es:di + 2], 2
    mov dx, [AT(nic)]
    mov [es:di + 11], dx
    jmp .done
.cached:
    mov si, [es:di + 2]
    sub si, 2
    cmp si, 1
    ja .failed
    mov bx, si
    shl bx, 1
    mov cx, [AT(lengths) + bx]
    jcxz .failed
    cmp cx, [es:di + 4]
    ja .failed
    mov [es:di + 4], cx
    shl si, 11 ; four sectors
    add si, ANSWERS
    push es
    push di
    les di, [es:di + 6]
    rep movsb
    pop di
    pop es
    jmp .done

digit:
    and al, 15
    add al, '0'
    cmp al, '9'
    jbe .print
    add al, 'a' - '0' - 10
.print:
    out 0xe9, al
    ret
note: db "@ pxe "

    align 4
phases: dd 0
lengths: dw 0, 0
nic: dw 0
nowhere: times 64 db 0

dap: ; segment filled in
    dw 16, 7, ANSWERS, 0
    dq 40
dap_program:
    dw 16, 120, 0, PROGRAM
    dq 64

new:
    db "!PXE", new_end - new, 0, 0, 0
    dd 0, 0
new_entry:
    dw AT(called_new), 0
    dd 0, 0
    db 0, 7
    dw 0
    times 8 db 0 ; stack
undi: dw 0 ; UNDI's data: here
    dd 0
    dw 0x1f80
    times 16 db 0
    times 8 db 0
base_code: dw 0
    dd 0
    dw BASE_CODE
    times 8 db 0
new_end:

old:
    db "PXENV+"
    dw 0x0200
    db old_end - old, 0
old_entry:
    dw AT(called_old), 0
    dd 0
    dw 0
    dw 0, 0
base_code_old: dw 0
    dw BASE_CODE
    dw 0, 0
undi_old: dw 0
    dw 0x1f80
    dw 0, 0
    dd 0
old_end:
rom_end:

program_end:
