; The part of lunboot that stays in conventional memory: the hooks of INT 13h, 15h and 08h, the NIC's
; interrupt handler, and the two ways through the wall between real mode and the kernel.
;
; It is assembled flat, begins with struct resident_code (kernel/pc/resident.h) and runs at offset 0 of its
; segment, wherever that is. Its variables are struct resident, behind it; all their offsets RES_* come from
; C through boot/offsets.c.
;
;   INT 13h/15h/08h -> enter: own stack, registers saved as struct rm_regs -> service() in the kernel
;                   <- leave: registers back, then IRET or the old handler
;   kernel -> call32 -> real mode, registers loaded -> an interrupt handler, or HLT -> back
;
; 32-bit code always runs with interrupts off. The caller's GDTR, IDTR, CR0, A20 gate and all registers
; are the caller's again afterwards; only its data segment limits become 4 GiB, so that a caller in
; unreal mode keeps them.
;
; A caller in virtual-8086 mode (under EMM386, say) takes the same ways, with the VCPI server of its monitor as
; the door in the wall (VCPI 1.0, INT 67h), and the page tables of kernel/pc/v86.c behind it; without one it gets an error.

%include "offsets.inc"

SEL_CODE32  equ 08h                     ; flat
SEL_DATA32  equ 10h                     ; flat
SEL_CODE16  equ 18h                     ; this block
SEL_DATA16  equ 20h                     ; flat, B=0: SS must not leave protected mode with B set
SEL_TSS     equ 28h
SEL_VCPI    equ 30h                     ; and two more: the VCPI server's

CR0_PE      equ 1
CR0_PG_BIT  equ 31
CR4_PSE     equ 10h
PTE_USABLE  equ 7                       ; present, writable, for all
TSS_BUSY    equ 2
INT_EMS     equ 67h
VCPI_TABLES equ 0DE01h
VCPI_SWITCH equ 0DE0Ch
BDA_ROWS    equ 84h                     ; of segment 40h: the last row of the screen
PORT_A20    equ 92h                     ; System Control Port A, bit 1
PORT_PIC1   equ 20h                     ; the master; its mask lies behind it
PORT_PIC2   equ 0A0h
PIC_EOI     equ 20h
FLAG_CF     equ 1
STATUS_BUSY equ 0AAh                    ; INT 13h: drive not ready

        bits 16
        org 0
        cpu 586

block:
        dw int13_entry, int15_entry, tick_entry, nic_entry
        dw call32, wait_entry, launch_entry, pm_entry, real_entry, vcpi_entry
        dw code_end

; ---- hooks ---------------------------------------------------------------------------------------

; Is the caller in V86 mode, or are we inside already? Then ZF is clear, and it does without us. Flags only.
%macro check_free 0
        push ax
        smsw ax
        and al, CR0_PE
        or al, [cs:RES_busy]
        pop ax
%endmacro

int13_entry:
        cli
        cmp dl, [cs:RES_first_drive]
        jb .chain
        cmp byte [cs:RES_busy], 0
        jne .refuse
        mov byte [cs:RES_service], SERVICE_INT13
        jmp enter
.chain:
        jmp far [cs:RES_old_int13]
.refuse:                                ; a second request: an error, never a hang
        mov ah, STATUS_BUSY
        push bp
        mov bp, sp
        or byte [bp + 6], FLAG_CF
        pop bp
        iret

int15_entry:
        cli
        cmp ah, 88h
        je .ours
        cmp ah, 8Ah
        je .ours
        cmp ah, 0E8h
        jne .chain
.ours:
        check_free
        jnz .chain
        mov byte [cs:RES_service], SERVICE_INT15
        jmp enter
.chain:
        jmp far [cs:RES_old_int15]

; The BIOS has its tick first, and sends the EOI; then the kernel looks at the network.
tick_entry:
        pushf
        call far [cs:RES_old_tick]
        cli
        check_free
        jnz .out
        mov byte [cs:RES_service], SERVICE_TICK
        jmp enter
.out:
        iret

; The NIC's interrupt, hooked only while the kernel waits: no register of the NIC can be reached from
; here, so the line is masked and the kernel told.
nic_entry:
        push ax
        push dx
        mov dx, [cs:RES_pic_mask_port]
        in al, dx
        or al, [cs:RES_pic_mask]
        out dx, al
        mov al, PIC_EOI
        cmp dl, PORT_PIC1 + 1
        je .master
        out PORT_PIC2, al
.master:
        out PORT_PIC1, al
        mov byte [cs:RES_nic_fired], 1
        pop dx
        pop ax
        iret

; ---- into the kernel -----------------------------------------------------------------------------

; On the caller's stack: IP CS FLAGS. Interrupts are off.
enter:
        inc byte [cs:RES_busy]
        mov [cs:RES_caller_esp], esp
        mov [cs:RES_caller_ss], ss
        mov [cs:RES_caller_eax], eax
        mov ax, cs
        mov ss, ax
        mov esp, RES_SIZE
        sub sp, 4                       ; rm_regs: vector and flags, filled in below
        push ds
        push es
        push fs
        push gs
        mov eax, [cs:RES_caller_eax]
        pushad
        cld

        mov si, [cs:RES_caller_esp]
        mov ds, [cs:RES_caller_ss]
        mov ax, [si + 4]
        mov bp, sp
        mov [bp + REGS_flags], ax

        mov ax, cs
        mov ds, ax
        mov [RES_call_sp], sp
        movzx ebp, sp
        smsw ax
        and al, CR0_PE
        mov [RES_v86], al
        jnz .v86
        o32 sgdt [RES_caller_gdt]
        o32 sidt [RES_caller_idt]
        call go_protected

        bits 32
        ; EBX is this block, EBP the offset of rm_regs. The A20 gate may be off: the kernel is out of
        ; reach then.
        call a20_on
        jmp .inside

        bits 16
.v86:
        call vcpi_open
        jc .refused
        call go_protected
        bits 32
        ; Only this block and the server are mapped so far, but where it lies is where it seems to be.
        mov eax, cr0
        btr eax, CR0_PG_BIT
        mov cr0, eax
        jmp short .flat
.flat:
        mov esp, [ebx + RES_kernel_stack]
        call [ebx + RES_v86_map]
        xor eax, eax                    ; paging has its own A20
.inside:
        mov [ebx + RES_a20_was_off], al
        lea eax, [ebx + ebp]
        movzx edx, byte [ebx + RES_service]
        mov esp, [ebx + RES_kernel_stack]
        call [ebx + RES_kernel]
        mov [ebx + RES_chain_action], ax
        cmp byte [ebx + RES_a20_was_off], 0
        je .a20_done
        in al, PORT_A20
        and al, 0FCh                    ; bit 0 would reset the machine
        out PORT_A20, al
.a20_done:
        call go_real
        bits 16

        mov sp, [RES_call_sp]
        cmp byte [RES_v86], 0
        jne .back
        o32 lgdt [RES_caller_gdt]
        o32 lidt [RES_caller_idt]
.back:
        mov bp, sp
        mov ax, [bp + REGS_flags]
        mov si, [RES_caller_esp]
        mov ds, [RES_caller_ss]
        mov [si + 4], al                ; CF, ZF; IF, DF and TF stay the caller's
        popad
        pop gs
        pop fs
        pop es
        pop ds
        mov [cs:RES_caller_eax], eax
        mov ss, [cs:RES_caller_ss]
        mov esp, [cs:RES_caller_esp]
        mov al, [cs:RES_service]
        mov byte [cs:RES_busy], 0
        test byte [cs:RES_chain_action], ACTION_CHAIN
        jnz chain
        mov eax, [cs:RES_caller_eax]
        iret

; From V86 mode there is no way in.
enter.refused:
        call say_refused
        mov byte [bp + REGS_eax + 1], STATUS_BUSY
        or byte [bp + REGS_flags], FLAG_CF
        mov byte [RES_chain_action], 0
        jmp enter.back

; The old handler is to have it. AL is the service.
chain:
        cmp al, SERVICE_INT13
        mov eax, [cs:RES_caller_eax]
        jne int15_entry.chain
        test byte [cs:RES_chain_action], ACTION_SET_DL
        jz int13_entry.chain
        push word [cs:RES_chain_action] ; and the DL to set behind it
        pushf
        call far [cs:RES_old_int13]
        pushf
        push bp
        mov bp, sp                      ; BP FLAGS action+DL IP CS FLAGS
        push ax
        mov al, [bp + 2]
        mov [bp + 10], al
        mov dl, [bp + 5]
        pop ax
        pop bp
        add sp, 4
        iret

; ---- the wall ------------------------------------------------------------------------------------

; From real mode into 32-bit code behind the near call, with all segments flat, EBX = this block's
; address, ESP in the free part of the real-mode stack. DS is this block. Keeps EBP.
go_protected:
        pop dx
        movzx edx, dx
        mov ebx, [RES_base]
        add edx, ebx
        cmp byte [RES_v86], 0
        jne .v86
        o32 lgdt [RES_gdtr]
        mov eax, cr0
        or al, CR0_PE
        mov cr0, eax
        jmp far dword [RES_to_pm]
.v86:
        and byte [RES_gdt + SEL_TSS + 5], ~TSS_BUSY
        lea esi, [ebx + RES_vcpi]
        mov ax, VCPI_SWITCH
        int INT_EMS

        bits 32
vcpi_entry:                             ; above 4 MiB our page directory has large pages
        mov eax, cr4
        or al, CR4_PSE
        mov cr4, eax
pm_entry:
        mov eax, SEL_DATA32
        mov ds, eax
        mov es, eax
        mov fs, eax
        mov gs, eax
        mov ss, eax
        lidt [ebx + RES_idt]
        movzx esp, word [ebx + RES_call_sp]
        add esp, ebx
        jmp edx

; From 32-bit code into real mode behind the near call: DS and SS are this block, SP unset, interrupts off.
; EBX is this block. Keeps EBP.
go_real:
        pop edx
        sub edx, ebx
        cmp byte [ebx + RES_v86], 0
        jne .v86
        jmp SEL_CODE16:.code16
        bits 16
.code16:
        mov ax, SEL_DATA16
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov eax, cr0
        and al, ~CR0_PE
        mov cr0, eax
        jmp far [cs:RES_to_rm]
real_entry:
        mov ax, cs
        mov ds, ax
        mov ss, ax
        o32 lidt [RES_caller_idt]
        jmp dx

        bits 32
go_real.v86:
        movzx ecx, word [ebx + RES_call_sp]
        lea esp, [ebx + ecx]
        movzx eax, word [ebx + RES_segment]
        push eax                        ; GS, FS, DS, ES
        push eax
        push eax
        push eax
        push eax                        ; SS:ESP
        push ecx
        push ecx                        ; EFLAGS are the server's
        push eax                        ; CS:EIP
        push edx
        mov eax, VCPI_SWITCH
        call far [ebx + RES_vcpi_call]

; ---- A20 -----------------------------------------------------------------------------------------

        bits 32
; Switch the gate on when it is off. AL: 1 when it was off. EBX is this block.
a20_on:
        call a20_test
        je .off
        xor eax, eax
        ret
.off:
        in al, PORT_A20
        or al, 2
        and al, 0FEh
        out PORT_A20, al
        mov ecx, 100000                 ; the gate may take its time
.wait:
        call a20_test
        loope .wait
        mov al, 1
        ret

; ZF set: addresses wrap at 1 MiB. A byte of ours and the one 1 MiB above differ, or they are the same.
a20_test:
        mov al, [ebx + RES_a20_was_off]
        cmp al, [ebx + RES_a20_was_off + 100000h]
        jne .done
        inc byte [ebx + RES_a20_was_off]
        inc al
        cmp al, [ebx + RES_a20_was_off + 100000h]
.done:
        ret

; ---- the kernel calls real mode --------------------------------------------------------------------

; void call32(u32 base): regparm(3), the physical address of this block. Calls call_target, as an interrupt
; handler, with call_regs.
call32:
        pushad
        mov ebx, eax
        mov [ebx + RES_call_esp], esp
        call go_real
        bits 16
        mov sp, RES_call_regs
        popad
        pop gs
        pop fs
        pop es
        pop ds
        mov sp, [cs:RES_call_sp]
        pushf
        call far [cs:RES_call_target]
        cli
        pushf
        pop word [cs:RES_call_regs + REGS_flags]
        mov sp, RES_call_regs + REGS_flags
        push ds
        push es
        push fs
        push gs
        pushad
        cld
        mov ax, cs
        mov ds, ax
        mov sp, [RES_call_sp]
        call go_protected
        bits 32
        mov esp, [ebx + RES_call_esp]
        popad
        ret

        bits 16
wait_entry:                             ; in V86 mode HLT is the monitor's, and not all know it
        cmp byte [cs:RES_v86], 0
        jne .awake
        sti                             ; what is pending comes behind the next instruction, and has to wake it
        hlt
.awake:
        sti
        nop
        iret

; Jump to the boot sector; the registers are set but for the stack and the flags.
launch_entry:
        xor sp, sp
        mov ss, sp
        mov esp, 7C00h
        mov byte [cs:RES_busy], 0
        sti
        cld
        jmp far [cs:RES_launch]

code_end:
%if code_end - block > RES_GUEST
%error the resident code reaches into the place behind it
%endif
        times RES_V86 - (code_end - block) db 0

%include "resident-v86.inc"             ; behind the variables
