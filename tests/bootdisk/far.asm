; The far test, of disks with more sectors than 32 bits count: asks for their number by AH=48h, reads at
; both ends, in the middle and across sector 2^32, writes there the opposite of what was read, reads that
; back, and tries the end with one sector too many.
%include "stage1.inc"
%include "lib.inc"
%include "flat.inc"
%include "call.inc"
%include "disk.inc"

COUNT equ 32 ; sectors of a transfer

main:
    call check_handoff
    call disk_start
    call ask_size
    xor eax, eax
    xor edx, edx
    call read_place
    mov eax, 0xffffffff - COUNT / 2 + 1
    call try_place
    mov eax, [size]
    mov edx, [size + 4]
    shrd eax, edx, 1
    shr edx, 1
    call try_place
    mov eax, [size]
    mov edx, [size + 4]
    sub eax, COUNT
    sbb edx, 0
    push eax
    push edx
    call try_place
    pop edx
    pop eax
    add eax, 1
    adc edx, 0
    mov byte [xfer_may_fail], 1
    call read_at
    cmp byte [xfer_failed], 0
    je .beyond
    jmp passed
.beyond:
    fail "sectors beyond the end were read"

; "@ size high low"
ask_size:
    mov word [parameters], 30
    call registers_random
    mov byte [int_number], 0x13
    mov byte [rq + R.eax + 1], 0x48
    mov al, [boot_dl]
    mov [rq + R.edx], al
    mov word [rq + R.ds], 0
    mov word [rq + R.esi], parameters
    call call_bios
    test word [rs + R.flags], FLAG_CF
    jnz .failed
    mov eax, [parameters + 16]
    mov [size], eax
    mov edx, [parameters + 20]
    mov [size + 4], edx
    line "size"
    put32 edx
    put32 eax
    newline
    ret
.failed:
    fail "AH=48"

; Read at sector EDX:EAX, write the opposite, read that back.
try_place:
    call read_place
    pushad
    mov esi, [xfer_phys]
    mov ecx, COUNT * 512 / 4
.next:
    not dword [fs:esi]
    add esi, 4
    dec ecx
    jnz .next
    call disk_write
    popad
; "@ far high low sum sum"
read_place:
    call read_at
    pushad
    mov esi, [xfer_phys]
    mov ecx, COUNT * 512 / 4
    call checksum
    line "far"
    put32 [xfer_lba_high]
    put32 [xfer_lba]
    put32 ebx
    put32 edx
    newline
    popad
    ret

read_at:
    pushad
    mov [xfer_lba], eax
    mov [xfer_lba_high], edx
    mov dword [xfer_count], COUNT
    call choose
    mov byte [xfer_edd], 1
    call disk_read
    popad
    ret

align 4
size: dd 0, 0
parameters: times 30 db 0

program_end:
