/* The request under way. */
#include "iscsi/one_request.h"

#include "iscsi/iscsi_peer.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

struct block_req req;

void submit(enum block_op op, u32 count)
{
    u32 len = count * 512;
    free(req.data);
    req = (struct block_req){.op = op, .lba = REQ_LBA, .count = count, .data = malloc(len)};
    memset(req.data, op == BLOCK_WRITE ? 0xa5 : 0xee, len);
    iscsi_disk()->ops->submit(iscsi_disk(), &req);
}

bool done(void)
{
    return req.done;
}

void assert_request_good(void)
{
    assert_true(req.done);
    assert_int_equal(req.status, OK);
    assert_memory_equal(req.data, peer.disk + REQ_LBA * 512, req.count * 512);
}
