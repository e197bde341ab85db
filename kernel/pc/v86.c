/* The way of a caller in V86 mode into the kernel, and page tables for it. */
#include "pc/v86.h"

#include "base/platform.h"
#include "base/str.h"
#include "pc/cpu.h"
#include "pc/page_table.h"
#include "pc/resident.h"

#define IBFT_MOST     (RESIDENT_SIZE - RESIDENT_IBFT - RESIDENT_STACK_MIN)

#define SELECTOR_TASK 0x28
#define SELECTOR_VCPI 0x30
#define TASK          0x0000890000000067ull /* a TSS, which nobody looks into; at 0 */

static u32 directory[PAGE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static u32 table[PAGE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static u8 ibft[IBFT_MOST];

/* Give the page back that boot/resident.asm has lent, and put the words that it has kept into the
 * table's place back where they were. */
static void give_back(struct resident *block, u32 *theirs)
{
    u32 *lent = (u32 *)phys_ptr(read_cr3(), PAGE_BYTES);
    lent[0] = block->v86_kept;
    for (u32 i = 1; i < block->v86_entries; i++) {
        u32 entry = lent[i];
        lent[i] = theirs[i];
        theirs[i] = entry;
    }
}

/* A call begins: paging is off, CR3 is the page lent, and the server's table lies over the iBFT.
 * Afterwards paging is on with our tables, and all is back in its place. */
static void map(void)
{
    struct resident *block = resident_block();
    u32 *theirs = (u32 *)phys_ptr(block->base + RESIDENT_V86_TABLE, 4 * RESIDENT_V86_ENTRIES);
    give_back(block, theirs);
    page_table_complete(table, theirs, block->v86_entries);
    memcpy(theirs, ibft, sizeof(ibft));
    block->vcpi.cr3 = (u32)directory;
    write_cr3((u32)directory);
    paging_on();
}

void v86_serve(void)
{
    struct resident *block = resident_block();
    memcpy(ibft, resident_ibft(), sizeof(ibft));
    page_directory(directory, (u32)table);
    block->gdt[SELECTOR_TASK / 8] = TASK;
    block->vcpi = (struct vcpi_switch){
        .gdtr = (u32)&block->gdtr,
        .idtr = (u32)&block->idt,
        .task = SELECTOR_TASK,
        .entry = {block->base + resident_code()->entry_vcpi, SELECTOR_CODE32},
    };
    block->vcpi_call.selector = SELECTOR_VCPI;
    /* The page lent is the next one below ours. */
    block->v86_page = (u16)(((block->base - PAGE_BYTES) & ~(PAGE_BYTES - 1)) >> 4);
    block->v86_map = (u32)map;
}
