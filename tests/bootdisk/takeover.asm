; The take-over test: an operating system gets hold of the NIC between two calls, without a word to us.
; Reports what it finds there: after reads, after [p_seconds] in which frames arrive, after more reads.
%include "stage1.inc"
%include "lib.inc"
%include "flat.inc"
%include "call.inc"
%include "disk.inc"
%include "e820.inc"
%include "nic.inc"

main:
    call check_handoff
    call report_e820
    call nic_find
    call disk_start
    call read_random
    call nic_listen
    call nic_report
    line "idle"
    call ticks
    put32 eax
    newline
    mov edx, [p_seconds]
    imul edx, 4661 ; 18.2 * 256
    shr edx, 8
    add edx, eax
.next:
    hlt
    call ticks
    cmp eax, edx
    jb .next
    call nic_report
    call read_random
    call nic_report
    jmp passed

program_end:
