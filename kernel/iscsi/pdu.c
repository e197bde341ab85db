/* Finding PDUs in a byte stream that comes in any pieces. */
#include "iscsi/pdu.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/crc32c.h"
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

/* Go on with the digest of the header or the data segment, where there is one. */
static void add_up(struct pdu_rx *rx, bool wanted, const u8 *p, u32 len)
{
    if (wanted)
        rx->crc = crc32c_add(rx->crc, p, len);
}

static enum pdu_step take_header(struct pdu_rx *rx, const u8 **data, u32 *len)
{
    const u8 *from = *data;
    if (rx->have < BHS_SIZE) {
        u32 want = BHS_SIZE - rx->have;
        u32 n = take(&want, data, len);
        if (n)
            memcpy(rx->bhs + rx->have, from, n);
        rx->have += n;
        if (want)
            return PDU_MORE;
        rx->rest = (u32)rx->bhs[BHS_AHS_LENGTH] * 4 + (rx->header_digest ? CRC32C_SIZE : 0);
        rx->crc = CRC32C_START;
        add_up(rx, rx->header_digest, rx->bhs, BHS_SIZE);
        from = *data;
    }
    add_up(rx, rx->header_digest, from, take(&rx->rest, data, len));
    if (rx->rest)
        return PDU_MORE;
    if (rx->header_digest && rx->crc != CRC32C_GOOD)
        return PDU_DAMAGED;
    rx->length = rx->data = get_be24(rx->bhs + BHS_DATA_LENGTH);
    rx->tail = pdu_padding(rx->length) + (rx->data_digest && rx->length ? CRC32C_SIZE : 0);
    rx->stored = rx->room = 0;
    rx->crc = CRC32C_START;
    rx->have = HEADER_TOLD;
    return PDU_HEADER;
}

enum pdu_step pdu_take(struct pdu_rx *rx, const u8 **data, u32 *len)
{
    if (rx->have != HEADER_TOLD)
        return take_header(rx, data, len);
    const u8 *from = *data;
    u32 n = take(&rx->data, data, len);
    add_up(rx, rx->data_digest, from, n);
    n = min_u32(n, rx->room - rx->stored);
    /* It may be there already. */
    if (n && from != rx->to + rx->stored)
        memcpy(rx->to + rx->stored, from, n);
    rx->stored += n;
    if (rx->data)
        return PDU_MORE;
    from = *data;
    add_up(rx, rx->data_digest, from, take(&rx->tail, data, len));
    if (rx->tail)
        return PDU_MORE;
    rx->damaged = rx->data_digest && rx->length && rx->crc != CRC32C_GOOD;
    rx->have = 0;
    return PDU_DONE;
}
