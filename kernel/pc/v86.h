/* The kernel under a caller in virtual-8086 mode. PC only.
 *
 * The caller's monitor (EMM386, say) may have put other memory anywhere into the first MiB. During
 * a call the first 4 MiB are as the monitor has them, so that real-mode addresses mean what the
 * caller means, and all above is where it is without paging: the kernel, the NIC's registers.
 * boot/resident.asm asks the VCPI server for its page table, and switches. */
#ifndef LUNBOOT_V86_H
#define LUNBOOT_V86_H

/* Serve such callers, too, from now on. The iBFT must be in its place: a call needs that for a
 * moment. Nobody may call real mode meanwhile that does not bear V86 mode, as UNDI. */
void v86_serve(void);

#endif
