/* REPORT LUNS. */
#include "iscsi/lun_list.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/format.h"
#include "base/str.h"

#define SHOWN 8 /* at most */

struct lun_list lun_list(const u8 *answer, u32 len)
{
    u32 got = len - min_u32(len, LUN_LIST_SIZE(0)), told = len < 4 ? UINT32_MAX : get_be32(answer);
    return (struct lun_list){answer + LUN_LIST_SIZE(0), min_u32(got, told) / LUN_SIZE, told <= got};
}

const u8 *lun_list_find(const struct lun_list *list, const u8 asked[LUN_SIZE])
{
    const u8 *same = NULL, *lun = list->luns;
    u32 number = lun_number(asked);
    for (u32 i = 0; i < list->count; i++, lun += LUN_SIZE) {
        if (memcmp(lun, asked, LUN_SIZE) == 0)
            return lun;
        if (!same && number != LUN_NO_NUMBER && lun_number(lun) == number)
            same = lun;
    }
    return same;
}

void lun_list_text(const struct lun_list *list, char text[LUN_LIST_TEXT])
{
    u32 len = 0, shown = min_u32(list->count, SHOWN), left = list->count - shown;
    for (u32 i = 0; i < shown; i++) {
        char lun[LUN_TEXT];
        lun_text(lun, list->luns + i * LUN_SIZE);
        bool digit = !lun[1] && lun[0] <= '9';
        len += format_text(text + len, LUN_LIST_TEXT - len, "%s%s%s", i ? ", " : "",
                           digit ? "" : "0x", lun);
    }
    if (!list->whole)
        format_text(text + len, LUN_LIST_TEXT - len, " and more");
    else if (left)
        format_text(text + len, LUN_LIST_TEXT - len, " and %u more", left);
}
