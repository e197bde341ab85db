; The V86 test: everything runs in virtual-8086 mode, under a monitor as strict as one can be, with a VCPI
; server (VCPI 1.0) that does no more than it has to: it has its code above 1 MiB, where no memory of that address
; lies, a page of the buffers is elsewhere, and what a V86 task must not do ends the test. INT 13h is called
; without VCPI, by INT 67h pointing nowhere and by one that answers for another, and then with it: reads, a region
; written and read back.
%include "stage1.inc"
%include "lib.inc"
%include "flat.inc"

INT_EMS equ 0x67
BUFFER equ 0x5000 ; segment
BUFFER_MOST equ 112 ; sectors, at any offset below 4096
MOVED equ 0x53 ; the page that is elsewhere ...
MOVED_TO equ 0x300000

; Physical addresses of what the monitor has, 16 pages from SERVER on; it sees them at LINEAR.
SERVER equ 0x200000 ; its code and GDT
SERVER_IDT equ 0x203000
SERVER_TSS equ 0x204000 ; and the map of ports, three pages
SERVER_STACK equ 0x20d000 ; its end
PAGE_TABLE equ 0x20e000
PAGE_DIRECTORY equ 0x20f000
LINEAR equ 0x110000
PAGES equ 0x120 ; of the linear addresses that there are
%define seen(physical) ((physical) - SERVER + LINEAR)
%define at(label) ((label) - server + LINEAR)

CODE equ 0x08
DATA equ 0x10
TASK equ 0x18
TASK_BYTES equ 0x68
PORT_BYTES equ 0x2000
VM_IOPL3 equ 0x23002

main:
    call check_handoff
    cli
    call flat_fs
    call place_monitor
    mov al, 0x20 ; interrupts of the devices: 20h and 28h, away from the exceptions
    mov ah, 0x28
    call move_interrupts
    lgdt [gdtr_before]
    mov eax, PAGE_DIRECTORY
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000001
    mov cr0, eax
    jmp CODE:dword protected

bits 32
protected:
    mov ax, DATA
    mov ds, ax
    mov ss, ax
    mov esp, seen(SERVER_STACK)
    lgdt [at(server_gdtr)]
    lidt [at(server_idtr)]
    mov ax, TASK
    ltr ax
    xor eax, eax
    times 4 push eax ; GS, FS, DS, ES
    push eax
    push dword OUR_STACK
    push dword VM_IOPL3 | FLAG_IF
    push eax
    push dword v86_main
    iretd
bits 16

; FS is flat. Put the server, its tables and the page tables into their places.
place_monitor:
    mov esi, server
    mov edi, SERVER
    mov ecx, (server_end - server + 3) / 4
.copy:
    mov eax, [fs:esi]
    mov [fs:edi], eax
    add esi, 4
    add edi, 4
    dec ecx
    jnz .copy

    mov edi, SERVER_IDT
    mov eax, at(stubs)
.gate:
    mov [fs:edi], ax
    mov dword [fs:edi + 2], 0x8e000000 + CODE
    ror eax, 16
    mov [fs:edi + 6], ax
    rol eax, 16
    add edi, 8
    add eax, STUB
    cmp eax, at(stubs_end)
    jb .gate

    mov edi, SERVER_TSS
    mov ecx, (TASK_BYTES + PORT_BYTES) / 4
    call clear
    mov byte [fs:edi], 0xff
    mov dword [dword fs:SERVER_TSS + 4], seen(SERVER_STACK)
    mov word [dword fs:SERVER_TSS + 8], DATA
    mov word [dword fs:SERVER_TSS + 0x66], TASK_BYTES

    mov edi, PAGE_TABLE
    mov ecx, 2048
    call clear
    mov dword [dword fs:PAGE_DIRECTORY], PAGE_TABLE + 7
    mov edi, PAGE_TABLE
    mov eax, 7
.page:
    mov [fs:edi], eax
    add edi, 4
    add eax, 0x1000
    cmp eax, LINEAR + 7
    jb .page
    mov eax, SERVER + 7
.server_page:
    mov [fs:edi], eax
    add edi, 4
    add eax, 0x1000
    cmp edi, PAGE_TABLE + 4 * PAGES
    jb .server_page
    mov dword [dword fs:PAGE_TABLE + 4 * MOVED], MOVED_TO + 7
    ret

; ECX dwords at FS:EDI.
clear:
    mov dword [fs:edi], 0
    add edi, 4
    dec ecx
    jnz clear
    ret

; First vectors of the two 8259As: AL, AH (8259A data sheet, ICW1 to ICW4).
move_interrupts:
    push ax
    in al, 0x21
    mov cl, al
    in al, 0xa1
    mov ch, al
    mov al, 0x11
    out 0x20, al
    out 0xa0, al
    pop ax
    out 0x21, al
    xchg al, ah
    out 0xa1, al
    mov al, 4
    out 0x21, al
    mov al, 2
    out 0xa1, al
    mov al, 1
    out 0x21, al
    out 0xa1, al
    mov al, cl
    out 0x21, al
    mov al, ch
    out 0xa1, al
    ret

gdtr_before:
    dw server_gdt_end - server_gdt - 1
    dd server_gdt

; ---- in V86 mode ----

v86_main:
    mov dword [0x1c * 4], tick
    mov dword [INT_EMS * 4], 0
    call read_refused
    mov dword [INT_EMS * 4], not_vcpi
    call read_refused
    call show_row
    mov byte [vcpi_on], 1
    call watch_memory
    mov byte [function], 0x02
    mov dword [lba], 0
    mov dword [count], 1
    call read
    mov byte [function], 0x42
    call read_some
    call write_region
    call read_some
    call check_memory
    line "ticks"
    put32 [ticks_inside]
    newline
    jmp passed

not_vcpi: ; an EMS driver that knows no such function
    mov ah, 0x84
    iret

; BIOS ticks while INT 13h is under way.
tick:
    push ax
    movzx ax, byte [cs:inside]
    add [cs:ticks_inside], ax
    pop ax
    iret

; "@ refused AH": a read that must fail.
read_refused:
    mov byte [function], 0x42
    mov dword [lba], 0
    mov dword [count], 1
    mov word [offset], 0
    call transfer
    jc .failed
    fail "a read without VCPI"
.failed:
    line "refused"
    put8 [status]
    newline
    ret

; "@ row TEXT": the lowest row of the screen.
show_row:
    line "row "
    push word 0xb800
    pop es
    mov si, 24 * 160
    mov cx, 79
.next:
    es lodsw
    out 0xe9, al
    loop .next
    newline
    ret

; [p_reads] reads of random places and sizes.
read_some:
    mov ebp, [p_reads]
.next:
    mov ecx, BUFFER_MOST - 1
    call random_below
    inc eax
    mov [count], eax
    mov ecx, [p_sectors]
    sub ecx, eax
    call random_below
    mov [lba], eax
    mov ecx, 0x1000
    call random_below
    mov [offset], ax
    call read
    dec ebp
    jnz .next
    ret

; "@ read function lba count sum sum"
read:
    pushad
    call transfer
    jc .failed
    push word BUFFER
    pop es
    mov si, [offset]
    imul ecx, [count], 128
    xor ebx, ebx
    xor edx, edx
.sum:
    mov eax, [es:si]
    add si, 4
    add ebx, eax
    add edx, ebx
    dec ecx
    jnz .sum
    line "read"
    put8 [function]
    put32 [lba]
    put32 [count]
    put32 ebx
    put32 edx
    newline
    popad
    ret
.failed:
    line "status"
    put8 [status]
    newline
    fail "a transfer failed"

; The region, with the pattern of disktest's second pass: dword I is (I xor seed) * 9E3779B1h.
write_region:
    mov byte [function], 0x43
    mov word [offset], 0
    mov eax, [p_write_lba]
    mov [lba], eax
    mov ebp, eax
    add ebp, [p_write_count]
.next:
    mov eax, ebp
    sub eax, [lba]
    jbe .end
    cmp eax, BUFFER_MOST
    jbe .fits
    mov eax, BUFFER_MOST
.fits:
    mov [count], eax
    imul ecx, eax, 128
    imul ebx, [lba], 128
    push word BUFFER
    pop es
    xor di, di
.fill:
    mov eax, [p_seed]
    inc eax
    xor eax, ebx
    imul eax, eax, 0x9e3779b1
    stosd
    inc ebx
    dec ecx
    jnz .fill
    call transfer
    jc read.failed
    mov eax, [count]
    add [lba], eax
    jmp .next
.end:
    line "written 1"
    newline
    mov byte [function], 0x42
    ret

; [function] of [count] sectors at [lba], BUFFER:[offset]. CF, [status], and every register must be as it was.
transfer:
    pushad
    mov ax, [count]
    mov [dap + 2], ax
    mov eax, [lba]
    mov [dap + 8], eax
    mov bx, [offset]
    mov [dap + 4], bx
    mov ecx, 0xcccc0001
    mov edx, 0xdddd0000
    mov dl, [boot_dl]
    mov esi, 0x51510000 + dap
    mov edi, 0xd1d1d1d1
    mov ebp, 0xbbbbbbbb
    mov ah, [function]
    mov al, 0
    test ah, 0x40
    jnz .call
    mov al, 1
.call:
    push word BUFFER
    pop es
    push word 0xf5f5
    pop fs
    push word 0x6565
    pop gs
    mov byte [inside], 1
    pushad
    int 0x13
    pushad
    mov byte [inside], 0
    mov [status], ah
    setc [carry]
    mov si, sp
    mov cx, 7 ; EDI, ESI, EBP, ESP, EBX, EDX, ECX
.compare:
    mov eax, [si]
    cmp cx, 4
    je .next
    cmp eax, [si + 32]
    jne .changed
.next:
    add si, 4
    loop .compare
    mov ax, ds
    mov bx, es
    test ax, ax
    jnz .changed
    cmp bx, BUFFER
    jne .changed
    mov ax, fs
    mov bx, gs
    cmp ax, 0xf5f5
    jne .changed
    cmp bx, 0x6565
    jne .changed
    pushf
    pop ax
    test ax, FLAG_IF
    jz .changed
    add sp, 64
    popad
    cmp byte [carry], 1
    cmc
    ret
.changed:
    fail "a register changed"

; The memory below the highest of INT 12h, which is nobody's: a page of marks.
watch_memory:
    call top_page
    mov eax, 0x11111111
.next:
    mov [es:di], eax
    add eax, 0x01020304
    add di, 4
    cmp di, 0x2000
    jb .next
    ret
check_memory:
    call top_page
    mov eax, 0x11111111
.next:
    cmp [es:di], eax
    jne .changed
    add eax, 0x01020304
    add di, 4
    cmp di, 0x2000
    jb .next

    ; "@ ibft SUM": the sum of its bytes
    push word 0x9000
    pop es
    xor di, di
.look:
    cmp dword [es:di], 'iBFT'
    je .found
    add di, 16
    jnz .look
    fail "no iBFT"
.found:
    mov cx, [es:di + 4]
    mov al, 0
.sum:
    add al, [es:di]
    inc di
    loop .sum
    line "ibft"
    put8 al
    newline
    ret
.changed:
    fail "memory below lunboot's has changed"
top_page: ; ES:DI
    int 0x12
    shl ax, 6
    sub ax, 0x200
    mov es, ax
    xor di, di
    ret

function: db 0
status: db 0
carry: db 0
inside: db 0
vcpi_on: db 0
offset: dw 0
align 4
lba: dd 0
count: dd 0
ticks_inside: dd 0
dap:
    dw 16, 0, 0, BUFFER
    dq 0

; ---- the monitor: 32-bit code, seen at LINEAR ----

; The linear address of a segment and an offset that the stub has saved. Changes EAX.
%macro linear 3
    movzx %1, word [ebp + %2]
    shl %1, 4
    movzx eax, word [ebp + %3]
    add %1, eax
%endmacro

; The stack that a stub leaves for it.
struc F
.es: resd 1
.ds: resd 1
.edi: resd 1
.esi: resd 1
.ebp: resd 1
.esp: resd 1
.ebx: resd 1
.edx: resd 1
.ecx: resd 1
.eax: resd 1
.vector: resd 1
.error: resd 1
.eip: resd 1
.cs: resd 1
.eflags: resd 1
.user_esp: resd 1
.user_ss: resd 1
.user_es: resd 1
.user_ds: resd 1
endstruc

STUB equ 16
OPCODE_INT equ 0xcd

align 16
bits 32
server:
stubs:
%assign vector 0
%rep 0x30
    align 16
%if vector != 8 && (vector < 10 || vector > 14) && vector != 17
    push dword 0
%endif
    push dword vector
    jmp interrupt
%assign vector vector + 1
%endrep
    align 16
stubs_end:

interrupt:
    pushad
    push ds
    push es
    mov ax, DATA
    mov ds, ax
    mov es, ax
    cld
    mov ebp, esp
    mov edx, at(text_ring0)
    test dword [ebp + F.eflags], 0x20000
    jz die
    mov eax, [ebp + F.vector]
    cmp al, 0x28
    jae .slave
    cmp al, 0x20
    jae .master
    mov edx, at(text_exception)
    cmp al, 13
    jne die
    linear esi, F.cs, F.eip
    mov edx, at(text_privileged)
    cmp byte [esi], OPCODE_INT
    jne die
    movzx eax, byte [esi + 1]
    add word [ebp + F.eip], 2
    cmp al, INT_EMS
    jne .reflect
    cmp byte [vcpi_on], 0
    jne vcpi
.reflect:
    call reflect
return:
    pop es
    pop ds
    popad
    add esp, 8
    iretd
interrupt.master:
    sub al, 0x20 - 8
    jmp interrupt.reflect
interrupt.slave:
    add al, 0x70 - 0x28
    jmp interrupt.reflect

; Interrupt EAX of the V86 task's own.
reflect:
    movzx edi, word [ebp + F.user_ss]
    shl edi, 4
    sub word [ebp + F.user_esp], 6
    movzx ecx, word [ebp + F.user_esp]
    add edi, ecx
    mov ecx, [ebp + F.eip]
    mov [edi], cx
    mov ecx, [ebp + F.cs]
    mov [edi + 2], cx
    mov ecx, [ebp + F.eflags]
    mov [edi + 4], cx
    and dword [ebp + F.eflags], ~0x300
    movzx ecx, word [eax * 4]
    mov [ebp + F.eip], ecx
    movzx ecx, word [eax * 4 + 2]
    mov [ebp + F.cs], ecx
    ret

vcpi:
    movzx eax, word [ebp + F.eax]
    cmp ax, 0xde0c
    je to_protected
    mov byte [ebp + F.eax + 1], 0x8f
    cmp ax, 0xde01
    jne return
    linear edi, F.user_ds, F.esi
    mov esi, at(server_gdt) + CODE
    mov ecx, 6
    rep movsd
    linear edi, F.user_es, F.edi
    mov esi, seen(PAGE_TABLE)
    mov ecx, PAGES
.entry:
    lodsd
    or eax, 0xe00 ; bits that are the client's to clear
    stosd
    loop .entry
    add word [ebp + F.edi], 4 * PAGES
    mov dword [ebp + F.ebx], at(from_protected)
    mov byte [ebp + F.eax + 1], 0
    jmp return

; The client's context at ESI; EBX, ECX, EDX, EDI and EBP stay.
to_protected:
    mov esi, [ebp + F.esi]
    mov ebx, [ebp + F.ebx]
    mov ecx, [ebp + F.ecx]
    mov edx, [ebp + F.edx]
    mov edi, [ebp + F.edi]
    mov ebp, [ebp + F.ebp]
    mov eax, [esi]
    mov cr3, eax
    mov eax, [esi + 8]
    lidt [eax]
    mov eax, [esi + 4]
    lgdt [eax]
    lldt [esi + 12]
    ltr [esi + 14]
    mov eax, 0xdead
    jmp far [esi + 16]

; And back. DS is flat; above the return address lies what IRETD takes.
from_protected:
    add esp, 8
    mov dword [esp + 8], VM_IOPL3
    mov eax, PAGE_DIRECTORY
    mov cr3, eax
    lgdt [at(server_gdtr)]
    lidt [at(server_idtr)]
    xor eax, eax
    lldt ax
    and byte [at(server_gdt) + TASK + 5], ~2
    mov ax, TASK
    ltr ax
    iretd

; EDX is why.
die:
    mov al, [edx]
    inc edx
    out 0xe9, al
    cmp al, 10
    jne die
    mov dx, 0x501
    mov al, 1
    out dx, al
    hlt
    jmp $ - 1
text_ring0: db "@ FAIL the monitor itself", 10
text_exception: db "@ FAIL an exception", 10
text_privileged: db "@ FAIL a privileged instruction", 10

align 8
server_gdt:
    dq 0
    dq 0x00cf9a000000ffff
    dq 0x00cf92000000ffff
    dw TASK_BYTES + PORT_BYTES, seen(SERVER_TSS) & 0xffff
    db seen(SERVER_TSS) >> 16, 0x89, 0, seen(SERVER_TSS) >> 24
    dq 0
server_gdt_end:
server_gdtr:
    dw server_gdt_end - server_gdt - 1
    dd at(server_gdt)
server_idtr:
    dw 0x30 * 8 - 1
    dd seen(SERVER_IDT)
server_end:
bits 16

program_end:
