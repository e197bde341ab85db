/* Flaws that others' initiators had, each by name: tests/conformance/known-flaws.md says what they
 * were. ASan watches all buffers. */
#include "base/bytes.h"
#include "iscsi/chap.h"
#include "iscsi/iscsi_peer.h"
#include "iscsi/text.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FIXTURE(peer_reset);

/* The security stage, with values of so many digits. */
static u32 step, digits[2]; /* of CHAP_C, of CHAP_R */
static char digit;

static bool long_values(const struct peer_pdu *p)
{
    static char text[8192];
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return false;
    u32 n;
    if (!step) {
        n = (u32)sprintf(text, "AuthMethod=CHAP");
    } else {
        const char *keys[] = {"CHAP_A=5%cCHAP_I=1%cCHAP_C=0x", "CHAP_N=target%cCHAP_R=0x"};
        n = (u32)sprintf(text, keys[step > 1], 0, 0);
        u32 count = digits[step > 1];
        memset(text + n, digit, count);
        n += count;
        text[n] = 0;
    }
    peer_login_answer(p, step > 1 ? 0x81 : 0, 0, 0, text, n + 1);
    step++;
    return true;
}

/* EDK II wrote the bytes of a hexadecimal value behind its buffer, took digits that are none, and
 * went on when the conversion had failed. */
TEST(edk2_cve_2021_38575_chap_hex_overflow)
{
    static const u32 counts[] = {0, 1, 2, 31, 32, 33, 34, 64, 2047, 2048, 2049, 2050, 4096, 8000};
    for (u32 i = 0; i < ARRAY_SIZE(counts); i++)
        for (u32 proof = 0; proof < 2; proof++)
            for (const char *d = "aF0gx -"; *d; d++) {
                peer_reset();
                strcpy(peer_config.user, "joe");
                strcpy(peer_config.secret, "a secret of joe");
                strcpy(peer_config.reverse_user, "target");
                strcpy(peer_config.reverse_secret, "the target's own");
                peer.hook = long_values;
                step = 0;
                digit = *d;
                digits[0] = proof ? 32 : counts[i];
                digits[1] = proof ? counts[i] : 32;
                assert_int_equal(peer_attach(), ISCSI_FAILED);
                /* A challenge that is none gets no answer; a proof that is none proves nothing. */
                bool hex = *d == 'a' || *d == 'F' || *d == '0';
                bool challenge = hex && digits[0] % 2 == 0 && digits[0] && digits[0] <= 2048;
                assert_int_equal(step, challenge ? 3 : 2);
                bool kept = digits[1] < 3000; /* no key's value is that long */
                assert_int_equal(iscsi_error(),
                                 challenge && kept ? ERR_LOGIN_TARGET_AUTH : ERR_ISCSI_PROTOCOL);
            }
}

/* EDK II took each pair's length off what was left, though a value without a terminator reached
 * beyond it, and wrapped. */
TEST(edk2_cve_2024_38805_text_length_wrap)
{
    static const char text[] = "KeyA=valueA\0KeyB=\0KeyC=valueC\0\0\0";
    for (u32 len = 0; len <= sizeof(text); len++) {
        char *copy = malloc(len + 1), key[TEXT_KEY];
        const char *at = copy + 1, *value;
        memcpy(copy + 1, text, len);
        enum text_step next;
        u32 pairs = 0;
        while ((next = text_next(&at, copy + 1 + len, key, &value)) == TEXT_PAIR) {
            assert_true(value > copy && value + strlen(value) < copy + 1 + len);
            pairs++;
        }
        static const u32 ends[] = {0, 12, 18, 30};
        bool whole = len >= 30;
        for (u32 i = 0; i < ARRAY_SIZE(ends); i++)
            whole |= len == ends[i];
        assert_int_equal(next, whole ? TEXT_END : TEXT_BAD);
        assert_int_equal(pairs, (len >= 12) + (len >= 18) + (len >= 30));
        free(copy);
    }
}

/* A buffer in the middle of memory that nobody is to see. */
#define MARK 0x5e
#define LEN  4096
static u8 memory[3 * LEN];
static u32 held_itt;

static bool hold_write(const struct peer_pdu *p)
{
    if (p->bhs[BHS_OPCODE] == OPCODE_DATA_OUT) {
        assert_null(memchr(p->data, MARK, p->len));
        return true;
    }
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD || p->bhs[SCSI_CMD_CDB] != SCSI_WRITE_10)
        return false;
    assert_null(memchr(p->data, MARK, p->len));
    held_itt = peer.last_itt;
    return true;
}

/* EDK II sent what an R2T asked for, from beyond the buffer when offset and length wrapped. */
TEST(edk2_bz4206_r2t_memory_exposure)
{
    static const u32 r2t[][2] = {{0xffffff00, 0x200}, {LEN, 1},        {LEN - 1, 2},
                                 {0, 0xffffffff},     {0xffffffff, 1}, {0x80000000, 0x80000000},
                                 {LEN, 0xfffff000},   {512, LEN},      {0xfffff000, LEN + 0x1000}};
    for (u32 i = 0; i < ARRAY_SIZE(r2t); i++) {
        peer_reset();
        memset(memory, MARK, sizeof(memory));
        memset(memory + LEN, 0, LEN);
        peer.immediate = i & 1;
        assert_int_equal(peer_attach(), ISCSI_READY);
        peer.hook = hold_write;
        held_itt = ISCSI_NO_TAG;
        struct block_req req = {
            .op = BLOCK_WRITE, .lba = 8, .count = LEN / 512, .data = memory + LEN};
        iscsi_disk()->ops->submit(iscsi_disk(), &req);
        peer_run(1, NULL);
        assert_int_not_equal(held_itt, ISCSI_NO_TAG);
        u32 before = peer.pdus;
        peer_r2t(held_itt, 7, 0, r2t[i][0], r2t[i][1]);
        peer_run(0, NULL);
        assert_int_equal(peer.pdus, before); /* nothing was sent for it */
        assert_int_equal(iscsi_stats.bad_pdu, 1);
        peer_run(1000, NULL);
        iscsi_disk()->ops->abort(iscsi_disk());
        assert_true(req.done);
    }
}

/* CHECK CONDITION without sense data, after one that had some: iPXE looked at what was not there.
 */
static u32 checks;

static bool check_condition(const struct peer_pdu *p)
{
    static const u8 medium_error[18] = {0x70, 0, 3, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x11};
    u8 op = p->bhs[SCSI_CMD_CDB];
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD || (op != SCSI_READ_10 && op != SCSI_WRITE_10))
        return false;
    peer_status(peer.last_itt, SCSI_CHECK_CONDITION, medium_error, checks++ ? 0 : 18);
    return true;
}

TEST(ipxe_sense_data_absent)
{
    static const u8 ops[] = {BLOCK_READ, BLOCK_WRITE};
    static u8 buf[512];
    for (u32 i = 0; i < 2; i++) {
        peer_reset();
        assert_int_equal(peer_attach(), ISCSI_READY);
        checks = 0;
        peer.hook = check_condition;
        assert_int_equal(peer_io(ops[i], 0, 1, buf), ERR_MEDIUM);
        /* Neither the medium once more nor nothing at all. */
        assert_int_equal(peer_io(ops[i], 0, 1, buf), ERR_SCSI);
        assert_true(checks > 3);
        assert_int_equal(peer.connects, 1);
        peer.hook = NULL;
        assert_int_equal(peer_io(ops[i], 0, 1, buf), OK);
    }
}
