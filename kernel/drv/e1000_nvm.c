/* The MAC address, from the EEPROM (5.6 and 13.4.3 to 13.4.4 of the manual). */
#include "base/bytes.h"
#include "base/inet.h"
#include "base/str.h"
#include "drv/e1000_internal.h"
#include "drv/e1000_regs.h"

/* EERD: a word takes about 60 us on a real NIC. */
#define EERD_POLL_US 5
#define EERD_POLLS   200

/* Microwire: 1 us for each half of the clock is what the slowest parts need. */
#define MICROWIRE_US 1
#define OPCODE_READ  6 /* start bit and opcode */
#define OPCODE_BITS  3
#define WORD_BITS    16

static bool eerd_read(struct mmio *regs, u16 flags, u32 word, u16 *value)
{
    bool late = flags & E1000_EERD_82541;
    mmio_write32(regs, EERD, EERD_START | word << (late ? EERD_ADDR_82541 : EERD_ADDR));
    for (u32 i = 0; i < EERD_POLLS; i++) {
        u32 eerd = mmio_read32(regs, EERD);
        if (eerd & (late ? EERD_DONE_82541 : EERD_DONE)) {
            *value = (u16)(eerd >> EERD_DATA);
            return eerd != UINT32_MAX;
        }
        platform_delay_us(EERD_POLL_US);
    }
    return false;
}

static void eecd_write(struct mmio *regs, u32 eecd)
{
    mmio_write32(regs, EECD, eecd);
    platform_delay_us(MICROWIRE_US);
}

/* Clock `bits` bits of `out` into the EEPROM, highest first; returns the bits that came out. */
static u32 microwire_shift(struct mmio *regs, u32 eecd, u32 out, u32 bits)
{
    u32 in = 0;
    while (bits--) {
        u32 pins = eecd | (out >> bits & 1 ? EECD_DI : 0);
        eecd_write(regs, pins);
        eecd_write(regs, pins | EECD_SK);
        in = in << 1 | (mmio_read32(regs, EECD) & EECD_DO ? 1 : 0);
        eecd_write(regs, pins);
    }
    return in;
}

static bool microwire_read(struct mmio *regs, u32 word, u16 *value)
{
    u32 eecd = mmio_read32(regs, EECD);
    if (eecd == UINT32_MAX)
        return false;
    u32 address_bits = eecd & EECD_SIZE ? 8 : 6;
    eecd = (eecd & EECD_FWE) | EECD_CS;
    eecd_write(regs, eecd & EECD_FWE);
    eecd_write(regs, eecd);
    microwire_shift(regs, eecd, OPCODE_READ, OPCODE_BITS);
    microwire_shift(regs, eecd, word, address_bits);
    *value = (u16)microwire_shift(regs, eecd, 0, WORD_BITS);
    eecd_write(regs, eecd & EECD_FWE);
    return true;
}

bool e1000_read_mac(struct mmio *regs, u16 flags, bool port_b, u8 mac[6])
{
    u16 sum = 0;
    bool read = true;
    for (u32 i = 0; read && i < EEPROM_WORDS; i++) {
        u16 word = 0;
        read = flags & E1000_MICROWIRE ? microwire_read(regs, i, &word)
                                       : eerd_read(regs, flags, i, &word);
        sum = (u16)(sum + word);
        if (i < 3)
            put_le16(mac + 2 * i, word);
    }
    mac[5] ^= port_b;
    bool usable = read && mac_is_station(mac);
    if (usable && sum == EEPROM_SUM)
        return true;

    /* What the NIC loaded itself is better than an EEPROM with a wrong sum, and that is better than
     * nothing: emulators and board makers get the sum wrong. */
    u8 loaded[8];
    put_le32(loaded, mmio_read32(regs, RAL));
    put_le32(loaded + 4, mmio_read32(regs, RAH));
    if ((loaded[7] & RAH_AV >> 24) && mac_is_station(loaded)) {
        memcpy(mac, loaded, 6);
        return true;
    }
    return usable;
}
