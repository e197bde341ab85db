/* Pack the kernel's flat image for boot/unpack.inc:
 *
 *     pack IMAGE BASE TEXT_END RELOCATIONS END PAYLOAD
 *
 * IMAGE is linked to run at BASE. Of it all that lies before the address RELOCATIONS is packed; up
 * to TEXT_END it is 32-bit x86 code. From RELOCATIONS to END lie its ELF32 REL entries, sorted, all
 * R_386_RELATIVE. Addresses are hexadecimal.
 *
 * First two things are rewritten, both big-endian: every address that has a relocation becomes its
 * distance from BASE plus a key, such that nothing else looks like one, and the table is left out;
 * and the displacement of each near call and jump becomes the distance of its target from BASE, so
 * that calls of one function look alike.
 *
 * Then each bit is predicted, and an arithmetic coder spends on it what the prediction makes of it.
 * In several contexts it is counted what has followed; a mixer, which learns as it goes, makes one
 * probability of that. What is known of a byte before it comes are its clues, and each context is
 * a few of them: boot/contexts.def has those that have told most, for each kind of byte. They know
 * x86 instructions, for where in one a byte stands tells more than the bytes before it. The
 * unpacker does the same sums, to the bit.
 *
 * The payload is, as dwords, the size of the code, that of everything, the key, and the coder's
 * first four bytes; then its other bytes. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define R_386_RELATIVE 8

/* The same for boot/unpack.inc. */
enum {
#define MODEL(name, value, what)    name = value,
#define CLASS(name, number, fields) CLASS_##name = number,
#include "../boot/model.def"
#undef MODEL
#undef CLASS
#define CLUE(name, number, what) CLUE_##name = number,
#define ROW(what, a, b, c, d, e, f)
#define FIELD(row, what)
#include "../boot/contexts.def"
#undef CLUE
#undef ROW
#undef FIELD
};

static _Noreturn void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("pack: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    exit(1);
}

static u32 get_le32(const u8 *p)
{
    return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static u32 get_be32(const u8 *p)
{
    return p[3] | (u32)p[2] << 8 | (u32)p[1] << 16 | (u32)p[0] << 24;
}

static void put_le32(u8 *p, u32 value)
{
    for (u32 i = 0; i < 4; i++)
        p[i] = (u8)(value >> (8 * i));
}

static void put_be32(u8 *p, u32 value)
{
    for (u32 i = 0; i < 4; i++)
        p[i] = (u8)(value >> (24 - 8 * i));
}

/* ---- addresses ---- */

/* Does the unpacker take the four bytes for an address? */
static bool is_address(const u8 *p, u32 key)
{
    return (get_be32(p) - key + (1u << ADDRESS_BITS)) >> (ADDRESS_BITS + 1) == 0;
}

/* Mark the addresses at these offsets with the key. False when it does not tell them from
 * everything else, or may not with the three bytes behind the image, which may be anything. */
static bool mark_with(u8 *image, u32 size, u32 base, const u32 *at, u32 count, u32 key)
{
    for (u32 i = 0; i < count; i++) {
        put_be32(image + at[i], get_le32(image + at[i]) - base + key);
        if (!is_address(image + at[i], key))
            fail("the address at %x is out of reach: see ADDRESS_BITS", base + at[i]);
    }
    u32 next = 0;
    for (u32 i = 0; i < size;) {
        bool expected = next < count && at[next] == i;
        bool found = i + 4 <= size ? is_address(image + i, key) : image[i] == key >> 24;
        if (found != expected)
            return false;
        next += found;
        i += found ? 4 : 1;
    }
    return true;
}

/* Returns the key. */
static u32 mark_addresses(u8 *image, u32 size, u32 base, const u32 *at, u32 count)
{
    u8 *original = malloc(size);
    memcpy(original, image, size);
    for (u32 first = 0xff; first; first--) {
        u32 key = first << 24 | 1 << 23;
        if (mark_with(image, size, base, at, count, key)) {
            free(original);
            return key;
        }
        memcpy(image, original, size);
    }
    fail("no key is unlike everything else in the image");
}

/* ---- instructions ---- */

/* A byte of an instruction is one of the fields F_... What is to come of the instruction is a queue
 * of them, a hexadecimal digit each, the next one the lowest; behind the last, and so in an empty
 * queue, comes an opcode. What comes behind an opcode byte is its class. */
static u8 classes[256];

static void classes_init(void)
{
    u8 *c = classes;
#define RUN(count, class)                                                                          \
    memset(c, CLASS_##class, count);                                                               \
    c += count;
#include "../boot/opcodes.def"
}

/* By class; where it has a ModRM byte, they come behind that. */
static const u16 operands[] = {
#define MODEL(name, value, what)
#define CLASS(name, number, fields) [number] = fields,
#include "../boot/model.def"
};

struct parser {
    u32 fields;          /* the queue */
    u32 clues[CLUES];    /* what is known of the byte to come: boot/contexts.def */
    u32 history;         /* the last four bytes, the very last the lowest */
    u32 last_modrm[256]; /* by opcode */
};

static u32 field(const struct parser *p)
{
    return p->fields & 15;
}

static void parse_displacement(struct parser *p, u32 base)
{
    u32 mod = p->clues[CLUE_MODRM] >> 6;
    if (mod == 1)
        p->fields = p->fields << 4 | F_DISP8;
    else if (mod == 2 || (mod == 0 && base == 5))
        p->fields = p->fields << 16 | F_WORD32;
}

static void parse_code(struct parser *p, u8 byte)
{
    u32 *clues = p->clues, at = field(p);
    p->fields >>= 4;
    if (at == F_OPCODE)
        clues[CLUE_WORD] = 0;
    clues[CLUE_WORD] = (clues[CLUE_WORD] + byte) * HASH_MUL;
    switch (at) {
    case F_OPCODE: {
        u8 class = classes[byte < 0x40 ? byte & 7 : byte];
        clues[CLUE_OPCODE] = byte;
        p->fields = operands[class];
        if (p->fields == F_WORD32 && clues[CLUE_BEFORE] == 0x66)
            p->fields = F_WORD16;
        if (class >= CLASS_MODRM)
            p->fields = p->fields << 4 | F_MODRM;
        if (byte == 0x0f)
            p->fields = F_SECOND;
        break;
    }
    case F_SECOND:
        clues[CLUE_OPCODE] |= (u32)byte << 8;
        p->fields = (byte & 0xf0) == 0x80 ? F_REL32 : F_MODRM;
        break;
    case F_MODRM: {
        u32 opcode = clues[CLUE_OPCODE];
        clues[CLUE_MODRM] = p->last_modrm[(u8)opcode] = byte;
        clues[CLUE_TARGET] = (opcode & 2 ? byte >> 3 : byte) & 7;
        if ((opcode | 1) == 0xf7 && byte & 0x38)
            p->fields = 0; /* only TEST has an immediate */
        if (byte < 0xc0) {
            if ((byte & 7) == 4)
                p->fields = p->fields << 4 | F_SIB;
            else
                parse_displacement(p, byte & 7);
        }
        break;
    }
    case F_SIB:
        parse_displacement(p, byte & 7);
        break;
    }
    if (!p->fields) {
        clues[CLUE_BEFORE2] = clues[CLUE_BEFORE];
        clues[CLUE_BEFORE] = clues[CLUE_OPCODE];
        clues[CLUE_OPCODE] = 0;
    }
}

/* Go on behind this byte, to a byte in the code or in the data. There are instructions that this
 * does not know: it costs a few bits when it is wrong. */
static void parse(struct parser *p, u8 byte, bool in_text)
{
    p->history = p->history << 8 | byte;
    for (u32 i = 0; i < 4; i++)
        p->clues[CLUE_BYTE1 + i] = p->history >> (8 * i) & 0xff;
    if (in_text) {
        parse_code(p, byte);
    } else {
        p->fields = F_DATA;
        p->clues[CLUE_BEFORE] = p->history & DATA_KINDS;
    }
    p->clues[CLUE_LAST_MODRM] = p->last_modrm[(u8)p->clues[CLUE_OPCODE]];
}

static void make_targets(u8 *image, u32 text_size)
{
    struct parser p = {0};
    for (u32 i = 0; i < text_size; i++) {
        bool last = field(&p) == F_REL32_LAST;
        parse(&p, image[i], i + 1 < text_size);
        if (last)
            put_be32(image + i - 3, get_le32(image + i - 3) + i + 1);
    }
}

/* ---- the model ---- */

/* How many zeros (low half) and ones have followed. */
static u8 states[SLOTS + PLACES];

/* Weights of two contexts in one dword, with WEIGHT_BITS fraction bits each: where there are two,
 * the unpacker has to fetch and to store but one. When they are added the lower one's sign goes to
 * the upper one, of which it is the least part. */
#define PAIRS (CONTEXTS / 2)
/* By field, and then by the bit's place; or, with those by field alone ([0] of the others) a sum
 * that holds for a whole byte, by the last byte, and by the opcode before. */
static u32 weights[16][PLACES][PAIRS], by_byte[16][PLACES][PAIRS], by_opcode[16][PLACES][PAIRS];
static int logarithms[COUNT_MAX + 1]; /* of counts and a bit more */

static int lower(u32 pair)
{
    return (int16_t)pair;
}

static int upper(u32 pair)
{
    return (int)pair >> 16;
}

static u32 make_pair(int low, int high)
{
    return ((u32)high << 16) + (u32)low;
}

static void model_init(void)
{
    for (u32 i = 0; i <= COUNT_MAX; i++) {
        u32 n = LOG_SLOPE * (i < COUNT_MAX ? i : COUNT_FULL) + 2, bits = 31 - (u32)__builtin_clz(n);
        logarithms[i] = (int)((bits << LOG_BITS) + (n << LOG_BITS >> bits));
    }
    for (u32 i = 0; i < sizeof(weights) / sizeof(u32); i++)
        (&weights[0][0][0])[i] = (&by_byte[0][0][0])[i] = (&by_opcode[0][0][0])[i] =
            make_pair(WEIGHT_START, WEIGHT_START);
}

/* Where the last short jump goes to: the next one often goes there, too. */
static u32 jump_target = UINT32_MAX;

/* Where short jumps go to. */
static u8 labels[LABELS];

/* size: with this byte, behind which `p` is */
static void follow_jump(u8 byte, u32 size, u32 field, struct parser *p)
{
    if (field == F_REL8) {
        jump_target = size + (u32)(int8_t)byte;
        labels[jump_target & (LABELS - 1)] = 1;
    }
    p->clues[CLUE_JUMP] = jump_target - size;
    p->clues[CLUE_LABEL] = labels[size & (LABELS - 1)];
}

/* By row: sets of clues. */
static const u16 rows[][CONTEXTS] = {
#define K(name) (1 << CLUE_##name)
#define CLUE(name, number, what)
#define ROW(what, a, b, c, d, e, f) {a, b, c, d, e, f},
#define FIELD(row, what)
#include "../boot/contexts.def"
#undef ROW
#undef FIELD
};
static const u8 row_of[16] = {
#define ROW(what, a, b, c, d, e, f)
#define FIELD(row, what) row,
#include "../boot/contexts.def"
};

/* A hash for each context. */
static void contexts(u32 hash[CONTEXTS], const struct parser *p)
{
    for (u32 i = 0; i < CONTEXTS; i++) {
        u32 set = rows[row_of[field(p)]][i];
        hash[i] = (set << 4 | field(p)) * HASH_MUL;
        for (u32 clue = 0; clue < CLUES; clue++)
            if (set >> clue & 1)
                hash[i] = (hash[i] + p->clues[clue]) * HASH_MUL;
    }
}

/* What each context weighs for a whole byte, besides its weight by the byte's bits. */
struct byte_weights {
    u32 sum[PAIRS];
    u32 *part[3];
};

static u32 parts_sum(const struct byte_weights *w, u32 pair)
{
    return w->part[0][pair] + w->part[1][pair] + w->part[2][pair];
}

static void byte_begin(struct byte_weights *w, const struct parser *p)
{
    w->part[0] = weights[field(p)][0];
    w->part[1] = by_byte[field(p)][p->history & 0xff];
    w->part[2] = by_opcode[field(p)][p->clues[CLUE_BEFORE] & 0xff];
    for (u32 i = 0; i < PAIRS; i++)
        w->sum[i] = parts_sum(w, i);
}

static void byte_end(struct byte_weights *w)
{
    for (u32 i = 0; i < PAIRS; i++) {
        u32 change = w->sum[i] - parts_sum(w, i);
        change = make_pair(lower(change) >> SHARE_SHIFT, upper(change) >> SHARE_SHIFT);
        for (u32 part = 0; part < 3; part++)
            w->part[part][i] += change;
    }
}

/* What a context says: the logarithm of the odds of a 1. */
static int odds(u8 state)
{
    return logarithms[state >> 4] - logarithms[state & 15];
}

static u8 next_state(u8 state, u32 bit)
{
    u32 count[2] = {state & 15, state >> 4};
    if (count[bit] < COUNT_MAX)
        count[bit]++;
    /* What has changed is likely to stay so. */
    if (count[!bit] > count[!bit] / 4 + 2)
        count[!bit] = count[!bit] / 4 + 2;
    return (u8)(count[1] << 4 | count[0]);
}

struct prediction {
    u8 *state[CONTEXTS];
    u32 *special; /* weights */
    u32 zero;     /* the probability of a 0, of 65536 */
};

static void predict(struct prediction *x, const u32 hash[CONTEXTS], const struct byte_weights *w,
                    u32 field, u32 place)
{
    int sum = ODDS_LIMIT << LOG_BITS << WEIGHT_BITS;
    x->special = weights[field][place];
    for (u32 i = 0; i < CONTEXTS; i++) {
        u32 pair = w->sum[i / 2] + x->special[i / 2];
        x->state[i] = &states[((u64)hash[i] * SLOTS >> 32) + place];
        sum += odds(*x->state[i]) * (i & 1 ? upper(pair) : lower(pair));
    }
    sum >>= WEIGHT_BITS;
    if (sum < 0)
        sum = 0;
    if (sum >= ODDS_LIMIT << (LOG_BITS + 1))
        sum = (ODDS_LIMIT << (LOG_BITS + 1)) - 1;
    /* Two to the power of it; linear between the whole powers, as the logarithms are. */
    u32 mantissa = (sum & ((1 << LOG_BITS) - 1)) | 1 << LOG_BITS,
        one = 1 << (LOG_BITS + ODDS_LIMIT);
    x->zero = (u32)(((u64)one << 16) / ((mantissa << (sum >> LOG_BITS)) + one));
}

/* Returns the step of its weight. */
static int learn_state(u8 *state, u32 bit, int error)
{
    int step = odds(*state) * error >> 16;
    *state = next_state(*state, bit);
    return step;
}

static void learn(const struct prediction *x, struct byte_weights *w, u32 bit)
{
    int error = (int)(x->zero >> 1) - (bit ? 0 : 32768);
    if (error >> SURE_BITS == 0 || error >> SURE_BITS == -1)
        return;
    /* The unpacker has the bit there. */
    error = (error & ~0xff) | (bit ? 0xff : 0);
    for (u32 i = 0; i < PAIRS; i++) {
        /* In the unpacker's order, which counts where two contexts happen to have one state. */
        int high = learn_state(x->state[2 * i + 1], bit, error),
            low = learn_state(x->state[2 * i], bit, error);
        u32 step = make_pair(low, high);
        w->sum[i] += step;
        x->special[i] += step;
    }
}

/* ---- the arithmetic coder ---- */

static u8 output[1 << 20];
static u32 output_size;
static u32 low, range = UINT32_MAX;

static void add_low(u32 n)
{
    low += n;
    if (low < n) /* a carry */
        for (u8 *p = output + output_size; !++*--p;)
            ;
}

static void shift_low(void)
{
    if (output_size == sizeof(output))
        fail("the image is too large");
    output[output_size++] = (u8)(low >> 24);
    low <<= 8;
}

static void encode(u32 bit, u32 zero)
{
    u32 bound = (u32)((u64)range * zero >> 16);
    if (bit) {
        add_low(bound);
        range -= bound;
    } else {
        range = bound;
    }
    for (; range < 1 << 24; range <<= 8)
        shift_low();
}

/* As few bytes as it takes, whatever follows them; but at least a dword. */
static void encode_end(void)
{
    add_low(0xffff);
    shift_low();
    shift_low();
    output_size = output_size < 4 ? 4 : output_size;
}

/* A byte's bits have their places such that those of each half-byte are near to each other: from a
 * piece's first, which is a multiple of 16, it is a 1 with the half-byte's bits so far. */
static u32 next_place(u32 place, u32 bit)
{
    u32 piece = place & ~15u;
    place = piece + ((place - piece) << 1 | bit);
    return piece || place < 16 ? place : ((place - 15) << 4) + 1;
}

static void encode_image(const u8 *image, u32 size, u32 text_size)
{
    struct parser p = {0};
    u32 hash[CONTEXTS];
    struct byte_weights w;
    for (u32 i = 0; i < size; i++) {
        u32 place = 1;
        contexts(hash, &p);
        byte_begin(&w, &p);
        for (int shift = 7; shift >= 0; shift--) {
            struct prediction x;
            u32 bit = image[i] >> shift & 1;
            predict(&x, hash, &w, field(&p), place);
            encode(bit, x.zero);
            learn(&x, &w, bit);
            place = next_place(place, bit);
        }
        byte_end(&w);
        u32 in_field = field(&p);
        parse(&p, image[i], i + 1 < text_size);
        follow_jump(image[i], i + 1, in_field, &p);
    }
    encode_end();
}

/* ---- files ---- */

static u8 *read_file(const char *name, u32 *size)
{
    FILE *f = fopen(name, "rb");
    long end;
    if (!f || fseek(f, 0, SEEK_END) || (end = ftell(f)) < 0)
        fail("can't read %s", name);
    rewind(f);
    u8 *data = malloc((size_t)end + 1);
    if (fread(data, 1, (size_t)end, f) != (size_t)end)
        fail("can't read %s", name);
    fclose(f);
    *size = (u32)end;
    return data;
}

static void write_payload(const char *name, u32 text_size, u32 size, u32 key)
{
    u8 header[16];
    put_le32(header, text_size);
    put_le32(header + 4, size);
    put_le32(header + 8, key);
    put_le32(header + 12, get_be32(output));
    FILE *f = fopen(name, "wb");
    if (!f || fwrite(header, sizeof(header), 1, f) != 1 ||
        fwrite(output + 4, 1, output_size - 4, f) != output_size - 4 || fclose(f))
        fail("can't write %s", name);
}

int main(int argc, char **argv)
{
    if (argc != 7)
        fail("usage: pack IMAGE BASE TEXT_END RELOCATIONS END PAYLOAD");
    u32 file_size;
    u8 *image = read_file(argv[1], &file_size);
    u32 base = (u32)strtoul(argv[2], NULL, 16);
    u32 text_size = (u32)strtoul(argv[3], NULL, 16) - base;
    u32 size = (u32)strtoul(argv[4], NULL, 16) - base;
    u32 end = (u32)strtoul(argv[5], NULL, 16) - base;
    if (size > sizeof(output))
        fail("the image is too large");
    if (!size || text_size > size || size > end || end > file_size)
        fail("these are not the addresses of %s", argv[1]);

    u32 count = (end - size) / 8, next = 0;
    u32 *at = calloc(count + 1, sizeof(*at));
    for (u32 i = 0; i < count; i++) {
        const u8 *entry = image + size + 8 * i;
        at[i] = get_le32(entry) - base;
        if (get_le32(entry + 4) != R_386_RELATIVE || at[i] < next || at[i] + 4 > size)
            fail("the relocation table is not what was expected");
        next = at[i] + 4;
    }
    u32 key = mark_addresses(image, size, base, at, count);
    classes_init();
    make_targets(image, text_size);
    model_init();
    encode_image(image, size, text_size);
    write_payload(argv[6], text_size, size, key);
    free(at);
    free(image);
    return 0;
}
