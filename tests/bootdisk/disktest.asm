; The disk test: reads all of its disk, writes and reads back, calls every function, from every state a
; real-mode program may be in. [p_phases] says which of the phases below; README.md has the reports.
%include "stage1.inc"
%include "lib.inc"
%include "flat.inc"
%include "call.inc"
%include "disk.inc"

WITH_HMA equ 0x10000       ; not phases, but what the phases may use:
WITH_FLAT64 equ 0x20000
WITH_HIGH_ESP equ 0x40000  ; rubbish in the upper half of ESP

main:
    call check_handoff
    call a20_on
    call flat_fs ; loads our GDT, which every call must keep
    call disk_start
    call set_kinds
    mov ebp, 1
    mov si, .table
.next:
    test [p_phases], ebp
    jz .skip
    line "phase"
    put32 ebp
    newline
    pushad
    call [si]
    call set_kinds
    popad
    line "done"
    put32 ebp
    newline
.skip:
    add ebp, ebp
    add si, 2
    cmp si, .table_end
    jb .next
    jmp passed
.table:
    dw phase_whole       ; 1   the whole disk in order
    dw phase_random      ; 2   random reads
    dw phase_functions   ; 4   every function
    dw phase_write       ; 8   write a region, read it back
    dw phase_if_clear    ; 10  random reads with IF=0
    dw phase_small_stack ; 20  random reads on a 64-byte stack
    dw phase_unreal      ; 40  random reads with 4 GiB limits, which must last
    dw phase_a20_off     ; 80  random reads with A20 off
    dw phase_nested      ; 100 random reads, and INT 13h from the timer interrupt meanwhile
    dw phase_in_tick     ; 200 random reads from INT 1Ch, before the timer's EOI
.table_end:

; What every phase starts with.
set_kinds:
    push eax
    mov byte [buffer_kinds], KIND_LOW
    mov eax, [p_phases]
    test eax, WITH_HMA
    jz .no_hma
    or byte [buffer_kinds], KIND_HMA
.no_hma:
    test eax, WITH_FLAT64
    jz .no_flat
    or byte [buffer_kinds], KIND_FLAT64
.no_flat:
    mov word [call_flags], 2 | FLAG_IF
    mov word [stack_ss], 0
    mov word [stack_esp], CALL_STACK
    test eax, WITH_HIGH_ESP
    jz .end
    mov word [stack_esp + 2], 0xbad5
.end:
    pop eax
    ret

phase_whole:
    mov dword [xfer_lba], 0
    mov edx, [p_sectors]
    jmp read_to

phase_random:
    jmp read_random

phase_if_clear:
    mov word [call_flags], 2
    jmp read_random

; The stack is 64 bytes, IF=0 (the BIOS's own interrupts take more); below it nothing may change.
STACK_WATCHED equ 0x400
STACK_ROOM equ 64
phase_small_stack:
    mov word [call_flags], 2
    mov word [stack_ss], (SMALL_STACK - STACK_WATCHED) >> 4
    mov word [stack_esp], STACK_WATCHED
    mov di, SMALL_STACK - STACK_WATCHED
    mov cx, STACK_WATCHED
    mov al, 0xc5
    rep stosb
    call read_random
    mov di, SMALL_STACK - STACK_WATCHED
    mov cx, STACK_WATCHED - STACK_ROOM
    mov al, 0xc5
    repe scasb
    jne .written
    ret
.written:
    mov ax, SMALL_STACK
    sub ax, di
    inc ax
    line "stack"
    put16 ax
    newline
    fail "more than 64 bytes of the caller's stack were used"

; 4 GiB limits must outlast every call, and ticks between calls. TCG does not check limits: there the
; host looks at DS, ES and GS from outside while we halt for [p_seconds] (FS is renewed by checksum).
phase_unreal:
    call flat_all
    mov byte [watch_limits], 1
    call read_random
    mov cx, 4
.tick:
    call wait_interrupt
    loop .tick
    mov byte [watch_limits], 0
    line "halted", 10
    call ticks
    mov edx, [p_seconds]
    imul edx, 18
    add edx, eax
.look:
    hlt
    call ticks
    cmp eax, edx
    jb .look
    ret

phase_a20_off:
    mov byte [buffer_kinds], KIND_LOW
    call a20_off
    call a20_state
    mov [.before], al
    line "a20"
    put8 al
    newline
    mov edx, [p_reads]
.next:
    push edx
    mov dword [p_reads], 1
    call read_random
    pop edx
    call a20_state
    cmp al, [.before]
    jne .changed
    in al, 0x92
    test al, 2
    jnz .changed
    dec edx
    jnz .next
    mov cx, 4 ; ticks must leave it alone, too
.tick:
    call wait_interrupt
    call a20_state
    cmp al, [.before]
    jne .changed
    loop .tick
    call a20_on
    ret
.changed:
    fail "the state of A20 changed"
.before: db 0

%include "functions.inc"
%include "write.inc"
%include "nested.inc"
%include "tick.inc"

program_end:
