/* LUNs, as bytes and as text. */
#include "iscsi/lun.h"

#include "base/bytes.h"
#include "base/format.h"
#include "base/str.h"
#include "san/disks.h"

/* The first byte: the address method, and beside it the number's highest bits or the kind. */
#define METHODS       0xc0
#define FLAT          0x40
#define EXTENDED_FLAT 0xd2 /* a number of three bytes follows */
#define NUMBERS       0x4000

static struct form {
    u8 latest_asked[LUN_SIZE], latest_listed[LUN_SIZE];
} forms[SAN_DISKS], *known = forms;

void lun_select(u32 disk)
{
    known = &forms[disk];
}

u32 lun_number(const u8 lun[LUN_SIZE])
{
    u32 n = LUN_NO_NUMBER;
    if (get_be32(lun + 4))
        return n;
    if (lun[0] == EXTENDED_FLAT)
        n = get_be24(lun + 1);
    else if ((lun[0] & METHODS) <= FLAT && !get_be16(lun + 2))
        n = get_be16(lun) % NUMBERS;
    return n < NUMBERS ? n : LUN_NO_NUMBER;
}

void lun_renumber(u8 lun[LUN_SIZE], u32 number)
{
    if (lun[0] == EXTENDED_FLAT)
        put_be24(lun + 1, number);
    else
        put_be16(lun, (u16)(get_be16(lun) / NUMBERS * NUMBERS + number));
}

void lun_text(char text[LUN_TEXT], const u8 lun[LUN_SIZE])
{
    u32 number = lun_number(lun), groups = LUN_SIZE / 2, len = 0;
    while (groups > 1 && !get_be16(lun + 2 * groups - 2))
        groups--;
    if (groups == 1 || number != LUN_NO_NUMBER) {
        format_text(text, LUN_TEXT, "%x", number != LUN_NO_NUMBER ? number : get_be16(lun));
        return;
    }
    for (u32 i = 0; i < groups; i++)
        len += format_text(text + len, LUN_TEXT - len, i ? "-%04x" : "%04x", get_be16(lun + 2 * i));
}

void lun_form(u8 form[LUN_SIZE], const u8 asked[LUN_SIZE])
{
    if (memcmp(asked, known->latest_asked, LUN_SIZE) == 0) {
        memcpy(form, known->latest_listed, LUN_SIZE);
        return;
    }
    memcpy(form, asked, LUN_SIZE);
    if (form[0] && form[0] < FLAT && lun_number(form) != LUN_NO_NUMBER)
        form[0] |= FLAT;
}

void lun_set_form(const u8 asked[LUN_SIZE], const u8 listed[LUN_SIZE])
{
    memcpy(known->latest_asked, asked, LUN_SIZE);
    memcpy(known->latest_listed, listed, LUN_SIZE);
}
