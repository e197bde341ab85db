; boot/unpack.inc as a program of the host, a 32-bit Linux one: takes a payload from standard input, writes
; the image and its relocation table to standard output. Status 0; 1: it wrote outside of what it
; was given. To be linked with the section `image` where the kernel would be.
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
        mov dword [work - 4], GUARD
        mov dword [work + UNPACK_ROOM], GUARD
        mov ecx, ROOM
        mov edi, image
        mov al, 5Ah
        rep stosb
        mov esi, packed
        mov edi, image
        mov ebp, work
        push esi
        call unpack
        pop esi
        mov edx, edi
        sub edx, image                  ; image and table
        mov ecx, image + ROOM
        sub ecx, edi
        mov al, 5Ah
        repe scasb
        jne .outside
        cmp dword [work - 4], GUARD
        jne .outside
        cmp dword [work + UNPACK_ROOM], GUARD
        jne .outside
        mov eax, SYS_WRITE
        mov ebx, 1
        mov ecx, image
        int 80h
        sub eax, edx
        setne bl
        jmp .exit
.outside:
        mov ebx, 1
.exit:
        mov eax, SYS_EXIT
        int 80h

%include "unpack.inc"

        section image nobits alloc write
image:  resb ROOM

        section .bss align=4096
        resb 4096                       ; in a page of its own: an emulator is slow where code and variables share one
        resd 1
work:   resb UNPACK_ROOM
        resd 1
packed: resb ROOM
