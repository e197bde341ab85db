; The bench disk: a boot loader's INT 13h calls, for a host that takes the times of lines. It does the
; steps of the table that the host has put into the program's last sector:
;
;   @                   the boot sector runs
;   @ memory base e820  KiB by INT 12h, KiB of usable memory above 1 MiB
;   @ pause             before each step: nothing is asked for four ticks, the host may look at counters
;   @ begin kind
;   @ end calls
;
; Each call's first and last sector are checked: a sector that is read begins with its own number, one
; that is written gets that number xor [stamp], and FILL behind it.
%define BOOT_MARK
%define RANDOM_STATE VARIABLES
%include "stage1.inc"
%include "lib.inc"

BUFFER equ 0x1000 ; segment
FILL equ 0x5a5aa5a5
CALM equ 4 ; ticks

; Kinds of steps.
END equ 0
READ_ON equ 1   ; in order, from the region's start again after its end
READ_ANY equ 2  ; in random order
WRITE_ON equ 3
CHAIN equ 4     ; start the boot sector in the region's first sector
READ_TURNS equ 5 ; in order, of this drive and the next one by turns, each from the region's start on

struc STEP
.kind: resb 1
.size: resb 1   ; sectors per call
.ticks: resw 1  ; no call begins later
.first: resd 1  ; the region of the disk
.calls: resd 1  ; that fit into it
endstruc

; Variables and stack, not in a page with code: there each write takes an emulator longer than a call.
VARIABLES equ 0x6000
BENCH_STACK equ 0x7000

main:
    mov sp, BENCH_STACK
    call check_handoff
    mov di, VARIABLES + 4
    mov cx, (VARIABLES_SIZE - 4) / 2
    xor ax, ax
    rep stosw
    mov word [dap], 16
    mov word [dap + 6], BUFFER
    call report_memory
    push word BUFFER
    pop es
    mov si, steps
.next:
    cmp byte [si + STEP.kind], END
    je passed
    line "pause", 10
    mov ecx, CALM
    call ticks
    mov edx, eax
.pause:
    sti ; iPXE's INT 15h comes back without
    hlt
    call ticks
    sub eax, edx
    cmp eax, ecx
    jb .pause
    line "begin"
    put8 [si + STEP.kind]
    newline
    cmp byte [si + STEP.kind], CHAIN
    je chain
    call prepare
    call run
    line "end"
    put32 ebp
    newline
    add si, STEP_size
    jmp .next

; The DAP and the buffer of the step at SI.
prepare:
    movzx ecx, byte [si + STEP.size]
    mov [dap + 2], cx
    mov ax, cx
    dec ax
    shl ax, 9
    mov [last], ax
    shl ecx, 7
    mov eax, FILL
    xor di, di
    rep stosd
    ret

; The calls of the step at SI. EBP: how many.
run:
    xor ebp, ebp
    mov dword [place], 0
    mov byte [turn], 0
    call ticks
    mov [start], eax
.next:
    mov eax, [place]
    cmp byte [si + STEP.kind], READ_ANY
    jne .in_order
    mov ecx, [si + STEP.calls]
    call random_below
.in_order:
    movzx ecx, byte [si + STEP.size]
    mul ecx
    add eax, [si + STEP.first]
    mov [dap + 8], eax
    call transfer
    inc ebp
    mov eax, [place]
    cmp byte [si + STEP.kind], READ_TURNS
    jne .advance
    xor byte [turn], 1
    jnz .place
.advance:
    inc eax
    cmp eax, [si + STEP.calls]
    jb .place
    xor eax, eax
.place:
    mov [place], eax
    call ticks
    sub eax, [start] ; at midnight they begin again: the step is over
    movzx ecx, word [si + STEP.ticks]
    cmp eax, ecx
    jb .next
    ret

transfer:
    mov ebx, [dap + 8]
    movzx ecx, byte [si + STEP.size]
    lea ecx, [ebx + ecx - 1]
    mov di, [last]
    mov ah, 0x42
    cmp byte [si + STEP.kind], WRITE_ON
    jne .call
    xor ebx, [stamp]
    xor ecx, [stamp]
    mov [es:0], ebx
    mov [es:di], ecx
    mov ax, 0x4300
.call:
    mov dl, [boot_dl]
    add dl, [turn]
    push si
    mov si, dap
    int 0x13
    pop si
    jc .failed
    cmp [es:0], ebx
    jne .wrong
    cmp [es:di], ecx
    jne .wrong
    ret
.failed:
    line "transfer"
    put32 [dap + 8]
    put8 ah ; the status
    newline
    fail "a call failed"
.wrong:
    line "transfer"
    put32 [dap + 8]
    put32 [es:0]
    put32 [es:di]
    newline
    fail "wrong data"

; The boot sector at the region's start, as a BIOS starts it.
chain:
    mov eax, [si + STEP.first]
    mov [dap + 8], eax
    mov word [dap + 2], 1
    mov word [dap + 4], 0x7c00
    mov word [dap + 6], 0
    mov dl, [boot_dl]
    mov si, dap
    mov ah, 0x42
    int 0x13
    jc transfer.failed
    push word 0
    pop es
    jmp 0:0x7c00

report_memory:
    int 0x12
    line "memory"
    put16 ax
    mov di, e820_entry
    xor ebp, ebp
    xor ebx, ebx
.next:
    mov eax, 0xe820
    mov edx, 0x534d4150 ; "SMAP"
    mov ecx, 20
    int 0x15
    jc .end
    cmp dword [di + 16], 1
    jne .advance
    cmp dword [di], 0x100000
    jb .advance
    mov eax, [di + 8]
    shr eax, 10
    add ebp, eax
.advance:
    test ebx, ebx
    jnz .next
.end:
    put32 ebp
    newline
    ret

absolute VARIABLES
    resd 1 ; random_state
dap: resb 16
place: resd 1 ; of the next call in its region
start: resd 1 ; ticks
last: resw 1  ; offset of a call's last sector in the buffer
turn: resw 1  ; the next call is for this drive, 0, or for the one behind it, 1
e820_entry: resb 20
VARIABLES_SIZE equ $ - VARIABLES
section .text

; What the host fills in.
    times -($ - $$) & 511 db 0
    db "STEP"
stamp: dd 0
steps: times 504 db 0

program_end:
