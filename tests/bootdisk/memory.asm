; The memory test: reports what the BIOS says of memory, then (phase 2) overwrites all of it that is
; said to be free, reads the disk again and looks whether what it wrote is still there.
%include "stage1.inc"
%include "lib.inc"
%include "flat.inc"
%include "call.inc"
%include "disk.inc"
%include "e820.inc"

PHASE_FILL equ 2

main:
    call check_handoff
    call a20_on
    call flat_fs
    call report_e820
    call report_sizes
    call report_vectors
    call disk_start
    call read_random
    test dword [p_phases], PHASE_FILL
    jz passed
    mov dword [work], fill
    call each_range
    line "filled", 10
    call read_random
    mov dword [work], verify
    call each_range
    line "intact", 10
    jmp passed

; "@ int15 ax cf eax ebx ecx edx" and the base memory in its places.
report_sizes:
    mov si, .calls
.next:
    call registers_random
    mov byte [int_number], 0x15
    mov ax, [si]
    mov [rq + R.eax], ax
    mov eax, -1
    mov [may_change + R.eax], eax
    cmp byte [si + 1], 0x88
    je .call
    mov [may_change + R.ebx], eax
    mov [may_change + R.ecx], eax
    mov [may_change + R.edx], eax
.call:
    call call_bios
    line "int15"
    put16 [si]
    mov ax, [rs + R.flags]
    and al, FLAG_CF
    put8 al
    put32 [rs + R.eax]
    put32 [rs + R.ebx]
    put32 [rs + R.ecx]
    put32 [rs + R.edx]
    newline
    add si, 2
    cmp si, .calls_end
    jb .next
    call registers_random
    mov byte [int_number], 0x12
    mov dword [may_change + R.eax], 0xffff
    call call_bios
    movzx eax, word [rs + R.eax]
    mov [base_kib], eax
    line "base" ; INT 12h, 40:13, the EBDA's segment at 40:0E, drives at 40:75
    put16 [rs + R.eax]
    put16 [0x413]
    put16 [0x40e]
    put8 [0x475]
    newline
    ret
.calls: dw 0xe801, 0xe881, 0x8800, 0x8a00
.calls_end:

; "@ vector number segment offset"
report_vectors:
    mov si, .numbers
.next:
    lodsb
    movzx bx, al
    shl bx, 2
    line "vector"
    put8 al
    put16 [bx + 2]
    put16 [bx]
    newline
    cmp si, .numbers_end
    jb .next
    ret
.numbers: db 0x08, 0x10, 0x12, 0x13, 0x15, 0x16, 0x18, 0x19, 0x1a, 0x1c, 0x41, 0x46
.numbers_end:

; Call [work] with ES flat for pieces (EDI, ECX dwords) of all the memory that is free: conventional
; memory outside of the program, its stacks and the buffers of reads after the fill; everything below
; 4 GiB that E820 says is usable.
PIECE equ 0x40000 ; dwords
each_range:
    mov edi, 0x600
    mov ecx, (SMALL_STACK - STACKS_ROOM - 0x600) / 4
    call pieces
    mov edi, LOW_END
    mov ecx, [base_kib]
    shl ecx, 10
    sub ecx, edi
    shr ecx, 2
    call pieces
    mov si, MAP
.entry:
    cmp si, [map_end]
    jae .end
    cmp dword [si + 16], 1
    jne .next
    cmp dword [si + 4], 0
    jne .next
    mov edi, [si]
    mov ecx, [si + 8]
    mov eax, ecx
    add eax, edi
    jc .to_top
    cmp dword [si + 12], 0
    je .below
.to_top:
    mov eax, 0xfffffffc
.below: ; EDI to EAX
    cmp edi, 0x100000
    jae .above_1m
    mov edi, 0x100000
.above_1m:
    cmp eax, edi
    jbe .next
    mov ecx, eax
    sub ecx, edi
    shr ecx, 2
    line "range"
    put32 edi
    put32 eax
    newline
    call pieces
.next:
    add si, 20
    jmp .entry
.end:
    ret
STACKS_ROOM equ 0x400

pieces:
    pushad
.next:
    test ecx, ecx
    jz .end
    push ecx
    cmp ecx, PIECE
    jbe .piece
    mov ecx, PIECE
.piece:
    mov ebp, ecx
    mov eax, 0xb01dface
    cli
    call flat_all
    call [work]
    sti
    pop ecx
    sub ecx, ebp
    jmp .next
.end:
    popad
    ret
fill:
    a32 rep stosd
    ret
verify:
    a32 repe scasd
    jne .changed
    ret
.changed:
    sub edi, 4
    line "changed"
    put32 edi
    put32 [es:edi]
    newline
    fail "memory that is said to be free was written"

align 4
base_kib: dd 0
work: dd 0

program_end:
