#include "faults.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OVERTAKEN_MAX 3
#define MS_MAX        3600e3

enum fault {
    LOSS,
    DUPLICATE,
    REORDER,
    CORRUPT,
    JITTER,
    OVERTAKEN,
    BIT,
};

void faults_clear(struct faults faults[DIRECTIONS])
{
    for (int i = 0; i < DIRECTIONS; i++)
        faults[i] =
            (struct faults){.queue = QUEUE_DEFAULT, .seed = faults[i].seed, .next = faults[i].next};
}

/* The last step of SplitMix64: every bit of x reaches every bit of the result. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static uint64_t draw(const struct faults *f, enum direction direction, enum fault fault)
{
    uint64_t which = f->next << 4 | direction << 3 | fault;
    return mix(mix(f->seed + 0x9e3779b97f4a7c15) + which * 0x9e3779b97f4a7c15);
}

static bool happens(const struct faults *f, enum direction direction, enum fault fault,
                    double share)
{
    return ldexp(draw(f, direction, fault) >> 11, -53) < share;
}

struct fate faults_next(struct faults *f, enum direction direction, size_t length)
{
    struct fate fate = {
        .lost = happens(f, direction, LOSS, f->loss),
        .duplicated = happens(f, direction, DUPLICATE, f->duplicate),
        .corrupted = happens(f, direction, CORRUPT, f->corrupt),
        .bit = draw(f, direction, BIT) % (length * 8),
    };
    if (happens(f, direction, REORDER, f->reorder))
        fate.overtaken = 1 + draw(f, direction, OVERTAKEN) % OVERTAKEN_MAX;
    if (f->jitter)
        fate.late = draw(f, direction, JITTER) % (f->jitter + 1);
    f->next++;
    return fate;
}

/* ---- settings --------------------------------------------------------------------------- */

enum kind {
    MS,    /* kept as ns */
    SHARE, /* 0 to 1 */
    WHOLE, /* a number from 0 to .most */
};

static const struct key {
    const char *name;
    enum kind kind;
    size_t offset; /* in struct faults */
    uint64_t most;
} keys[] = {
    {"delay", MS, offsetof(struct faults, delay), 0},
    {"jitter", MS, offsetof(struct faults, jitter), 0},
    {"rtt", MS, offsetof(struct faults, delay), 0},
    {"loss", SHARE, offsetof(struct faults, loss), 0},
    {"duplicate", SHARE, offsetof(struct faults, duplicate), 0},
    {"reorder", SHARE, offsetof(struct faults, reorder), 0},
    {"corrupt", SHARE, offsetof(struct faults, corrupt), 0},
    {"rate", WHOLE, offsetof(struct faults, rate), UINT64_MAX - 1},
    {"queue", WHOLE, offsetof(struct faults, queue), QUEUE_MAX},
    {"mtu", WHOLE, offsetof(struct faults, mtu), UINT16_MAX},
    {"blackout", WHOLE, offsetof(struct faults, blackout), 1},
    {"seed", WHOLE, offsetof(struct faults, seed), UINT64_MAX - 1},
};
static const struct key *const keys_end = keys + sizeof(keys) / sizeof(keys[0]);

static const char *wrong(const char *what, const char *word)
{
    static char text[160];
    snprintf(text, sizeof(text), "%.50s: %.100s", what, word);
    return text;
}

/* Set one value in one direction; false when it is none of its kind. */
static bool set(struct faults *f, const struct key *key, const char *value)
{
    char *end, *field = (char *)f + key->offset;
    /* strtod and strtoull take signs, spaces and names, too. */
    if (!isdigit((unsigned char)*value) && *value != '.')
        return false;
    if (key->kind == WHOLE) {
        uint64_t number = strtoull(value, &end, 10);
        if (*end || number > key->most)
            return false;
        *(uint64_t *)field = number;
        if (strcmp(key->name, "seed") == 0)
            f->next = 0;
        return true;
    }
    double number = strtod(value, &end);
    if (*end || !(number <= (key->kind == MS ? MS_MAX : 1)))
        return false;
    if (key->kind == SHARE)
        *(double *)field = number;
    else
        *(uint64_t *)field = number * (strcmp(key->name, "rtt") ? 1e6 : 0.5e6);
    return true;
}

const char *faults_set(struct faults faults[DIRECTIONS], char *words)
{
    struct faults changed[DIRECTIONS] = {faults[TO_PC], faults[FROM_PC]};
    bool about[DIRECTIONS] = {true, true}, rtt = false;
    char *rest = NULL;

    for (char *word = strtok_r(words, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        char *value = strchr(word, '=');
        if (!value)
            return wrong("not name=value", word);
        *value++ = '\0';
        if (strcmp(word, "dir") == 0) {
            about[TO_PC] = strcmp(value, "from-pc");
            about[FROM_PC] = strcmp(value, "to-pc");
            if (about[TO_PC] && about[FROM_PC] && strcmp(value, "both"))
                return wrong("dir is to-pc, from-pc or both, not", value);
            continue;
        }
        const struct key *key = keys;
        while (key < keys_end && strcmp(word, key->name))
            key++;
        if (key == keys_end)
            return wrong("no such setting", word);
        if (!set(&changed[TO_PC], key, value) || !set(&changed[FROM_PC], key, value))
            return wrong(word, value);
        rtt |= strcmp(word, "rtt") == 0;
    }
    if (rtt && !(about[TO_PC] && about[FROM_PC]))
        return "rtt is of both directions; delay is of one";
    for (int i = 0; i < DIRECTIONS; i++)
        if (about[i])
            faults[i] = changed[i];
    return NULL;
}
