; The soak disk: each sector of the region [p_write_lba], [p_write_count] names itself. Its first dword
; is its LBA, the second its generation (how often it was written here, 0 from the host), the others are
; a pattern of both. Reads and rewrites pieces of it until the key q comes, now in order, now anywhere, and
; knows what each sector has to be.
%include "stage1.inc"
%include "lib.inc"
%include "flat.inc"
%include "call.inc"
%include "disk.inc"

READ_ONLY equ 1             ; phases: no writes,
MAY_FAIL equ 2              ; and errors are reported, and no failure; a write has changed nothing then

GENERATIONS equ 0x400000    ; flat address: a dword for each sector of the region
REPORT_TICKS equ 9          ; half a second

main:
    call check_handoff
    call a20_on
    call disk_start
    call flat_fs            ; behind the first calls, whose segments are random
    test dword [p_phases], MAY_FAIL
    setnz [xfer_may_fail]
    mov edi, GENERATIONS
    mov ecx, [p_write_count]
.clear:
    mov dword [fs:edi], 0
    add edi, 4
    dec ecx
    jnz .clear
    call ticks
    mov [first_tick], eax
    mov [reported], eax
.next:
    call one
    call progress
    call keys
    jmp .next

; One call: of random size and kind, to or from a random buffer; of eight, seven begin where the last one
; has ended, so that there is something to read ahead.
one:
    call ticks
    mov [call_tick], eax
    mov ecx, MAX_COUNT
    call random_count
    mov edx, [xfer_lba]
    add edx, [last_count]
    mov ecx, [p_write_count]
    sub ecx, [xfer_count] ; the last place
    mov ebx, edx
    sub ebx, [p_write_lba]
    cmp ebx, ecx
    ja .anywhere
    call random
    test al, 7
    jnz .place
.anywhere:
    inc ecx
    call random_below
    add eax, [p_write_lba]
    mov edx, eax
.place:
    mov [xfer_lba], edx
    mov eax, [xfer_count]
    mov [last_count], eax
    call choose
    mov byte [writing], 0
    call random
    test dword [p_phases], READ_ONLY
    jnz .read
    test al, 1
    jz .read
    mov byte [writing], 1
    call walk
    call disk_write
    cmp byte [xfer_failed], 0
    jne .not_written
    inc dword [writes]
    jmp .done
.read:
    call disk_read
    cmp byte [xfer_failed], 0
    jne .failed
    call walk
.done:
    inc dword [calls]
    mov eax, [xfer_count]
    add [sectors], eax
    jmp .time
.not_written:
    mov byte [writing], -1
    call walk
.failed:
    line "error"
    put8 [rs + R.eax + 1]
    newline
.time:
    call ticks
    sub eax, [call_tick]
    cmp eax, [longest]
    jbe .end
    mov [longest], eax
.end:
    ret

; The sectors of the transfer: make new generations of them in the buffer when [writing] is 1, take those
; back when it is -1, else look whether the buffer holds those that were written last.
walk:
    pushad
    call flat_fs
    mov edi, [xfer_phys]
    mov esi, [xfer_lba]
    mov ebp, [xfer_count]
.sector:
    mov ebx, esi
    sub ebx, [p_write_lba]
    shl ebx, 2
    add ebx, GENERATIONS
    movsx eax, byte [writing]
    add [generations], eax
    add eax, [fs:ebx]
    mov [fs:ebx], eax
    mov ebx, eax
    mov eax, esi
    call .dword
    mov eax, ebx
    call .dword
    add ebx, [p_seed]
    mov edx, esi
    shl edx, 7
    mov ecx, 2
.pattern:
    lea eax, [edx + ecx]
    xor eax, ebx
    imul eax, eax, 0x9e3779b1
    call .dword
    inc ecx
    cmp ecx, 128
    jb .pattern
    inc esi
    dec ebp
    jnz .sector
    popad
    ret
.dword:
    cmp byte [writing], 0
    jne .store
    cmp [fs:edi], eax
    jne .different
.store:
    mov [fs:edi], eax
    add edi, 4
    ret
.different:
    line "transfer"
    call report_transfer
    put32 esi
    put32 edi
    put32 [fs:edi]
    put32 eax
    newline
    fail "a sector is not what was written last"

; Twice a second, when there is something new.
progress:
    call ticks
    mov edx, eax
    sub eax, [reported]
    cmp eax, REPORT_TICKS
    jb .end
    mov [reported], edx
    line "calls"
    put32 [calls]
    newline
.end:
    ret

keys:
    mov ah, 1
    int 0x16
    jz .none
    mov ah, 0
    int 0x16
    line "key"
    put16 ax
    newline
    cmp al, 'q'
    jne keys
    call ticks
    sub eax, [first_tick]
    line "soaked"
    put32 [calls]
    put32 [writes]
    put32 [sectors]
    put32 [generations]
    put32 [longest]
    put32 eax
    newline
    jmp passed
.none:
    ret

align 4
first_tick: dd 0
call_tick: dd 0
reported: dd 0
last_count: dd 0
calls: dd 0
writes: dd 0
sectors: dd 0
generations: dd 0 ; the sum of all
longest: dd 0     ; ticks of the longest call
writing: db 0

program_end:
