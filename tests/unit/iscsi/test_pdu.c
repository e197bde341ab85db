/* PDU framing, key=value text, serial numbers. */
#include "base/bytes.h"
#include "base/crc32c.h"
#include "iscsi/pdu.h"
#include "iscsi/text.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

/* Three PDUs: nothing but a header; data and padding; AHS and data. */
static u8 stream[2048];
static u32 stream_len;
static bool header_digest, data_digest;

static void put_digest(const u8 *from)
{
    u8 *at = stream + stream_len;
    crc32c_put(at, crc32c_add(CRC32C_START, from, (u32)(at - from)));
    stream_len += CRC32C_SIZE;
}

static void put(u8 opcode, u8 ahs_words, u32 data)
{
    u8 *bhs = stream + stream_len;
    memset(bhs, 0, BHS_SIZE);
    bhs[BHS_OPCODE] = opcode;
    bhs[BHS_AHS_LENGTH] = ahs_words;
    put_be24(bhs + BHS_DATA_LENGTH, data);
    stream_len += BHS_SIZE;
    memset(stream + stream_len, 0xaa, ahs_words * 4u);
    stream_len += ahs_words * 4u;
    if (header_digest)
        put_digest(bhs);
    const u8 *segment = stream + stream_len;
    for (u32 i = 0; i < data; i++)
        stream[stream_len++] = (u8)i;
    memset(stream + stream_len, 0xbb, pdu_padding(data));
    stream_len += pdu_padding(data);
    if (data_digest && data)
        put_digest(segment);
}

static void start(struct pdu_rx *rx)
{
    pdu_rx_init(rx);
    rx->header_digest = header_digest;
    rx->data_digest = data_digest;
}

static void setup(void)
{
    crc32c_init(false);
    header_digest = data_digest = false;
    stream_len = 0;
}

FIXTURE(setup);

static void any_segmentation(void)
{
    stream_len = 0;
    put(1, 0, 0);
    put(2, 0, 101);
    put(3, 255, 5);
    put(4, 2, 0);
    assert_true(stream_len < 2048);
    for (u32 piece = 1; piece <= stream_len; piece++) {
        struct pdu_rx rx;
        u8 got[128];
        u32 headers = 0, pdus = 0;
        start(&rx);
        for (u32 at = 0; at < stream_len;) {
            u32 len = piece < stream_len - at ? piece : stream_len - at;
            u8 *copy = malloc(len);
            memcpy(copy, stream + at, len);
            at += len;
            const u8 *p = copy;
            enum pdu_step step;
            while ((step = pdu_take(&rx, &p, &len)) != PDU_MORE) {
                if (step == PDU_HEADER) {
                    headers++;
                    rx.to = got;
                    rx.room = sizeof(got);
                    memset(got, 0, sizeof(got));
                    continue;
                }
                assert_int_equal(step, PDU_DONE);
                assert_false(rx.damaged);
                pdus++;
                assert_int_equal(rx.bhs[BHS_OPCODE], pdus);
                static const u32 lengths[] = {0, 101, 5, 0};
                assert_int_equal(rx.length, lengths[pdus - 1]);
                assert_int_equal(rx.stored, rx.length);
                for (u32 i = 0; i < rx.length; i++)
                    assert_int_equal(got[i], i);
                assert_int_equal(got[rx.length], 0);
            }
            assert_int_equal(len, 0);
            free(copy);
        }
        assert_int_equal(headers, 4);
        assert_int_equal(pdus, 4);
    }
}

TEST(any_segmentation_gives_the_same_pdus)
{
    for (u32 how = 0; how < 4; how++) {
        header_digest = how & 1;
        data_digest = how >> 1;
        any_segmentation();
    }
}

/* What the first PDU of the stream comes to, when it comes in two pieces. */
static enum pdu_step first_pdu(struct pdu_rx *rx, u32 first)
{
    enum pdu_step step = PDU_MORE;
    const u8 *p = stream;
    start(rx);
    for (u32 i = 0; i < 2; i++) {
        u32 len = i ? stream_len - first : first;
        while ((step = pdu_take(rx, &p, &len)) == PDU_HEADER)
            ;
        if (step != PDU_MORE)
            break;
    }
    return step;
}

TEST(every_bit_of_a_header_and_a_data_segment_counts)
{
    struct pdu_rx rx;
    header_digest = data_digest = true;
    put(2, 1, 9);
    u32 header = BHS_SIZE + 4 + CRC32C_SIZE, end = stream_len;
    put(3, 0, 1200); /* for lengths that reach further */
    for (u32 bit = 0; bit < 8 * end; bit++) {
        stream[bit / 8] ^= (u8)(1u << bit % 8);
        enum pdu_step step = first_pdu(&rx, bit % end);
        assert_int_equal(step, bit < 8 * header ? PDU_DAMAGED : PDU_DONE);
        assert_true(bit < 8 * header || rx.damaged);
        stream[bit / 8] ^= (u8)(1u << bit % 8);
        assert_int_equal(first_pdu(&rx, bit % end), PDU_DONE);
        assert_false(rx.damaged);
    }
}

/* Also of what is skipped. */
TEST(a_digest_is_of_the_whole_segment)
{
    struct pdu_rx rx;
    data_digest = true;
    put(1, 0, 100);
    stream[BHS_SIZE + 99] ^= 1;
    assert_int_equal(first_pdu(&rx, 60), PDU_DONE);
    assert_int_equal(rx.stored, 0);
    assert_true(rx.damaged);
}

TEST(what_has_no_room_is_skipped)
{
    stream_len = 0;
    put(1, 0, 100);
    put(2, 0, 0);
    struct pdu_rx rx;
    u8 got[10];
    const u8 *p = stream;
    u32 len = stream_len;
    pdu_rx_init(&rx);
    assert_int_equal(pdu_take(&rx, &p, &len), PDU_HEADER);
    rx.to = got;
    rx.room = sizeof(got);
    assert_int_equal(pdu_take(&rx, &p, &len), PDU_DONE);
    assert_int_equal(rx.stored, 10);
    assert_int_equal(got[9], 9);
    assert_int_equal(pdu_take(&rx, &p, &len), PDU_HEADER);
    assert_int_equal(rx.bhs[BHS_OPCODE], 2);
}

TEST(data_that_is_in_its_place_stays_there)
{
    stream_len = 0;
    put(1, 0, 100);
    struct pdu_rx rx;
    const u8 *p = stream;
    u32 len = BHS_SIZE + 60;
    pdu_rx_init(&rx);
    assert_int_equal(pdu_take(&rx, &p, &len), PDU_HEADER);
    rx.to = stream + BHS_SIZE;
    rx.room = 100;
    for (u32 i = 0; i < 2; i++) {
        assert_int_equal(pdu_take(&rx, &p, &len), i ? PDU_DONE : PDU_MORE);
        assert_int_equal(rx.stored, i ? 100 : 60);
        len = 40;
    }
    for (u32 i = 0; i < 100; i++)
        assert_int_equal(stream[BHS_SIZE + i], (u8)i);
}

TEST(serial_numbers_wrap)
{
    assert_true(serial_after(1, 0));
    assert_true(serial_after(0, 0xffffffff));
    assert_true(serial_after(5, 0xfffffff0));
    assert_false(serial_after(0xfffffff0, 5));
    assert_false(serial_after(7, 7));
}

TEST(text_pairs)
{
    static const char text[] = "A=1\0\0\0Bee=x=y\0C=\0\0";
    const char *at = text, *value;
    char key[TEXT_KEY];
    assert_int_equal(text_next(&at, text + sizeof(text), key, &value), TEXT_PAIR);
    assert_string_equal(key, "A");
    assert_string_equal(value, "1");
    assert_int_equal(text_next(&at, text + sizeof(text), key, &value), TEXT_PAIR);
    assert_string_equal(key, "Bee");
    assert_string_equal(value, "x=y");
    assert_int_equal(text_next(&at, text + sizeof(text), key, &value), TEXT_PAIR);
    assert_string_equal(value, "");
    assert_int_equal(text_next(&at, text + sizeof(text), key, &value), TEXT_END);
}

TEST(bad_text)
{
    char key[TEXT_KEY];
    const char *value;
    /* Copies of exactly that size, so that ASan sees a read beyond. */
    static const struct {
        const char *text;
        u32 len;
    } cases[] = {{"A=1", 3}, {"A", 1}, {"A\0", 2}, {"=1\0", 3}, {"=\0", 2}, {"A=", 2}, {"=", 1}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *copy = malloc(cases[i].len);
        memcpy(copy, cases[i].text, cases[i].len);
        const char *at = copy;
        assert_int_equal(text_next(&at, copy + cases[i].len, key, &value), TEXT_BAD);
        free(copy);
    }
    char longest[80];
    for (u32 n = 62; n <= 65; n++) {
        memset(longest, 'k', n);
        memcpy(longest + n, "=v", 3);
        const char *at = longest;
        assert_int_equal(text_next(&at, longest + n + 3, key, &value),
                         n <= 63 ? TEXT_PAIR : TEXT_BAD);
    }
}

TEST(text_numbers)
{
    u32 v;
    assert_true(text_number("262144", 0xffffff, &v) && v == 262144);
    assert_true(text_number("0x1F", 255, &v) && v == 31);
    assert_false(text_number("0x", 255, &v));
    assert_false(text_number("256", 255, &v));
    assert_false(text_number("-1", 255, &v));
    assert_false(text_number("", 255, &v));
}

TEST(what_does_not_fit_is_told)
{
    char buf[8];
    struct text_out out = {buf, sizeof(buf), 0, false};
    text_put(&out, "a", "b");
    assert_false(out.overflow);
    assert_int_equal(out.len, 4);
    text_put_number(&out, "c", 7);
    assert_int_equal(out.len, 8);
    assert_false(out.overflow);
    text_put(&out, "d", "");
    assert_true(out.overflow);
    assert_memory_equal(buf, "a=b\0c=7\0", 8);
}
