; The idle test: reads, halts for [p_seconds], and reads again. Every tick meanwhile must leave all
; registers as they are.
%include "stage1.inc"
%include "lib.inc"
%include "flat.inc"
%include "call.inc"
%include "disk.inc"

main:
    call check_handoff
    call flat_all
    call disk_start
    call read_random
    mov byte [watch_limits], 1
    call ticks
    line "idle"
    put32 eax
    newline
    mov edx, [p_seconds]
    imul edx, 4661 ; 18.2 * 256
    shr edx, 8
    add edx, eax
.next:
    call wait_interrupt
    call ticks
    cmp eax, edx
    jb .next
    line "awake"
    put32 eax
    newline
    mov byte [watch_limits], 0
    call read_random
    jmp passed

program_end:
