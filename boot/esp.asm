; build/boot/esp.img: the EFI system partition of the ISO, a FAT12 volume with the programs for UEFI.

%include "efi.inc"

SECTOR          equ 512
SECTORS         equ 64
MEDIA_BYTE      equ 0F8h
ROOT_ENTRIES    equ 16

        jmp short $
        nop
        db "LUNBOOT "
        dw SECTOR
        db 1                            ; sectors per cluster
        dw 1                            ; reserved: this one
        db 2                            ; FATs
        dw ROOT_ENTRIES, SECTORS
        db MEDIA_BYTE
        dw 1, 32, 2                     ; sectors of a FAT, of a track; heads
        dd 0, 0                         ; sectors before it; sectors when they are too many for above
        db 80h, 0, 29h                  ; drive, reserved, and that the next three fields are there
        dd 4E554C20h                    ; serial number
        db "LUNBOOT    FAT12   "
        times 510 - ($ - $$) db 0
        dw 0AA55h

        EFI_FAT MEDIA_BYTE, SECTOR
        EFI_FAT MEDIA_BYTE, SECTOR
        EFI_ROOT ROOT_ENTRIES
        EFI_DATA
        times SECTORS * SECTOR - ($ - $$) db 0
