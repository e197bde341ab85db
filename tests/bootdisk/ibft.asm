; Finds the iBFT where Linux looks for it (80000-FFFFF without A0000-BFFFF, every 16 bytes) and reports
; its bytes: "@ ibft address length", then "@ bytes ..." in lines of 16.
%include "stage1.inc"
%include "lib.inc"

LENGTH_MAX equ 0x1000

main:
    call check_handoff
    line "base"
    put16 [0x413]
    newline
    mov bx, 0x8000
.next:
    cmp bx, 0xa000
    jne .look
    mov bx, 0xc000
.look:
    mov fs, bx
    cmp dword [fs:0], 0x54464269 ; "iBFT"
    jne .advance
    call report
.advance:
    inc bx
    jnz .next
    jmp passed

report:
    movzx eax, bx
    shl eax, 4
    mov ecx, [fs:4]
    line "ibft"
    put32 eax
    put32 ecx
    newline
    cmp ecx, LENGTH_MAX
    ja .end
    xor si, si
.next:
    test si, 15
    jnz .byte
    line "bytes"
.byte:
    put8 [fs:si]
    inc si
    test si, 15
    jnz .same
    newline
.same:
    loop .next
    test si, 15
    jz .end
    newline
.end:
    ret

program_end:
