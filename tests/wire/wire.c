/* The wire between a PC and its network: QEMU on one side, a TAP device on the other, and on the
 * way what happens to frames on a bad day.
 *
 *   wire TAP QEMU-SOCKET CONTROL-SOCKET [VLAN TAP2]
 *
 * Both sockets are made here, in this order, and removed at the end. QEMU connects to the first:
 *
 *   -netdev stream,id=net0,server=off,addr.type=unix,addr.path=QEMU-SOCKET
 *
 * which sends each frame behind its length in 32 bits. (A datagram socket would do without that,
 * but takes ten frames at a time, and does not tell when QEMU has ended.) The second takes
 * commands, one a packet (SOCK_SEQPACKET), and answers each in one line:
 *
 *   set name=value ...   "ok", or "error: ..." and nothing has changed; names as in faults.h
 *   clear                all faults off; what is under way still takes its time
 *   stats                what came in, went out and was harmed since the start, each way
 *
 * With a VLAN the PC is on the trunk of a switch: its frames with that tag go to TAP2, without the
 * tag, and what comes from there gets it; untagged frames are TAP's, others nobody's. (Not every
 * kernel can do that itself.)
 *
 * It ends when QEMU or its parent does, and then prints the stats. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lane.h"

#define BATCH     256 /* frames that are moved before the other side has its turn */
#define ADDRESSES 12  /* bytes of a frame before its tag or type */

static struct faults faults[DIRECTIONS];
static struct lane lanes[DIRECTIONS];
static int poller, tap, vlan_tap = -1, timer, signals, qemu_listener, qemu = -1, control_listener;
static uint16_t vlan;          /* of vlan_tap */
static const char *sockets[2]; /* their paths */
static bool qemu_full;         /* it takes no more at the moment */

static uint8_t stream[1 << 18]; /* from QEMU; whole frames have been taken out */
static size_t stream_length;

static void end(int status)
{
    for (int i = 0; i < 2 && sockets[i]; i++)
        unlink(sockets[i]);
    exit(status);
}

static const char *stats(void)
{
    static char text[1024];
    static const char *const names[] = {"to-pc", "from-pc"};
    size_t length = 0;
    for (int i = 0; i < DIRECTIONS; i++)
        length += snprintf(text + length, sizeof(text) - length,
                           "%s%s: frames=%lu bytes=%lu passed=%lu lost=%lu too_long=%lu "
                           "blackout=%lu duplicated=%lu "
                           "reordered=%lu corrupted=%lu dropped=%lu queued=%lu",
                           i ? " " : "", names[i], lanes[i].stats.frames, lanes[i].stats.bytes,
                           lanes[i].stats.passed, lanes[i].stats.lost, lanes[i].stats.too_long,
                           lanes[i].stats.blackout, lanes[i].stats.duplicated,
                           lanes[i].stats.reordered, lanes[i].stats.corrupted,
                           lanes[i].stats.dropped, lane_queued(&lanes[i]) + lanes[i].held.length);
    return text;
}

static void end_with_stats(void)
{
    puts(stats());
    end(0);
}

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
        end(1);
    }
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void watch(int fd, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    check(epoll_ctl(poller, operation, fd, &event), "epoll");
}

/* ---- the two ends ----------------------------------------------------------------------- */

static int open_tap(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    check(fd, "/dev/net/tun");
    check(ioctl(fd, TUNSETIFF, &request), name);
    return fd;
}

static int listen_at(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    check(fd, path);
    check(bind(fd, (struct sockaddr *)&address, sizeof(address)), path);
    sockets[sockets[0] != NULL] = path;
    check(listen(fd, 4), path);
    watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    return fd;
}

static void qemu_connects(void)
{
    qemu = accept4(qemu_listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    check(qemu, "accept");
    close(qemu_listener);
    qemu_listener = -1;
    watch(qemu, EPOLL_CTL_ADD, EPOLLIN);
    watch(tap, EPOLL_CTL_ADD, EPOLLIN);
    if (vlan)
        watch(vlan_tap, EPOLL_CTL_ADD, EPOLLIN);
}

static void from_tap(int fd)
{
    const size_t tag = fd == vlan_tap ? ETH_TAG : 0;
    for (int i = 0; i < BATCH; i++) {
        uint8_t *frame = lane_room(&lanes[TO_PC]);
        ssize_t length = read(fd, frame + tag, FRAME_MAX - tag);
        if (length < 0 && errno == EAGAIN)
            return;
        check(length, "reading from the TAP device");
        if (tag) {
            memmove(frame, frame + tag, ADDRESSES);
            memcpy(frame + ADDRESSES, (uint8_t[]){0x81, 0, vlan >> 8, vlan & 0xff}, ETH_TAG);
        }
        lane_add(&lanes[TO_PC], length + tag, now());
    }
}

static void from_qemu(void)
{
    ssize_t got = read(qemu, stream + stream_length, sizeof(stream) - stream_length);
    if (got <= 0)
        end_with_stats();
    stream_length += got;
    size_t at = 0;
    uint64_t time = now();
    while (stream_length - at >= 4) {
        uint32_t length;
        memcpy(&length, stream + at, 4);
        length = ntohl(length);
        if (length == 0 || length > FRAME_MAX) {
            fprintf(stderr, "wire: a frame of %u bytes from QEMU\n", length);
            end(1);
        }
        if (stream_length - at - 4 < length)
            break;
        memcpy(lane_room(&lanes[FROM_PC]), stream + at + 4, length);
        lane_add(&lanes[FROM_PC], length, time);
        at += 4 + length;
    }
    stream_length -= at;
    memmove(stream, stream + at, stream_length);
}

/* False: nobody there wants it. */
static bool write_tap(const uint8_t *frame, size_t length)
{
    if (!vlan || !is_tagged(frame, length))
        return write(tap, frame, length) >= 0;
    if (((frame[14] & 0x0f) << 8 | frame[15]) != vlan)
        return false;
    const uint8_t *rest = frame + ADDRESSES + ETH_TAG;
    const struct iovec parts[] = {{(void *)frame, ADDRESSES},
                                  {(void *)rest, length - ADDRESSES - ETH_TAG}};
    return writev(vlan_tap, parts, 2) >= 0;
}

static void to_tap(uint64_t time)
{
    struct lane *lane = &lanes[FROM_PC];
    struct iovec frames[BATCH];
    int count;
    while ((count = lane_due(lane, time, frames, BATCH)))
        for (int i = 0; i < count; i++) {
            const uint8_t *frame = frames[i].iov_base;
            if (write_tap(frame + 4, frames[i].iov_len - 4))
                lane_taken(lane, frames[i].iov_len);
            else
                lane_refused(lane);
        }
}

static void to_qemu(uint64_t time)
{
    struct lane *lane = &lanes[TO_PC];
    struct iovec frames[BATCH];
    int count;
    while (!qemu_full && (count = lane_due(lane, time, frames, BATCH))) {
        ssize_t sent = writev(qemu, frames, count);
        if (sent >= 0) {
            lane_taken(lane, sent);
        } else if (errno == EAGAIN) {
            qemu_full = true;
            watch(qemu, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        } else {
            end_with_stats();
        }
    }
}

static void qemu_takes_more(void)
{
    qemu_full = false;
    watch(qemu, EPOLL_CTL_MOD, EPOLLIN);
}

/* Pass on what is due, and be woken when the next frame is. */
static void pass_on(void)
{
    static uint64_t armed = NEVER;
    uint64_t time = now();
    to_tap(time);
    to_qemu(time);
    uint64_t next = lane_next(&lanes[FROM_PC]);
    if (!qemu_full && lane_next(&lanes[TO_PC]) < next)
        next = lane_next(&lanes[TO_PC]);
    if (next == armed)
        return;
    armed = next;
    struct itimerspec at = {0};
    if (next != NEVER)
        at.it_value = (struct timespec){next / 1000000000, next % 1000000000};
    check(timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL), "timerfd");
}

/* ---- commands --------------------------------------------------------------------------- */

static void answer(int client)
{
    char command[512], reply[1100] = "ok";
    ssize_t length = recv(client, command, sizeof(command), MSG_TRUNC);
    if (length <= 0) {
        close(client);
        return;
    }
    const bool fits = (size_t)length < sizeof(command);
    command[fits ? length : 0] = '\0';
    command[strcspn(command, "\n")] = '\0';
    const char *error = NULL;
    if (!fits)
        error = "too long";
    else if (strncmp(command, "set ", 4) == 0)
        error = faults_set(faults, command + 4);
    else if (strcmp(command, "clear") == 0)
        faults_clear(faults);
    else if (strcmp(command, "stats") == 0)
        snprintf(reply, sizeof(reply), "%s", stats());
    else
        error = "a command is set, clear or stats";
    if (error)
        snprintf(reply, sizeof(reply), "error: %s", error);
    send(client, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void client_connects(void)
{
    int client = accept4(control_listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0)
        watch(client, EPOLL_CTL_ADD, EPOLLIN);
}

/* ---- start ------------------------------------------------------------------------------ */

static void handle(const struct epoll_event *event)
{
    int fd = event->data.fd;
    if (fd == tap || fd == vlan_tap) {
        from_tap(fd);
    } else if (fd == qemu) {
        if (event->events & EPOLLOUT)
            qemu_takes_more();
        if (event->events & ~EPOLLOUT)
            from_qemu();
    } else if (fd == timer) {
        uint64_t times;
        check(read(timer, &times, sizeof(times)), "timerfd");
    } else if (fd == signals) {
        end_with_stats();
    } else if (fd == qemu_listener) {
        qemu_connects();
    } else if (fd == control_listener) {
        client_connects();
    } else {
        answer(fd);
    }
}

static void watch_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    check(signals, "signalfd");
    watch(signals, EPOLL_CTL_ADD, EPOLLIN);
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 6) {
        fprintf(stderr, "usage: wire TAP QEMU-SOCKET CONTROL-SOCKET [VLAN TAP2]\n");
        return 2;
    }
    faults_clear(faults);
    for (int i = 0; i < DIRECTIONS; i++)
        lane_init(&lanes[i], i, &faults[i]);

    poller = epoll_create1(EPOLL_CLOEXEC);
    check(poller, "epoll");
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    check(timer, "timerfd");
    watch(timer, EPOLL_CTL_ADD, EPOLLIN);
    watch_signals();
    tap = open_tap(argv[1]);
    if (argc == 6) {
        vlan = atoi(argv[4]);
        vlan_tap = open_tap(argv[5]);
    }
    qemu_listener = listen_at(argv[2], SOCK_STREAM);
    control_listener = listen_at(argv[3], SOCK_SEQPACKET);

    for (;;) {
        struct epoll_event events[16];
        int count = epoll_wait(poller, events, 16, -1);
        if (count < 0 && errno == EINTR)
            continue; /* it was stopped and goes on */
        check(count, "epoll");
        for (int i = 0; i < count; i++)
            handle(&events[i]);
        pass_on();
    }
}
