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
 * probability of that. The contexts know x86 instructions, for where in one a byte stands tells
 * more than the bytes before it; one tells what has followed the last three bytes before. The
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
    u32 fields; /* the queue */
    u32 opcode;
    u32 before; /* the instruction's before this one; in data: the kinds of the last four bytes */
    u32 modrm;  /* the last one; in data: the last four bytes */
    u32 target; /* the register that that tells to be written, mostly; in data: the last two */
    u32 word;   /* hash: the instruction; at an opcode the one before; in data what may be a word */
    u32 history; /* the last four bytes, the very last the lowest */
};

static u32 field(const struct parser *p)
{
    return p->fields & 15;
}

static void parse_displacement(struct parser *p, u32 base)
{
    u32 mod = p->modrm >> 6;
    if (mod == 1)
        p->fields = p->fields << 4 | F_DISP8;
    else if (mod == 2 || (mod == 0 && base == 5))
        p->fields = p->fields << 16 | F_WORD32;
}

/* Go on behind this byte, to a byte in the code or in the data. There are instructions that this
 * does not know: it costs a few bits when it is wrong. */
static void parse(struct parser *p, u8 byte, bool in_text)
{
    u32 at = field(p);
    p->fields >>= 4;
    p->history = p->history << 8 | byte;
    if (in_text ? at == F_OPCODE : !(byte & 0x40))
        p->word = 0;
    p->word = (p->word + byte) * HASH_MUL;
    if (!in_text) {
        p->fields = F_DATA;
        p->before = p->history & DATA_KINDS;
        p->modrm = p->history;
        p->target = p->history & 0xffff;
        return;
    }
    switch (at) {
    case F_OPCODE: {
        u8 class = classes[byte < 0x40 ? byte & 7 : byte];
        p->opcode = byte;
        p->fields = operands[class];
        if (p->fields == F_WORD32 && p->before == 0x66)
            p->fields = F_WORD16;
        if (class >= CLASS_MODRM)
            p->fields = p->fields << 4 | F_MODRM;
        if (byte == 0x0f)
            p->fields = F_SECOND;
        break;
    }
    case F_SECOND:
        p->opcode |= (u32)byte << 8;
        p->fields = (byte & 0xf0) == 0x80 ? F_REL32 : F_MODRM;
        break;
    case F_MODRM:
        p->modrm = byte;
        p->target = (p->opcode & 2 ? byte >> 3 : byte) & 7;
        if ((p->opcode | 1) == 0xf7 && byte & 0x38)
            p->fields = 0; /* only TEST has an immediate */
        if (byte < 0xc0) {
            if ((byte & 7) == 4)
                p->fields = p->fields << 4 | F_SIB;
            else
                parse_displacement(p, byte & 7);
        }
        break;
    case F_SIB:
        parse_displacement(p, byte & 7);
        break;
    }
    if (!p->fields) {
        p->before = p->opcode;
        p->opcode = 0;
    }
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
/* By field, and then by the bit's place; or, with those by field alone ([0] of the others) a sum
 * that holds for a whole byte, by the last byte, and by the opcode before. */
static int weights[16][PLACES][CONTEXTS], by_byte[16][PLACES][CONTEXTS],
    by_opcode[16][PLACES][CONTEXTS];
static int logarithms[COUNT_MAX + 1]; /* of counts and a bit more */

static void model_init(void)
{
    for (u32 i = 0; i <= COUNT_MAX; i++) {
        u32 n = 5 * (i < COUNT_MAX ? i : COUNT_FULL) + 2, bits = 31 - (u32)__builtin_clz(n);
        logarithms[i] = (int)((bits << LOG_BITS) + (n << LOG_BITS >> bits));
    }
    for (u32 i = 0; i < sizeof(weights) / sizeof(int); i++)
        (&weights[0][0][0])[i] = (&by_byte[0][0][0])[i] = (&by_opcode[0][0][0])[i] = WEIGHT_START;
}

/* What the unpacker has in memory: of near calls and jumps the displacements, once it has all of
 * one. */
static u8 unpacked[1 << 20];

/* A place that the last bytes seem to repeat. */
struct match {
    u32 at;              /* where in unpacked[] what follows there lies */
    u32 length;          /* how many bytes it has been right for, and one, up to MATCH_LENGTH */
    u8 expected;         /* what follows there */
    u32 places[MATCHES]; /* by hash of three bytes: behind where they were last */
};
static struct match match = {.at = UINT32_MAX};

/* Where the last short jump goes to: the next one often goes there, too. */
static u32 jump_target = UINT32_MAX;

/* size: with this byte, behind which `p` is */
static void match_next(u8 byte, u32 size, const struct parser *p)
{
    u32 *place = &match.places[p->history * (u32)(HASH_MUL << 8) >> (32 - MATCH_BITS)];
    if (byte == match.expected) {
        match.at++;
        if (match.length < MATCH_LENGTH)
            match.length++;
    } else {
        match.at = *place;
        match.length = 1;
    }
    *place = size;
    match.expected = unpacked[match.at];
}

static void unpacked_add(u8 byte, u32 size, u32 field, const struct parser *p)
{
    unpacked[size - 1] = byte;
    if (field == F_REL32_LAST)
        put_le32(unpacked + size - 4, p->history - size);
    if (field == F_REL8)
        jump_target = size + (u32)(int8_t)byte;
}

/* A hash for each context. */
static void contexts(u32 hash[CONTEXTS], const struct parser *p, u32 place)
{
    u32 in_field = (field(p) + 1) * HASH_MUL, in_opcode = (in_field + p->opcode) * HASH_MUL;
    hash[0] = in_field;
    hash[1] = (in_field + (p->history & 0xff)) * HASH_MUL;
    hash[2] = (p->target - in_opcode) * HASH_MUL;
    hash[3] = (in_opcode + p->before) * HASH_MUL;
    hash[4] = (hash[3] + p->modrm) * HASH_MUL;
    hash[5] = (p->word + (p->history & 0xffff)) * HASH_MUL;
    u32 guess = field(p) == F_REL8 ? jump_target - place : match.length << 8 | match.expected;
    hash[6] = (guess + HASH_MUL) * HASH_MUL;
}

/* What each context weighs for a whole byte, besides its weight by the byte's bits. */
struct byte_weights {
    int sum[CONTEXTS];
    int *part[3];
};

static int parts_sum(const struct byte_weights *w, u32 context)
{
    return w->part[0][context] + w->part[1][context] + w->part[2][context];
}

static void byte_begin(struct byte_weights *w, const struct parser *p)
{
    w->part[0] = weights[field(p)][0];
    w->part[1] = by_byte[field(p)][p->history & 0xff];
    w->part[2] = by_opcode[field(p)][p->before & 0xff];
    for (u32 i = 0; i < CONTEXTS; i++)
        w->sum[i] = parts_sum(w, i);
}

static void byte_end(struct byte_weights *w)
{
    for (u32 i = 0; i < CONTEXTS; i++) {
        int change = (w->sum[i] - parts_sum(w, i)) >> SHARE_SHIFT;
        for (u32 part = 0; part < 3; part++)
            w->part[part][i] += change;
    }
}

struct prediction {
    u8 *state[CONTEXTS];
    int input[CONTEXTS]; /* what each context says: logarithm of the odds of a 1 */
    int *special;        /* weights */
    u32 zero;            /* the probability of a 0, of 65536 */
};

static void predict(struct prediction *x, const u32 hash[CONTEXTS], const struct byte_weights *w,
                    u32 field, u32 place)
{
    int sum = ODDS_LIMIT << LOG_BITS << 16;
    x->special = weights[field][place];
    for (u32 i = 0; i < CONTEXTS; i++) {
        x->state[i] = &states[((u64)hash[i] * SLOTS >> 32) + place];
        x->input[i] = logarithms[*x->state[i] >> 4] - logarithms[*x->state[i] & 15];
        sum += x->input[i] * (w->sum[i] + x->special[i]);
    }
    sum >>= 16;
    if (sum < 0)
        sum = 0;
    if (sum >= ODDS_LIMIT << (LOG_BITS + 1))
        sum = (ODDS_LIMIT << (LOG_BITS + 1)) - 1;
    /* Two to the power of it; linear between the whole powers, as the logarithms are. */
    u32 mantissa = (sum & ((1 << LOG_BITS) - 1)) | 1 << LOG_BITS,
        one = 1 << (LOG_BITS + ODDS_LIMIT);
    u32 odds = mantissa << (sum >> LOG_BITS);
    x->zero = (u32)(((u64)one << 16) / (odds + one));
}

static void learn(const struct prediction *x, struct byte_weights *w, u32 bit)
{
    int error = (int)x->zero - (bit ? 0 : 65536);
    if (error >> SURE_BITS == 0 || error >> SURE_BITS == -1)
        return;
    for (u32 i = 0; i < CONTEXTS; i++) {
        int step = x->input[i] * error >> LEARN_SHIFT;
        w->sum[i] += step;
        x->special[i] += step;
        u32 count[2] = {*x->state[i] & 15, *x->state[i] >> 4};
        if (count[bit] < COUNT_MAX)
            count[bit]++;
        /* What has changed is likely to stay so. */
        if (count[!bit] > count[!bit] / 4 + 2)
            count[!bit] = count[!bit] / 4 + 2;
        *x->state[i] = (u8)(count[1] << 4 | count[0]);
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
        contexts(hash, &p, i);
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
        unpacked_add(image[i], i + 1, in_field, &p);
        match_next(image[i], i + 1, &p);
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
    if (size > sizeof(unpacked))
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
