/* Pauses between tries, and what many machines that wait together are to one server. */
#include "san/pause.h"

#include "base/arith.h"
#include "platform_host.h"
#include "test.h"

TEST(they_grow_to_a_most_and_vary_by_half)
{
    u32 average, least[8], most[8];
    host_reset(0);
    for (u32 round = 0; round < 1000; round++) {
        average = 0;
        for (u32 i = 0; i < ARRAY_SIZE(least); i++) {
            u32 ms = pause_next(&average), expected = min_u32(PAUSE_FIRST << i, PAUSE_MOST);
            assert_in_range(ms, expected / 2, expected * 3 / 2);
            least[i] = round ? min_u32(least[i], ms) : ms;
            most[i] = round ? max_u32(most[i], ms) : ms;
        }
    }
    for (u32 i = 0; i < ARRAY_SIZE(least); i++)
        assert_true(most[i] - least[i] > min_u32(PAUSE_FIRST << i, PAUSE_MOST) * 9 / 10);
}

/* The power comes back: all machines begin at once, and the server, which begins later, can serve
 * so many logins a second, one after the other; one that has to wait for longer than its login may
 * take is lost, and has cost the server its time all the same. */
#define MACHINES   200
#define SERVER_UP  60000
#define SERVICE_MS 25
#define LOGIN_MS   15000
#define SECONDS    120

static struct machine {
    u32 average;
    msec next; /* try */
    bool in;
} machines[MACHINES];
static u32 logins[SECONDS]; /* that began in each second */

static void run(void)
{
    msec free_at = SERVER_UP; /* when the server can serve the next */
    for (u32 i = 0; i < MACHINES; i++)
        machines[i] = (struct machine){0};
    for (msec now = 0; now < SECONDS * 1000; now++)
        for (struct machine *m = machines; m < machines + MACHINES; m++) {
            if (m->in || now < m->next)
                continue;
            logins[now / 1000]++;
            msec ends = now; /* refused at once */
            if (now >= SERVER_UP) {
                free_at = max_u32(free_at, now) + SERVICE_MS;
                m->in = free_at - now <= LOGIN_MS;
                ends = m->in ? free_at : now + LOGIN_MS;
            }
            m->next = ends + pause_next(&m->average);
        }
}

TEST(two_hundred_machines_do_not_keep_a_server_down)
{
    for (u32 seed = 1; seed <= 20; seed++) {
        host_reset(0);
        host_random_seed(seed);
        for (u32 s = 0; s < SECONDS; s++)
            logins[s] = 0;
        run();
        /* What README.md says: once that has grown, an eighth of them a second on average. */
        u32 sum = 0, most = 0;
        for (u32 s = 20; s < SERVER_UP / 1000; s++) {
            sum += logins[s];
            most = max_u32(most, logins[s]);
        }
        u32 average = sum / (SERVER_UP / 1000 - 20);
        assert_in_range(average, MACHINES / 9, MACHINES / 7);
        assert_true(most <= MACHINES / 4);
        /* Each gets in, within the longest pause and the time that serving them all takes. */
        for (u32 i = 0; i < MACHINES; i++)
            assert_true(machines[i].in &&
                        machines[i].next < SERVER_UP + PAUSE_MOST * 3 + MACHINES * SERVICE_MS);
    }
}
