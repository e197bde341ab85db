; A boot loader on VMXNET3: asks for the memory between reads, and looks whether the NIC is active, as an
; operating system would find it that takes over there.
%include "stage1.inc"
%include "lib.inc"
%include "flat.inc"
%include "call.inc"
%include "disk.inc"
%include "nic.inc"

PCI_BAR1 equ 0x14
DSAL equ 0x10 ; of BAR 1
DSAH equ 0x18
CMD equ 0x20
CMD_ACTIVATE equ 0xcafe0000

main:
    call check_handoff
    call a20_on
    call find
    call disk_start
    call read_random
    call report_active ; 1
    mov ax, 0xe820
    call ask
    call report_active ; 0
    call read_random
    call report_active ; 1

    ; In the middle of what is read in order, and read ahead.
    mov dword [xfer_lba], 1000
    mov edx, 3000
    call read_to
    mov ax, 0xe801
    call ask
    call report_active ; 0
    mov edx, 5000
    call read_to
    mov ax, 0x8800
    call ask

    ; What Linux's real-mode part does between this and its own driver: no packet is needed for it.
    mov dword [xfer_lba], 0
    mov dword [xfer_count], 1
    call choose
    call read_and_report
    call ticks
    lea edx, [eax + 18]
.next:
    hlt
    call ticks
    cmp eax, edx
    jb .next
    call report_active ; 0
    call read_random
    jmp passed

; INT 15h with AX.
ask:
    call registers_random
    mov byte [int_number], 0x15
    mov [rq + R.eax], ax
    mov dword [rq + R.ebx], 0
    mov dword [rq + R.ecx], 20
    mov dword [rq + R.edx], 0x534d4150 ; "SMAP"
    mov word [rq + R.es], 0x0900
    mov word [rq + R.edi], 0
    mov eax, -1
    mov [may_change + R.eax], eax
    mov [may_change + R.ebx], eax
    mov [may_change + R.ecx], eax
    mov [may_change + R.edx], eax
    jmp call_bios

; VMXNET3 of bus 0.
find:
    xor ebx, ebx
.next:
    mov [nic_bdf], bx
    mov al, 0
    call pci_read
    cmp eax, 0x07b015ad
    je .found
    add bx, 8
    cmp bx, 256
    jb .next
    fail "no VMXNET3"
.found:
    mov al, PCI_BAR1
    call pci_read
    and al, 0xf0
    mov [nic_base], eax
    ret

; "@ active 1": a driver that does not reset it would get nowhere. What this one shows the NIC is nothing
; that it can work with: when it is not active it stays so.
report_active:
    call flat_fs
    mov esi, [nic_base]
    mov dword [fs:esi + DSAL], nothing
    mov dword [fs:esi + DSAH], 0
    mov dword [fs:esi + CMD], CMD_ACTIVATE
    cmp dword [fs:esi + CMD], 0
    sete al
    line "active"
    put8 al
    newline
    ret

align 16
nothing: times 768 db 0

program_end:
