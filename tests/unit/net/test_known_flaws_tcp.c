/* Flaws that others had in TCP, each by name: tests/conformance/known-flaws.md says what they were.
 */
#include "base/bytes.h"
#include "net/port.h"
#include "net/tcp_internal.h"
#include "net/tcp_peer.h"
#include "platform_host.h"
#include "test.h"
#include <string.h>

FIXTURE(peer_setup, peer_teardown);

/* Half of the bits, give or take six sigma. */
static void assert_random(const u32 *numbers, u32 count)
{
    u32 set = 0;
    for (u32 i = 0; i < count; i++)
        set += (u32)__builtin_popcount(numbers[i]);
    u32 sigma6 = 1;
    while (sigma6 * sigma6 < 36 * 8 * count)
        sigma6++;
    assert_in_range(set, 16 * count - sigma6, 16 * count + sigma6);
}

/* EDK II counted up from a constant: who opened a connection knew the numbers of the next. */
TEST(cve_2023_45236_predictable_isn)
{
    enum { COUNT = 4096 };
    static u32 isn[COUNT], step[COUNT - 1];
    /* One machine at one time: neighbouring ports, and what their numbers differ by. */
    for (u32 i = 0; i < COUNT; i++)
        isn[i] = tcp_isn(PEER_OUR_ADDR, PEER_ADDR, (1024 + i) << 16 | PEER_PORT, 1000);
    for (u32 i = 0; i + 1 < COUNT; i++)
        step[i] = isn[i + 1] - isn[i];
    assert_random(isn, COUNT);
    assert_random(step, COUNT - 1);
    /* Another peer's numbers tell nothing of this one's. */
    for (u32 i = 0; i < COUNT; i++)
        step[i % (COUNT - 1)] =
            tcp_isn(PEER_OUR_ADDR, PEER_ADDR + i + 1, 1024u << 16 | PEER_PORT, 1000) ^ isn[0];
    assert_random(step, COUNT - 1);
    /* The same connection after another start. */
    for (u32 i = 0; i < COUNT; i++) {
        host_random_seed(i + 1);
        tcp_isn_init();
        isn[i] = tcp_isn(PEER_OUR_ADDR, PEER_ADDR, 1024u << 16 | PEER_PORT, 1000);
    }
    assert_random(isn, COUNT);
}

/* The same for the ports, of which EDK II used one after the other. */
TEST(cve_2023_45236_predictable_port)
{
    enum { COUNT = 2048 };
    u32 low = 0, neighbours = 0, last = 0;
    for (u32 i = 0; i < COUNT; i++) {
        state_syn_sent();
        assert_true(our_port >= 1024);
        low += our_port < 32768;
        neighbours += our_port - last + 8 < 16;
        last = our_port;
        tcp_abort(&tcb);
    }
    assert_in_range(low, COUNT * 31 / 63 - 136, COUNT * 31 / 63 + 136);
    assert_true(neighbours < 8); /* one in 4,000 is to be expected */
}

/* Options of length 0, and padding: a loop over them ends, whatever they are. */
TEST(cve_2023_45232_options_of_no_length)
{
    peer_options.ts = false;
    state_established();
    struct seg s = {
        .flags = ACK, .seq = RCV, .ack = UNA, .len = 4, .data = "evil", .options_len = 40};
    for (u32 kind = 2; kind < 256; kind++)
        for (u32 len = 0; len < 2; len++) {
            for (u32 i = 0; i < 40; i += 2) {
                s.options[i] = (u8)kind;
                s.options[i + 1] = (u8)len;
            }
            peer_send_seg(&s);
        }
    assert_int_equal(net_stats.tcp_bad, 2 * 254);
    assert_int_equal(events.received_len, 0);
    memset(s.options, 1, 40); /* nothing but padding is nothing wrong */
    peer_send_seg(&s);
    assert_int_equal(events.received_len, 4);
}
