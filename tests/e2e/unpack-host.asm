; boot/unpack.inc as a program of the host, a 32-bit Linux one: takes a payload from standard input, writes
; the image to standard output. Status 0; 1: it wrote outside of what it was given.
SYS_EXIT  equ 1
SYS_READ  equ 3
SYS_WRITE equ 4
ROOM      equ 1 << 20
GUARD     equ 5A5A5A5Ah

        global _start
        section .text exec write
_start:
        mov esi, packed
.read:
        mov eax, SYS_READ
        xor ebx, ebx
        mov ecx, esi
        mov edx, ROOM
        int 80h
        add esi, eax
        test eax, eax
        jg .read
        mov eax, GUARD
        mov [work - 4], eax
        mov [work + UNPACK_ROOM], eax
        mov [image - 4], eax
        mov ecx, [packed]
        mov [image + ecx + 4], eax      ; up to 4 bytes may be lost
        mov [read_end], esi
        mov esi, packed
        mov edi, image
        mov ebp, work
        call unpack
        cmp [read_end], esi             ; it has not read on behind its end
        jb .outside
        mov eax, GUARD
        cmp [work - 4], eax
        jne .outside
        cmp [work + UNPACK_ROOM], eax
        jne .outside
        cmp [image - 4], eax
        jne .outside
        mov edx, [packed]
        cmp [image + edx + 4], eax
        jne .outside
        mov eax, SYS_WRITE
        mov ebx, 1
        mov ecx, image
        int 80h
        sub eax, [packed]
        setne bl
        jmp .exit
.outside:
        mov ebx, 1
.exit:
        mov eax, SYS_EXIT
        int 80h

%include "unpack.inc"

        section .bss
        resd 1
work:   resb UNPACK_ROOM
        resd 2
image:  resb ROOM
        resd 2
packed: resb ROOM
read_end: resd 1
