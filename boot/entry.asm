; Where boot loaders (Multiboot 1) and our own prefixes enter, the kernel's stack, and the first
; instructions of every exception. All of it is linked with the kernel.

MULTIBOOT_MAGIC equ 1BADB002h
MULTIBOOT_FLAGS equ 2                   ; we want the memory fields
STACK_SIZE      equ 16384
EXCEPTIONS      equ 32

        extern start, exception, bss_start, image_end
        global entry, move_on, exception_stubs, kernel_stack, kernel_stack_top
        global resident_image, resident_image_end

        bits 32
        section .multiboot align=4
        dd MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

; KERNEL_ENTRY, where prefixes enter, too. EAX: 2BADB002h, EBX: the Multiboot information; or PREFIX_MAGIC
; and a struct prefix_info. Flat segments, which stay valid until the GDT is ours: the first call of real
; mode loads it.
entry:
        cli
        cld
        mov esp, kernel_stack_top
        xchg eax, esi
        mov edi, bss_start              ; a prefix has not cleared it
        mov ecx, image_end
        sub ecx, edi
        xor eax, eax
        rep stosb
        xchg eax, esi
        mov edx, ebx
        call start                      ; never returns; regparm(3): EAX, EDX

        section .text
; void move_on(void (*next)(void), u8 *stack_top): regparm(3). Go on in the moved kernel, on its stack.
move_on:
        mov esp, edx
        push dword 0
        jmp eax

; Vector 0..31: push an error code of 0 where the CPU pushes none, then the vector.
exception_stubs:
%assign vector 0
%rep EXCEPTIONS
        align 16
%if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
        push dword 0
%endif
        push dword vector
        jmp exception_common
%assign vector vector + 1
%endrep

exception_common:
        pushad
        mov eax, cr2
        push eax
        mov eax, esp
        call exception                  ; never returns

        section .rodata
resident_image:
        incbin "resident.bin"
resident_image_end:

        section .bss align=16
kernel_stack:
        resb STACK_SIZE
kernel_stack_top:
