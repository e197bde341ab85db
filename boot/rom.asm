; The option ROM: a PCI 3.0 expansion ROM with a PnP header, whose boot entry vector (BEV) loads the kernel.
;
; Init, during POST, moves the packed kernel to memory that the BIOS's PMM keeps for us, and shrinks to
; ROM_RESIDENT bytes; without PMM all of it stays. After POST nothing here can be written any more. Bochs' BIOS
; protects us while init runs already: what init would note is left out then, and we work as we are.
;
; tools/rom makes the files of it: one for each PCI device, with its checksum.
;
; What a driver wants to be done before the kernel is unpacked, its boot/rom-DRIVER.inc does, of which the name is
; DRIVER_INC: prepare_nic, called with the NIC's PCI address in [cs:bdf] and 256 bytes of stack at SS 0. It writes
; nothing to the ROM, and may lose all registers but CS and SS:SP, and leave interrupts off.
;
; Sources: PCI Firmware Specification 3.0, 5; Plug and Play BIOS Specification 1.0A, 3; POST Memory Manager
; Specification 1.01.

%include "offsets.inc"
%include "version.inc"

ROM_RESIDENT    equ 2048
INIT_IPL_DEVICE equ 20h                 ; init's answer: a boot device is attached
RUN_TIME_FIRST  equ 0C000h              ; option ROMs lie from this segment to before that
RUN_TIME_END    equ 0F000h

PNP_IPL         equ 54h                 ; boot device; only needed if booted from; may be shadowed

PMM_FIRST       equ 0E000h              ; from this segment on, on a paragraph, lies its entry structure
PMM_LENGTH      equ 5                   ; offsets in it
PMM_ENTRY       equ 7
PMM_ALLOCATE    equ 0
PMM_DEALLOCATE  equ 2
PMM_EXTENDED    equ 2                   ; flags
PMM_PERMANENT   equ 8
PMM_ANONYMOUS   equ -1
PMM_ROUND       equ 4096                ; smaller steps upset some BIOSes

        bits 16
        org 0
        cpu 586

rom:
        dw 0AA55h
size:   db IMAGE_SIZE / 512
        jmp near init
checksum: db 0
        times 18h - ($ - rom) db 0
        dw pcir, pnp

        align 16, db 0
pnp:
        db "$PnP", 1, 2                 ; revision, length in paragraphs
        dw 0                            ; no further header
        db 0, 0                         ; checksum, filled in
        dd 0
        dw manufacturer, product
        db 0, 0, 2                      ; device type: Ethernet
        db PNP_IPL
        dw 0, 0, bev, 0, 0              ; BCV, disconnect vector, BEV

pcir:
        db "PCIR"
device: dw 0, 0                         ; vendor and device, filled in
        dw 0                            ; no list of further devices: SeaBIOS looks at none
        dw pcir_end - pcir
        db 3                            ; revision
        db 0, 0, 2                      ; class: Ethernet
image_length:
        dw IMAGE_SIZE / 512
        dw 0
        db 0, 80h                       ; for x86 PCs, the last image
        dw IMAGE_SIZE / 512             ; at run time, at most
        dw 0, 0
pcir_end:

bdf:    dw BOOT_NO_BDF
payload_at: dd 0                        ; physical address, where it is not behind us

manufacturer: db "lunboot", 0
product: db "lunboot ", VERSION
product_bdf: db 0, "(PCI "              ; init makes the 0 a space when it knows the address
pci_bus:    db "00:"
pci_device: db "00."
pci_function: db "0)", 0

; The BIOS boots from us. Its stack may be tiny.
bev:
        cld
        xor eax, eax
        mov ss, ax
        mov esp, PREFIX_STACK
%ifdef DRIVER_INC
        call prepare_nic
%endif
        sub sp, PREFIX_SIZE             ; a struct prefix_info
        mov ebx, esp                    ; its physical address, as SS is 0
        push ss
        pop es
        mov di, bx
        mov cx, PREFIX_SIZE
        mov al, 0
        rep stosb
        mov dword [es:bx + PREFIX_magic], PREFIX_MAGIC
        mov byte [es:bx + PREFIX_medium], BOOT_ROM
        mov ax, [cs:bdf]
        mov [es:bx + PREFIX_bdf], ax
        mov esi, [cs:payload_at]
        test esi, esi
        jnz .load
        mov ax, cs
        shl eax, 4
        lea esi, [eax + payload]
.load:
        call load_kernel
        push cs
        pop ds
        mov si, no_memory
        call print
        int 18h                         ; the next boot device

; The text at DS:SI, and a new line.
print:
        lodsb
        test al, al
        jz .line
        call .put
        jmp print
.line:
        mov al, 13
        call .put
        mov al, 10
.put:
        push si
        mov ah, 0Eh
        mov bx, 7
        int 10h
        pop si
        ret

%ifdef DRIVER_INC
%include DRIVER_INC
%endif

; ES reaches all of 4 GiB from address 0 on, in real mode. Leaves interrupts off; GDTR is lost, and all
; registers but EBX, EDX and SI.
open_flat_es:
        cli
        xor eax, eax
        mov ax, cs
        shl eax, 4
        add eax, loader_gdt
        push eax
        push word loader_gdt_end - loader_gdt - 1
        mov bp, sp
        o32 lgdt [bp]
        add sp, 6
        mov eax, cr0                    ; ES gets a limit of 4 GiB, and keeps it
        or al, 1
        mov cr0, eax
        mov cx, LOADER_DATA32
        mov es, cx
        and al, 0FEh
        mov cr0, eax
        xor cx, cx
        mov es, cx
        ret

%include "loader.inc"

rom_resident_end:
%if rom_resident_end - rom > ROM_RESIDENT
%error what stays of the ROM does not fit ROM_RESIDENT
%endif

; ---- POST: from here on nothing stays where there is PMM -----------------------------------------

; AX: our PCI address, as most BIOSes mean it. BX: under PCI 3.0, the segment where we are to be at run time.
; Answers with AX.
init:
        pushf
        pushad
        push ds
        push es
        cld
        push cs
        pop ds
        mov cx, cs
        mov [run_time], cx
        cmp [run_time], cx              ; 0 where nothing can be written
        jne .protected
        mov [bdf], ax
        call find_run_time
        call name_device
        call move_payload
        call settle
.done:
        pop es
        pop ds
        popad
        popf
        mov ax, INIT_IPL_DEVICE
        retf
.protected:
        call name_device.say
        jmp .done

run_time: dw 0

; Older BIOSes leave a CSN, all ones or rubbish in BX.
find_run_time:
        push bx
        mov ax, 0B101h                  ; PCI BIOS present? Version in BX
        int 1Ah
        pop ax
        cmp edx, "PCI "
        jne .done
        cmp bh, 3
        jb .done
        cmp ax, RUN_TIME_FIRST
        jb .done
        cmp ax, RUN_TIME_END
        jae .done
        test al, 7Fh                    ; 2 KiB steps
        jnz .done
        mov [run_time], ax
.done:
        ret

; Put our PCI address into the product name, when our device is really there: VirtualBox's is not. And say
; that we are here.
name_device:
        mov ax, 0B10Ah                  ; read a dword of configuration space
        mov bx, [bdf]
        xor di, di
        int 1Ah
        jc .unknown
        cmp ecx, [device]
        je .known
.unknown:
        mov word [bdf], BOOT_NO_BDF
        jmp .say
.known:
        mov byte [product_bdf], " "
        mov ax, [bdf]
        mov di, pci_bus
        push ax
        mov al, ah
        call .hex
        pop ax
        mov ah, al
        and ah, 7
        add [pci_function], ah
        shr al, 3
        mov di, pci_device
        call .hex
.say:
        mov si, product
        jmp print

; AL in two digits at DI.
.hex:
        mov ah, al
        shr al, 4
        call .digit
        mov al, ah
        and al, 15
.digit:
        cmp al, 10
        jb .decimal
        add al, "A" - "0" - 10
.decimal:
        add al, "0"
        mov [di], al
        inc di
        ret

; To memory of the PMM's that stays ours, where the loader is not in its way; shrink then.
move_payload:
        mov bx, PMM_FIRST
.look:
        mov es, bx
        cmp dword [es:0], "$PMM"
        jne .not_here
        movzx cx, byte [es:PMM_LENGTH]
        xor di, di
        mov al, 0
.sum:
        add al, [es:di]
        inc di
        loop .sum
        test al, al
        jz .found
.not_here:
        inc bx
        jnz .look
.none:
        ret
.found:
        push word PMM_EXTENDED | PMM_PERMANENT
        push dword PMM_ANONYMOUS
        push dword (PAYLOAD_SIZE + PMM_ROUND - 1) / PMM_ROUND * (PMM_ROUND / 16)
        push word PMM_ALLOCATE
        call far [es:PMM_ENTRY]
        add sp, 12
        shl edx, 16
        mov dx, ax
        lea eax, [edx - 1]              ; failure is 0 or all ones
        cmp eax, -2
        jae .none
        cmp edx, LOADER_END
        jb .give_back
        call copy_payload
        jne .give_back
        mov [payload_at], edx
        mov byte [size], ROM_RESIDENT / 512
        mov word [image_length], ROM_RESIDENT / 512
        ret
.give_back:
        push edx
        push word PMM_DEALLOCATE
        call far [es:PMM_ENTRY]
        add sp, 6
        ret

; To physical address EDX, which is kept; ZF set when it has arrived. Leaves interrupts off.
copy_payload:
        pushad
        call open_a20
        push cs
        pop ds
        popad
        push es
        sub sp, 6
        mov bp, sp
        o32 sgdt [bp]
        call open_flat_es
        call .pass
        a32 rep movsd
        call .pass
        a32 repe cmpsd
        mov bp, sp
        o32 lgdt [bp]
        lea sp, [bp + 6]
        pop es
        ret
.pass:
        mov esi, payload
        mov edi, edx
        mov ecx, (PAYLOAD_SIZE + 3) / 4
        ret

; What stays gets its checksum, and goes where it is to be at run time.
settle:
        movzx cx, byte [size]
        shl cx, 9
        push cx
        xor si, si
        mov byte [checksum], 0
        mov ah, 0
.sum:
        lodsb
        sub ah, al
        loop .sum
        mov [checksum], ah
        pop cx
        mov es, [run_time]
        xor si, si
        xor di, di
        rep movsb                       ; onto itself, before PCI 3.0
        ret

payload:
%include "payload.inc"
PAYLOAD_SIZE equ $ - payload
        align 512, db 0
IMAGE_SIZE equ $ - rom
