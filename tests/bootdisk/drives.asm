; The drives test: reads the LUN, and then the first sector of each disk behind it, by CHS and by LBA. Those
; are the local disks, moved up by one.
%include "stage1.inc"
%include "lib.inc"
%include "flat.inc"
%include "call.inc"
%include "disk.inc"

main:
    call check_handoff
    call disk_start
    call read_random
.drive:
    inc byte [boot_dl]
    mov al, [boot_dl]
    sub al, 0x80
    cmp al, [0x475]
    jae passed
    call disk_start
    mov cl, 0
    call read_first
    mov cl, 1
    call read_first
    jmp .drive

; "@ local drive edd sum sum"
read_first:
    mov dword [xfer_lba], 0
    mov dword [xfer_count], 1
    call choose
    mov [xfer_edd], cl
    call disk_read
    mov esi, [xfer_phys]
    mov ecx, 128
    call checksum
    line "local"
    put8 [boot_dl]
    put8 [xfer_edd]
    put32 ebx
    put32 edx
    newline
    ret

program_end:
