; What UEFI firmware starts from our media: it says that lunboot needs a legacy BIOS, waits for a key, and lets the
; firmware go on to its next boot device. A PE32+ image for x86-64, or with WIDTH=32 a PE32 for IA-32 (Microsoft's PE
; format; UEFI 2.10, 2.1.1), which runs wherever it is loaded.

%include "efi.inc"

        bits WIDTH
        default rel
        org 0

PAGE            equ 1000h
FILE_ALIGN      equ 200h
NATIVE             equ WIDTH / 8

%if WIDTH == 64
%define address dq
%define ax_ rax
%define bx_ rbx
%define si_ rsi
%define di_ rdi
%define sp_ rsp
MACHINE         equ 8664h
MAGIC           equ 20Bh                ; PE32+
FAILED          equ 1 << 63
%else
%define address dd
%define ax_ eax
%define bx_ ebx
%define si_ esi
%define di_ edi
%define sp_ esp
MACHINE         equ 14Ch
MAGIC           equ 10Bh                ; PE32
FAILED          equ 1 << 31
%endif

; ---- headers -------------------------------------------------------------------------------------

        db "MZ"
        times 3Ch - ($ - $$) db 0
        dd pe
pe:
        db "PE", 0, 0
        dw MACHINE, 2                   ; two sections
        dd 0, 0, 0                      ; time; symbols
        dw sections - optional, 222h    ; executable, addresses beyond 2 GiB, nothing for debuggers
optional:
        dw MAGIC, 0
        dd RELOC - TEXT, FILE_ALIGN, 0  ; code, data, variables
        dd PAGE, PAGE                   ; where the code is entered and where it begins, ...
%if WIDTH == 32
        dd 2 * PAGE                     ; ... and the data
%endif
        address 0                       ; preferred address
        dd PAGE, FILE_ALIGN
        dd 0, 0, 0, 0                   ; versions
        dd 3 * PAGE, FILE_ALIGN, 0      ; size in memory, and of the headers; checksum
        dw 10, 100h                     ; EFI application; data need not be executable
        address 0, 0, 0, 0              ; stack and heap are the firmware's
        dd 0, 6                         ; six directories, of which there is the last: relocations
        dq 0, 0, 0, 0, 0
        dd 2 * PAGE, RELOC_LENGTH
sections:
        db ".text", 0, 0, 0
        dd RELOC - TEXT, PAGE, RELOC - TEXT, TEXT, 0, 0, 0
        dd 60000020h                    ; code: executable, readable
        db ".reloc", 0, 0
        dd RELOC_LENGTH, 2 * PAGE, FILE_ALIGN, RELOC, 0, 0, 0
        dd 42000040h                    ; data: readable, of no use later
        times FILE_ALIGN - ($ - $$) db 0
TEXT            equ $ - $$

; ---- the program ---------------------------------------------------------------------------------

; Offsets in the system table (UEFI 2.10, 4.3), in the boot services (4.4), and in the console's protocols (12.3, 12.4).
SYSTEM_CON_IN           equ 24 + 3 * NATIVE
SYSTEM_CON_OUT          equ 24 + 5 * NATIVE
SYSTEM_BOOT_SERVICES    equ 24 + 9 * NATIVE
BOOT_CREATE_EVENT       equ 24 + 7 * NATIVE
BOOT_SET_TIMER          equ 24 + 8 * NATIVE
BOOT_WAIT_FOR_EVENT     equ 24 + 9 * NATIVE
BOOT_CLOSE_EVENT        equ 24 + 11 * NATIVE
IN_RESET                equ 0
IN_READ_KEY             equ NATIVE
IN_WAIT_FOR_KEY         equ 2 * NATIVE     ; an event
OUT_STRING              equ NATIVE

EVT_TIMER               equ 80000000h
TIMER_RELATIVE          equ 1
MINUTE                  equ 600_000_000 ; in 100 ns
EFI_UNSUPPORTED         equ 3 | FAILED

; Variables, from SI_ on.
EVENTS                  equ 0           ; a key, and the time
INDEX                   equ 2 * NATIVE
KEY                     equ 3 * NATIVE
VARIABLES               equ 4 * NATIVE

; service TABLE, OFFSET, ARGUMENT...: call it. Arguments are registers or numbers.
%if WIDTH == 64
ARGUMENTS               equ 6 * NATIVE     ; on the stack: four that lie in registers, a fifth, alignment
%macro service 2-7
%if %0 > 2
        mov rcx, %3
%endif
%if %0 > 3
        mov rdx, %4
%endif
%if %0 > 4
        mov r8, %5
%endif
%if %0 > 5
        mov r9, %6
%endif
%if %0 > 6
        mov [rsp + 4 * NATIVE], %7
%endif
        call [%1 + %2]
%endmacro
%else
ARGUMENTS               equ 0
%macro service 2-7
%assign %%arguments %0 - 2
%rep %%arguments
%rotate -1
        push %1
%endrep
%rotate -2
        call [%1 + %2]
%if %%arguments
        add esp, %%arguments * NATIVE
%endif
%endmacro
%endif

        push bx_
        push si_
        push di_
%if WIDTH == 64
        mov rbx, rdx                    ; the system table
        lea rdi, [text]
%else
        mov ebx, [esp + 5 * NATIVE]
        call .here
.here:
        pop edi
        add edi, text - .here
%endif
        sub sp_, ARGUMENTS + VARIABLES
        lea si_, [sp_ + ARGUMENTS]

; Keys from before do not count; any from the moment on that the text is there does.
        mov ax_, [bx_ + SYSTEM_CON_IN]
        service ax_, IN_RESET, ax_, 0
        mov ax_, [bx_ + SYSTEM_CON_OUT]
        service ax_, OUT_STRING, ax_, di_

; The firmware would restart a PC that waits for five minutes, and nobody may be there.
        mov di_, [bx_ + SYSTEM_CON_IN]
        mov ax_, [di_ + IN_WAIT_FOR_KEY]
        mov [si_ + EVENTS], ax_
        mov bx_, [bx_ + SYSTEM_BOOT_SERVICES]
        lea ax_, [si_ + EVENTS + NATIVE]
        service bx_, BOOT_CREATE_EVENT, EVT_TIMER, 0, 0, 0, ax_
        mov ax_, [si_ + EVENTS + NATIVE]
%if WIDTH == 64
        service bx_, BOOT_SET_TIMER, ax_, TIMER_RELATIVE, MINUTE
%else
        service bx_, BOOT_SET_TIMER, ax_, TIMER_RELATIVE, MINUTE, 0
%endif
        lea ax_, [si_ + INDEX]
        service bx_, BOOT_WAIT_FOR_EVENT, 2, si_, ax_
        mov ax_, [si_ + EVENTS + NATIVE]
        service bx_, BOOT_CLOSE_EVENT, ax_
        lea ax_, [si_ + KEY]
        service di_, IN_READ_KEY, di_, ax_ ; or the next program would get it

        mov ax_, EFI_UNSUPPORTED        ; only after an error are there other devices
        add sp_, ARGUMENTS + VARIABLES
        pop di_
        pop si_
        pop bx_
        ret

%define line(words) __?utf16?__(words), 13, 10
text:
        dw 13, 10
        dw line("lunboot can't boot this PC: it needs a legacy BIOS, and was started by UEFI.")
        dw line("Enable legacy boot (CSM) in the firmware's setup, or choose an entry without")
        dw line('"UEFI" in its boot menu.')
        dw line("Press a key to go on to the next boot device; in a minute that happens anyway.")
        dw 0

; ---- relocations: none, but some firmware asks for a table ---------------------------------------

        times FILE_ALIGN - ($ - $$) % FILE_ALIGN db 0
RELOC           equ $ - $$
RELOC_LENGTH    equ 12
        dd PAGE, RELOC_LENGTH           ; of the page of the code
        dw 0, 0
        times EFI_SIZE - ($ - $$) db 0
