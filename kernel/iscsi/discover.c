/* SendTargets. */
#include "iscsi/discover.h"

#include "base/bytes.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/path.h"
#include "iscsi/text.h"

void discover_ask(const char *target)
{
    char data[sizeof("SendTargets=") + ISCSI_NAME];
    u8 bhs[BHS_SIZE] = {0};
    struct text_out out = {data, sizeof(data), 0, false};
    text_put(&out, "SendTargets", target);
    bhs[BHS_OPCODE] = OPCODE_TEXT_REQ | OPCODE_IMMEDIATE;
    bhs[BHS_FLAGS] = FLAG_FINAL;
    put_be32(bhs + BHS_ITT, TAG_TEXT);
    put_be32(bhs + BHS_TTT, ISCSI_NO_TAG);
    put_be32(bhs + BHS_CMD_SN, conn_cmd_sn());
    conn_send(bhs, data, out.len);
}

/* One target's portals fit one PDU; what does not is done without. */
void discover_answer(const struct iscsi_path *path, const u8 *data, u32 len)
{
    const char *at = (const char *)data, *end = at + len, *value;
    char key[TEXT_KEY];
    struct iscsi_path found = *path;
    bool ours = false;
    while (text_next(&at, end, key, &value) == TEXT_PAIR)
        if (str_equal(key, "TargetName"))
            ours = str_equal(value, path->target);
        else if (ours && str_equal(key, "TargetAddress") && path_set_portal(&found, value))
            path_learn(&found);
}
