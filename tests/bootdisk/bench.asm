; The bench disk: plain INT 13h calls without checks between two lines, "@ begin phase" and "@ end phase
; sectors", of which the host takes the times. [p_size] sectors per call; the sequential phases end
; with the disk ([p_write_count] for writes), the random one after [p_reads] calls.
%include "stage1.inc"
%include "lib.inc"

BUFFER equ 0x1000 ; segment

main:
    call check_handoff
    mov si, bench_dap
    mov ebp, 1
    mov di, .table
.next:
    test [p_phases], ebp
    jz .skip
    mov ax, [p_size]
    mov [bench_dap + 2], ax
    line "begin"
    put16 bp
    newline
    xor ecx, ecx ; sectors done
    call [di]
    line "end"
    put16 bp
    put32 ecx
    newline
.skip:
    add ebp, ebp
    add di, 2
    cmp di, .table_end
    jb .next
    jmp passed
.table:
    dw read_sequential  ; 1
    dw read_anywhere    ; 2
    dw write_sequential ; 4
.table_end:

read_sequential:
    mov eax, 0
    mov edx, [p_sectors]
    mov bh, 0x42
    jmp sequential
write_sequential:
    mov eax, [p_write_lba]
    mov edx, eax
    add edx, [p_write_count]
    mov bh, 0x43
; From sector EAX to EDX with function BH.
sequential:
    mov [bench_dap + 8], eax
.next:
    mov eax, [bench_dap + 8]
    add eax, [p_size]
    cmp eax, edx
    ja .end
    push eax
    call transfer
    pop dword [bench_dap + 8]
    jmp .next
.end:
    ret

read_anywhere:
    mov bh, 0x42
    mov edx, [p_reads]
.next:
    push ecx
    mov ecx, [p_sectors]
    sub ecx, [p_size]
    call random_below
    pop ecx
    mov [bench_dap + 8], eax
    call transfer
    dec edx
    jnz .next
    ret

transfer:
    push edx
    mov ah, bh
    mov al, 0
    mov dl, [boot_dl]
    int 0x13
    jc .failed
    pop edx
    add ecx, [p_size]
    ret
.failed:
    put8 ah ; the status
    fail "a call failed"

align 4
bench_dap: dw 16, 0, 0, BUFFER
    dq 0

program_end:
