/* One frame, as it comes from the wire, in every situation of the net floor. */
#include "drv/netdev.h"
#include "input.h"
#include "stack.h"
#include <stdlib.h>

#define FRAME_MAX   2048
#define ANSWERS_MAX 4 /* frames that one frame can make us send at once */

void fuzz_one(void)
{
    stack_reset((enum situation)in_below(SITUATIONS));
    u32 how = in_u8();
    wire_rx_flags = in_u8() & (PKT_IP_CSUM_OK | PKT_L4_CSUM_OK);
    u8 frame[FRAME_MAX];
    u32 len = in_rest(frame, sizeof(frame)), before = heard.frames;
    stack_fit(frame, len, how);
    wire_deliver(frame, len);
    stack_listen();
    CHECK(heard.frames - before <= ANSWERS_MAX);
    stack_run(5000);
    stack_end();
}
