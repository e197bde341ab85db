/* One frame, as it comes from the wire, in every situation of the net floor. */
#include "base/bytes.h"
#include "drv/netdev.h"
#include "input.h"
#include "net/eth.h"
#include "stack.h"
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX   2048
#define FIT_TAG     0x08 /* beside stack.h's: behind its addresses the frame gets a tag of VLAN 0 */
#define ANSWERS_MAX 4    /* frames that one frame can make us send at once */

static u32 tag(u8 *frame, u32 len)
{
    if (len < ETH_HEADER)
        return len;
    memmove(frame + 12 + ETH_TAG, frame + 12, len - 12);
    put_be32(frame + 12, (u32)ETH_TYPE_VLAN << 16);
    return len + ETH_TAG;
}

void fuzz_one(void)
{
    stack_reset((enum situation)in_below(SITUATIONS));
    u32 how = in_u8();
    wire_rx_flags = in_u8() & (PKT_IP_CSUM_OK | PKT_L4_CSUM_OK);
    u8 frame[FRAME_MAX];
    u32 len = in_rest(frame, sizeof(frame) - ETH_TAG), before = heard.frames;
    stack_fit(frame, len, how);
    if (how & FIT_TAG)
        len = tag(frame, len);
    wire_deliver(frame, len);
    stack_listen();
    CHECK(heard.frames - before <= ANSWERS_MAX);
    stack_run(5000);
    stack_end();
}
