/* UNDI, the driver in a NIC's PXE ROM (Preboot Execution Environment 2.1, 3.4): its functions, and
 * our block in conventional memory that they are called through. */
#ifndef LUNBOOT_UNDI_INTERNAL_H
#define LUNBOOT_UNDI_INTERNAL_H

#include "base/types.h"
#include "drv/undi.h"

#define KIB                      1024u
#define PARAGRAPH                16u

#define UNDI_START               0x00
#define UNDI_STARTUP             0x01
#define UNDI_CLEANUP             0x02
#define UNDI_INITIALIZE          0x03
#define UNDI_SHUTDOWN            0x05
#define UNDI_OPEN                0x06
#define UNDI_CLOSE               0x07
#define UNDI_TRANSMIT            0x08
#define UNDI_SET_STATION_ADDRESS 0x0a
#define UNDI_GET_INFORMATION     0x0c
#define UNDI_GET_IFACE_INFO      0x13
#define UNDI_ISR                 0x14
#define UNDI_STOP                0x15

/* Where what lies in their parameters, behind the status that all begin with. */
#define UNDI_STATUS_BYTES        2 /* of those with nothing else */
#define START_AX                 2 /* PCI address of the NIC, also for the loader */
#define START_BX                 4
#define START_DX                 6
#define START_BYTES              12
#define LOADER_DATA              12 /* segments, as they are set aside */
#define LOADER_CODE              14
#define LOADER_PXE               16 /* offset, segment, of what it has made */
#define LOADER_BYTES             24
#define INITIALIZE_BYTES         14
#define OPEN_FILTER              4
#define OPEN_BYTES               136 /* with a list of multicast addresses, which stays empty */
#define FILTER_DIRECTED          0x01
#define FILTER_BROADCAST         0x02
#define TRANSMIT_PROTOCOL        2
#define TRANSMIT_FLAG            3
#define TRANSMIT_ADDRESS         4 /* offset, segment */
#define TRANSMIT_TBD             8 /* offset, segment */
#define TRANSMIT_BYTES           20
#define PROTOCOL_UNKNOWN         0 /* the frame has its Ethernet header, */
#define PROTOCOL_IP              1 /* or UNDI is to put it in front */
#define PROTOCOL_ARP             2
#define FLAG_BROADCAST           1
#define ADDRESS_MAC              2 /* of 16 bytes */
#define ADDRESS_BYTES            18
#define INFORMATION_MAC          12 /* of 16 bytes */
#define INFORMATION_BYTES        50
#define IFACE_FLAGS              22
#define IFACE_IRQ                0x1000 /* interrupts work */
#define IFACE_BYTES              42
#define ISR_FLAG                 2
#define ISR_BUFFER               4  /* bytes here, */
#define ISR_FRAME                6  /* and of the frame as a whole */
#define ISR_AT                   10 /* offset, segment */
#define ISR_BYTES                16

/* ISR_FLAG, of the question, */
#define ISR_START                1
#define ISR_PROCESS              2
#define ISR_GET_NEXT             3
/* and of the answer: to ISR_START, */
#define ISR_OURS                 0
/* and to the others. */
#define ISR_DONE                 0
#define ISR_SENT                 2
#define ISR_RECEIVED             3

/* Transmit buffer descriptor: all in its immediate part. */
#define TBD_LENGTH               0
#define TBD_AT                   2 /* offset, segment */
#define TBD_BYTES                56

#define UNDI_BLOCK               5120
#define UNDI_STACK               3072
#define UNDI_FRAME               1518 /* bytes, with a tag */

/* A ROM that has an UNDI. */
struct undi_rom {
    u16 segment, loader; /* of its loader */
    u16 data, code;      /* bytes that it needs */
    u16 bdf;             /* of its NIC */
};

/* boot/undi.asm. */
struct undi_stub {
    u32 entry; /* UNDI's own: segment << 16 | offset */
    u8 code[60];
};

/* The stub, whose code is run elsewhere (platform_call_real()) and is here to be known by, UNDI's
 * stack, and what it reads and writes, which has a page without code together with the upper 2 KiB
 * of the stack (undi_place.c). */
struct undi_block {
    struct undi_stub stub;
    u8 stack[UNDI_STACK - sizeof(struct undi_stub)];
    u32 end;             /* physical, of what this and UNDI take; */
    u32 free_end;        /* and up to where it is free when UNDI has gone, whole KiB */
    struct undi_rom rom; /* where UNDI comes from; only the NIC, if PXE has brought it */
    u8 parameters[OPEN_BYTES];
    u8 isr[ISR_BYTES]; /* those of the second call of undi_call_and_isr() */
    u8 tbd[TBD_BYTES];
    u8 frame[UNDI_FRAME];
    u8 reserved[UNDI_BLOCK - UNDI_STACK - 18 - OPEN_BYTES - ISR_BYTES - TBD_BYTES - UNDI_FRAME];
};
_Static_assert(sizeof(struct undi_stub) == 64 && sizeof(struct undi_block) == UNDI_BLOCK,
               "as boot/undi.asm has them");

extern const u8 undi_stub[sizeof(struct undi_stub)];

/* The first one in the option ROM area whose NIC is there. */
bool undi_rom_find(struct undi_rom *rom);

/* Load the UNDI of the block's ROM behind the block, check what its loader says of it, and start
 * it. False: it is not to be used, and holds no memory. */
bool undi_load_rom(void);

/* The block; NULL: there is none. */
struct undi_block *undi_block(void);

/* It is at that physical address from now on; 0: there is none. */
void undi_block_set(u32 physical);

/* Physical: where it ends, and the memory begins that a ROM's UNDI is given. */
u32 undi_memory(void);

/* What it and UNDI take of conventional memory, KiB. */
u16 undi_kib(void);

/* `bytes` of zeros as parameters of the next call. */
u8 *undi_parameters(u32 bytes);

/* Call a function with them. False: it has failed. */
bool undi_call(u16 function);

/* The same with UNDI_ISR behind it, which asks `what`, when it has not failed. p is UNDI_ISR's
 * answer then; NULL: that was not called, or has failed. */
bool undi_call_and_isr(u16 function, u16 what, const u8 **p);

/* A call that needs no parameters but room for so many bytes. */
bool undi_simple(u16 function, u32 bytes);

/* Call the loader of a ROM, which stands as entry in the block, with its parameters. */
bool undi_call_loader(void);

/* Put the real-mode address of something in the block at p, as offset and segment. */
void undi_put_address(u8 *p, const u8 *what);

#endif
