; build/lunboot.pxe: what a NIC's PXE ROM loads over TFTP to 0000:7C00 and calls with ES:BX -> PXENV+ and
; SS:[SP + 4] -> !PXE (PXE 2.1, 4.4.5). Takes what PXE knows (the DHCP answers, and which NIC it is), ends
; PXE, gives its memory back, and loads the kernel. There is no way back to the ROM from here. Of a NIC that no driver
; of ours is for, the UNDI stays, without its base code, and the kernel is told where (drv/undi.c); of others, if the
; settings say nic=undi.

%include "offsets.inc"

        bits 16
        cpu 586
        org 0

SELF                    equ 7C0h        ; segment
PARAMS                  equ 32          ; bytes of the longest function's
KIB                     equ 1024
CONVENTIONAL_END        equ 0A0000h

; Offsets in !PXE and in PXENV+.
PXE_ENTRY               equ 10h
PXE_SEGMENTS            equ 20h         ; 7 of 8 bytes; the first 6 may lie in base memory
PXENV_VERSION           equ 6
PXENV_ENTRY             equ 0Ah
PXENV_SEGMENTS          equ 14h         ; 5 of segment, size
PXENV_PXE               equ 28h

; Functions, and offsets in their parameters, behind the status that all begin with.
UNDI_SHUTDOWN           equ 05h
UNDI_CLEANUP            equ 02h
STOP_UNDI               equ 15h
UNLOAD_STACK            equ 70h
UNDI_GET_NIC_TYPE       equ 12h
NIC_TYPE                equ 2           ; byte
NIC_BDF                 equ 11
NIC_TYPE_PCI            equ 2
PCI_ADDRESS             equ 0CF8h
PCI_DATA                equ 0CFCh
PCI_ENABLE              equ 80000000h
GET_CACHED_INFO         equ 71h
CACHED_TYPE             equ 2
CACHED_SIZE             equ 4           ; in: of the buffer; out: of the packet
CACHED_BUFFER           equ 6           ; offset, segment
CACHED_ACK              equ 2           ; types: the DHCP server's,
CACHED_REPLY            equ 3           ; and the proxyDHCP or boot server's
FILE_EXEC               equ 0E5h        ; iPXE's own
EXEC_COMMAND            equ 2           ; offset, segment
FILE_API_CHECK          equ 0E6h        ; iPXE's own
CHECK_SIZE              equ 2           ; of the parameters
CHECK_MAGIC             equ 4           ; in: FILE_API_MAGIC; out: FILE_API_ANSWER
CHECK_FUNCTIONS         equ 12          ; bit 0: there is function 0E0h, and so on
CHECK_LENGTH            equ 20
FILE_API_MAGIC          equ 91D447B2h
FILE_API_ANSWER         equ 0E9C17B20h

        jmp SELF:start

start:
        mov [cs:pxenv], bx
        mov [cs:pxenv + 2], es
        mov bp, sp
        les di, [bp + 4]
        mov ax, cs
        mov ds, ax
        xor ax, ax
        mov ss, ax                      ; PXE's stack goes with PXE
        mov sp, PREFIX_STACK
        sti
        cld

        call find_pxe
        jc start_kernel
        call take_answers
        call take_nic
        call leave_ipxe
        call end_pxe
        jc start_kernel
        cmp dword [info + PREFIX_undi_entry], 0
        je .free
        call spare_undi
.free:
        call free_memory

%include "prefix.inc"

; ---- PXE's functions -------------------------------------------------------------------------------

; Set [entry], [segments] and [unload] by !PXE, where there is one, else by PXENV+, the older form. ES:DI is
; what may be !PXE. CF: there is no PXE.
find_pxe:
        call is_pxe
        je .pxe
        les bx, [pxenv]
        call is_pxenv
        je .pxenv
        mov ax, 5650h                   ; PXE's installation check
        int 1Ah
        jc .none
        cmp ax, 564Eh
        jne .none
        call is_pxenv
        jne .none
.pxenv:
        cmp word [es:bx + PXENV_VERSION], 201h
        jb .old
        push es
        les di, [es:bx + PXENV_PXE]
        call is_pxe
        pop ax
        je .pxe
        mov es, ax                      ; PXENV+'s again
.old:
        mov word [unload], unload_old
        mov eax, [es:bx + PXENV_ENTRY]
        mov [entry], eax
        mov cx, 5
        lea si, [bx + PXENV_SEGMENTS]
        mov word [undi_segments], segments + 3 * 4
        mov di, segments
.old_segment:
        es lodsd
        mov [di], eax
        add di, 4
        loop .old_segment
        clc
        ret
.pxe:
        mov [pxe_at], di
        mov [pxe_at + 2], es
        mov eax, [es:di + PXE_ENTRY]
        mov [entry], eax
        lea si, [di + PXE_SEGMENTS]
        mov di, segments
        mov cx, 6
.segment:
        mov ax, [es:si]
        mov [di], ax
        mov ax, [es:si + 6]
        mov [di + 2], ax
        add si, 8
        add di, 4
        loop .segment
        clc
        ret
.none:
        stc
        ret

; ZF: ES:DI is !PXE, ES:BX is PXENV+. Keep both.
is_pxe:
        cmp dword [es:di], '!PXE'
        jne .no
        mov si, di
        movzx cx, byte [es:di + 4]
        jmp sum
.no:
        ret
is_pxenv:
        cmp dword [es:bx], 'PXEN'
        jne is_pxe.no
        cmp word [es:bx + 4], 'V+'
        jne is_pxe.no
        mov si, bx
        movzx cx, byte [es:bx + 8]
sum:                                    ; ZF: CX bytes from ES:SI add up to 0
        xor dx, dx
.next:
        es lodsb
        add dl, al
        loop .next
        test dl, dl
        ret

; Call function BX with [params]; ZF: success. PXENV+'s entry takes its arguments in registers, !PXE's on
; the stack. Keeps DS and SP.
pxe:
        push cs
        pop es
        mov di, params
        push cs
        push di
        push bx
        call far [entry]
        add sp, 6
        cld
        mov cx, cs
        mov ds, cx
        or ax, [params]
        ret

clear_params:
        push cs
        pop es
        mov di, params
        mov cx, PARAMS / 2
        xor ax, ax
        rep stosw
        ret

; ---- what PXE knows --------------------------------------------------------------------------------

; The DHCP packets as they are; C checks and merges them.
take_answers:
        mov dx, CACHED_ACK
        mov si, ack
        mov di, info + PREFIX_dhcp_ack_len
        call .take
        mov dx, CACHED_REPLY
        mov si, reply
        mov di, info + PREFIX_dhcp_reply_len
; Packet DX to SI, its length to [DI], which stays 0 when there is none.
.take:
        push di
        call clear_params
        mov [params + CACHED_TYPE], dx
        mov word [params + CACHED_SIZE], BOOT_DHCP_MAX
        mov [params + CACHED_BUFFER], si
        mov [params + CACHED_BUFFER + 2], cs
        mov bx, GET_CACHED_INFO
        call pxe
        pop di
        jne .none
        mov ax, [params + CACHED_SIZE]
        mov [di], ax
.none:
        ret

take_nic:
        call clear_params
        mov bx, UNDI_GET_NIC_TYPE
        call pxe
        jne .none
        cmp byte [params + NIC_TYPE], NIC_TYPE_PCI
        jne .none
        movzx eax, word [params + NIC_BDF]
        mov [info + PREFIX_bdf], ax
        call wants_undi
        je .keep
        shl eax, 8                      ; what it is, PCI says itself
        or eax, PCI_ENABLE
        mov dx, PCI_ADDRESS
        out dx, eax
        mov dx, PCI_DATA
        in eax, dx                      ; vendor, device
        mov si, own_nics
.next:
        cmp eax, [si]
        je .none
        add si, 4
        cmp si, own_nics_end
        jb .next
.keep:                                  ; there is no driver of ours: UNDI is to stay
        mov word [unload], unload_base
        mov eax, [entry]
        mov [info + PREFIX_undi_entry], eax
        mov si, [undi_segments]
        mov di, info + PREFIX_undi_segments
        push ds
        pop es
        movsd
        movsd
.none:
        ret

; ZF: the settings say nic=undi. Keeps EAX.
wants_undi:
        mov si, settings - 1
.next:
        inc si
        cmp byte [si], 1
        jb .out                         ; their end, and ZF is clear
        cmp dword [si], 'nic='
        jne .next
        cmp dword [si + 4], 'undi'
        jne .next
.out:
        ret

; ---- the end of PXE --------------------------------------------------------------------------------

; iPXE takes a root path for itself, too: it has logged in, hooked INT 13h and left an iBFT before it came
; to us. It is told to let go, and does so, but for the number of drives.
leave_ipxe:
        call clear_params
        mov byte [params + CHECK_SIZE], CHECK_LENGTH
        mov dword [params + CHECK_MAGIC], FILE_API_MAGIC
        mov bx, FILE_API_CHECK
        call pxe
        jne .none
        cmp dword [params + CHECK_MAGIC], FILE_API_ANSWER
        jne .none
        test byte [params + CHECK_FUNCTIONS], 1 << (FILE_EXEC - 0E0h)
        jz .none
        call clear_params
        mov word [params + EXEC_COMMAND], .command
        mov [params + EXEC_COMMAND + 2], cs
        mov bx, FILE_EXEC
        call pxe
        jne .none
        xor ax, ax
        mov fs, ax
        mov dl, [fs:BDA_DISKS]
        test dl, dl
        jz .none
        add dl, 80h - 1
        mov ah, 15h                     ; what kind of drive is the last?
        int 13h
        jc .gone
        test ah, ah
        jnz .none
.gone:
        dec byte [fs:BDA_DISKS]
.none:
        ret
.command db "sanunhook", 0

; Call the functions that [unload] lists. CF: one has failed, and PXE stays in memory.
end_pxe:
        mov si, [unload]
.next:
        lodsb
        cbw
        test ax, ax
        jz .done
        mov bx, ax
        push si
        call clear_params
        call pxe
        pop si
        je .next
        stc
.done:
        ret
unload_new db UNDI_SHUTDOWN, UNLOAD_STACK, STOP_UNDI, 0
unload_old db UNDI_SHUTDOWN, UNLOAD_STACK, UNDI_CLEANUP, 0
unload_base db UNDI_SHUTDOWN, UNLOAD_STACK, 0

; UNDI stays. Take its entry point, which may be another now that the base code has gone, and lower [spared] to
; the first byte of what is to stay: UNDI's two segments, !PXE, and the code at the entry point.
spare_undi:
        mov si, info + PREFIX_undi_segments
        call .segment
        call .segment
        les di, [pxe_at]                ; 0:0 where there is only PXENV+
        call is_pxe
        jne .entry
        mov eax, [es:di + PXE_ENTRY]
        mov [info + PREFIX_undi_entry], eax
        mov si, pxe_at
        call .address
.entry:
        mov si, info + PREFIX_undi_entry
.address:                               ; offset and segment at SI
        lodsw
        movzx edx, ax
        lodsw
        jmp .lower
.segment:                               ; segment and size at SI
        lodsd
        cmp eax, 10000h
        jb .out
        xor edx, edx
.lower:
        movzx eax, ax
        shl eax, 4
        add eax, edx
        cmp eax, [spared]
        jae .out
        mov [spared], eax
.out:
        ret

; Raise the end of base memory over what PXE's segments cover from there up without a hole (it is given
; out in KiB), up to [spared], when no interrupt vector points there any more. The memory is cleared: iPXE's iBFT
; would be found before ours. EBX: the old end, EDX: the new one.
free_memory:
        xor ax, ax
        mov fs, ax
        movzx ebx, word [fs:BDA_BASE_MEMORY]
        shl ebx, 10
        mov edx, ebx
.again:
        mov si, segments
.segment:
        lodsd
        movzx ecx, ax
        shl ecx, 4                      ; start
        shr eax, 16
        add eax, ecx                    ; end
        lea edi, [edx + 2 * KIB - 1]    ; what may be left over of a KiB is no hole
        and di, -KIB
        cmp ecx, edi
        jae .other
        cmp eax, edx
        jbe .other
        mov edx, eax
        jmp .again
.other:
        cmp si, segments_end
        jb .segment

        add edx, KIB - 1
        and dx, -KIB
        movzx eax, word [fs:BDA_EBDA]
        shl eax, 4
        cmp eax, ebx                    ; the EBDA may lie behind the old end
        jb .no_ebda
        cmp edx, eax
        ja .out
.no_ebda:
        cmp edx, CONVENTIONAL_END
        ja .out
        cmp edx, [spared]
        jbe .whole
        mov edx, [spared]
        and dx, -KIB
.whole:
        cmp edx, ebx
        jbe .out

        xor si, si
.vector:
        mov eax, [fs:si]
        movzx ecx, ax
        shr eax, 16
        shl eax, 4
        add eax, ecx
        cmp eax, ebx
        jb .outside
        cmp eax, edx
        jb .out
.outside:
        add si, 4
        cmp si, KIB
        jb .vector

        mov eax, edx
        shr eax, 10
        mov [fs:BDA_BASE_MEMORY], ax
        mov eax, ebx
.clear:
        cmp ebx, edx
        jae .out
        mov eax, ebx
        shr eax, 4
        mov es, ax
        xor di, di
        xor ax, ax
        mov cx, KIB / 2
        rep stosw
        add ebx, KIB
        jmp .clear
.out:
        ret

        align 4
entry           dd 0
pxenv           dd 0
pxe_at          dd 0                    ; !PXE
spared          dd CONVENTIONAL_END     ; physical
unload          dw unload_new           ; !PXE's list, or PXENV+'s, or for UNDI to stay
undi_segments   dw segments + 4         ; UNDI's own two, in !PXE's order or in PXENV+'s
segments        times 6 dd 0            ; segment, size
segments_end:
own_nics:                               ; vendor, device of each that there is a driver for
%include "nics.inc"
own_nics_end:

PREFIX_DATA BOOT_PXE, ack, reply

%include "loader.inc"

payload:
%include "payload.inc"

%if $ - $$ + PARAMS + 2 * BOOT_DHCP_MAX + 16 > 0FFFFh
%error the program does not fit its segment
%endif

        section .bss align=16 nobits
params          resb PARAMS
ack             resb BOOT_DHCP_MAX
reply           resb BOOT_DHCP_MAX
