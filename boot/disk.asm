; build/lunboot.img, 1.44 MB: starts as a floppy, as a USB stick, whatever the BIOS takes that for, and
; as a hard disk.
;
; It is a FAT12 volume with lunboot in its reserved sectors, so that nobody offers to format the stick, and
; with the programs for UEFI as its files; and one active partition covers all of it, so that a BIOS that
; wants a partition table boots it as a hard disk. Only INT 13h and the drive number in DL are relied upon: some BIOSes write into the
; BPB, and some give no geometry for floppies.

%include "offsets.inc"
%include "efi.inc"

        bits 16
        cpu 586
        org 0

SECTOR          equ 512
SECTORS         equ 2880
TRACK           equ 18                  ; sectors
HEADS           equ 2
FAT             equ 9                   ; sectors
ROOT_ENTRIES    equ 224
MEDIA_BYTE      equ 0F0h
SELF            equ 1000h               ; segment that all of it is loaded to
TRIES           equ 5                   ; a floppy's motor needs three

        jmp short boot
        nop
        db "LUNBOOT "
        dw SECTOR
        db 1                            ; sectors per cluster
        dw RESERVED
        db 2                            ; FATs
        dw ROOT_ENTRIES, SECTORS
        db MEDIA_BYTE
        dw FAT, TRACK, HEADS
        dd 0, 0                         ; sectors before it; sectors when they are too many for above
        db 0, 0, 29h                    ; drive, reserved, and that the next three fields are there
        dd 4E554C20h                    ; serial number
        db "LUNBOOT    FAT12   "

boot:
        cli
        xor ax, ax
        mov ss, ax
        mov sp, PREFIX_STACK
        sti
        cld
        jmp 7C0h:.here
.here:
        mov ax, cs
        mov ds, ax
        mov [drive], dl

; Are there EDD's functions? And the geometry, which only CHS needs: a floppy's, where the BIOS gives none.
        mov ah, 41h
        mov bx, 55AAh
        int 13h
        jc .no_edd
        cmp bx, 0AA55h
        jne .no_edd
        and cl, 1                       ; read and write by DAP
        mov [edd], cl
.no_edd:
        mov ah, 8                       ; drive parameters
        mov dl, [drive]
        xor di, di
        mov es, di
        int 13h
        jc .next
        and cx, 3Fh
        jz .next
        mov [track], cx
        movzx dx, dh
        inc dx
        mov [heads], dx

; As many sectors as there are to the end of the track. SELF and the size keep clear of the 64 KiB
; borders that a floppy's DMA can't cross.
.next:
        mov ax, [dap.lba]
        xor dx, dx
        mov cx, [track]
        div cx
        sub cx, dx
        cmp cx, [left]
        jbe .count
        mov cx, [left]
.count:
        mov [dap.count], cx
        inc dx
        mov cx, dx                      ; CL: sector
        xor dx, dx
        div word [heads]
        mov dh, dl                      ; head
        mov ch, al                      ; cylinder, its upper two bits in CL's
        shl ah, 6
        or cl, ah
        mov di, TRIES
.try:
        mov dl, [drive]
        cmp byte [edd], 0
        je .chs
        pusha
        mov si, dap
        mov ah, 42h
        int 13h
        popa
        jnc .read
.chs:
        pusha
        mov es, [dap.segment]
        xor bx, bx
        mov al, [dap.count]
        mov ah, 2
        int 13h
        mov [status], ah
        popa
        jnc .read
        pusha
        xor ax, ax                      ; reset
        int 13h
        popa
        dec di
        jnz .try
        jmp failed
.read:
        mov ax, [dap.count]
        add [dap.lba], ax
        sub [left], ax
        shl ax, 5                       ; sectors to paragraphs
        add [dap.segment], ax
        cmp word [left], 0
        jne .next
        jmp SELF:start_kernel

; The status goes into the message, as two hexadecimal digits.
failed:
        mov al, [status]
        aam 16
        add ax, 3030h
        cmp al, '9'
        jbe .low
        add al, 7
.low:
        cmp ah, '9'
        jbe .high
        add ah, 7
.high:
        xchg al, ah
        mov [message.status], ax
        mov si, message
        jmp give_up

%include "prefix.inc"

message db "lunboot: its medium can't be read, INT 13h status "
.status db "00h", 13, 10, 0

edd     db 0
drive   db 0
status  db 0
        align 2
track   dw TRACK
heads   dw HEADS
left    dw RESERVED

dap:                                    ; disk address packet
        dw 16
.count  dw 0
        dw 0
.segment dw SELF
.lba    dq 0

        times 446 - ($ - $$) db 0
        db 80h, 0, 1, 0                 ; active, from head 0, sector 1, cylinder 0
        db 1, HEADS - 1, TRACK, SECTORS / HEADS / TRACK - 1 ; FAT12
        dd 0, SECTORS
        times 510 - ($ - $$) db 0
        dw 0AA55h

; ---- behind the boot sector ---------------------------------------------------------------------------

PREFIX_DATA BOOT_DISK

%include "loader.inc"

payload:
%include "payload.inc"
image_end:

RESERVED equ (image_end - $$ + SECTOR - 1) / SECTOR
%if RESERVED > 128
%error the image crosses 64 KiB
%endif

        times RESERVED * SECTOR - ($ - $$) db 0
        EFI_FAT MEDIA_BYTE, FAT * SECTOR
        EFI_FAT MEDIA_BYTE, FAT * SECTOR
        EFI_ROOT ROOT_ENTRIES
        EFI_DATA
        times SECTORS * SECTOR - ($ - $$) db 0
