/* Finding PDUs in a byte stream that comes in any pieces. */
#include "iscsi/pdu.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"

#define HEADER_TOLD (BHS_SIZE + 1) /* `have` once the caller has heard of the header */

void pdu_rx_init(struct pdu_rx *rx)
{
    memset(rx, 0, sizeof(*rx));
}

bool pdu_in_data(const struct pdu_rx *rx)
{
    return rx->have == HEADER_TOLD;
}

/* Take up to *want bytes of input, and count them. */
static u32 take(u32 *want, const u8 **data, u32 *len)
{
    u32 n = min_u32(*want, *len);
    *want -= n;
    *data += n;
    *len -= n;
    return n;
}

enum pdu_step pdu_take(struct pdu_rx *rx, const u8 **data, u32 *len)
{
    if (rx->have < BHS_SIZE) {
        u32 want = BHS_SIZE - rx->have;
        const u8 *from = *data;
        u32 n = take(&want, data, len);
        if (n)
            memcpy(rx->bhs + rx->have, from, n);
        rx->have += n;
        if (want)
            return PDU_MORE;
        rx->ahs = (u32)rx->bhs[BHS_AHS_LENGTH] * 4;
        rx->length = rx->data = get_be24(rx->bhs + BHS_DATA_LENGTH);
        rx->pad = pdu_padding(rx->length);
        rx->stored = rx->room = 0;
        rx->have = HEADER_TOLD;
        return PDU_HEADER;
    }
    take(&rx->ahs, data, len);
    if (rx->ahs)
        return PDU_MORE;
    const u8 *from = *data;
    u32 n = min_u32(take(&rx->data, data, len), rx->room - rx->stored);
    /* It may be there already. */
    if (n && from != rx->to + rx->stored)
        memcpy(rx->to + rx->stored, from, n);
    rx->stored += n;
    if (rx->data)
        return PDU_MORE;
    take(&rx->pad, data, len);
    if (rx->pad)
        return PDU_MORE;
    rx->have = 0;
    return PDU_DONE;
}
