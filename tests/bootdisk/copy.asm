; Copies the first disk to the second, that to the third, and so on, a few sectors at a time in turn, and
; reads back what it has written.
;
; @ drives COUNT  @ copied LBA COUNT ...  @ PASS
%include "stage1.inc"
%include "lib.inc"
%include "flat.inc"
%include "call.inc"
%include "disk.inc"

main:
    call check_handoff
    line "drives"
    put8 [0x475]
    newline
.next:
    mov ecx, [p_sectors]
    sub ecx, [xfer_lba]
    jbe passed
    call random_count
    mov byte [boot_dl], 0x80
    call choose
    call disk_read
    call sum
    mov [sums], ebx
    mov [sums + 4], edx
.disk:
    inc byte [boot_dl]
    mov al, [boot_dl]
    sub al, 0x80
    cmp al, [0x475]
    jae .copied
    call disk_write
    call choose
    call disk_read
    call sum
    cmp ebx, [sums]
    jne .differs
    cmp edx, [sums + 4]
    je .disk
.differs:
    line "differs"
    put8 [boot_dl]
    put32 [xfer_lba]
    newline
    fail "what was written is not what is read"
.copied:
    line "copied"
    put32 [xfer_lba]
    put32 [xfer_count]
    newline
    mov eax, [xfer_count]
    add [xfer_lba], eax
    jmp .next

sum:
    mov esi, [xfer_phys]
    mov ecx, [xfer_count]
    imul ecx, [p_dwords]
    jmp checksum

sums: dd 0, 0

program_end:
