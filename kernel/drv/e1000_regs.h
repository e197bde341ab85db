/* Registers and descriptors of the 8254x, with the manual's names (317453, chapters 3, 5 and 13),
 * and what the ones with PCI Express have besides (316080, 13; the 82574's datasheet, 10.2).
 * All registers are 32 bits wide. */
#ifndef LUNBOOT_E1000_REGS_H
#define LUNBOOT_E1000_REGS_H

#include "base/types.h"

#define CTRL                 0x0000     /* Device Control */
#define CTRL_GIO_DISABLE     0x00000004 /* GIO Master Disable, PCI Express */
#define CTRL_LRST            0x00000008
#define CTRL_ASDE            0x00000020
#define CTRL_SLU             0x00000040
#define CTRL_ILOS            0x00000080
#define CTRL_FRCSPD          0x00000800
#define CTRL_FRCDPLX         0x00001000
#define CTRL_RST             0x04000000
#define CTRL_RFCE            0x08000000
#define CTRL_TFCE            0x10000000
#define CTRL_VME             0x40000000
#define CTRL_PHY_RST         0x80000000

#define STATUS               0x0008 /* Device Status */
#define STATUS_FD            0x00000001
#define STATUS_LU            0x00000002
#define STATUS_FUNC_1        0x00000004
#define STATUS_SPEED_100     0x00000040
#define STATUS_SPEED_1000    0x00000080
#define STATUS_GIO_ENABLED   0x00080000 /* GIO Master Enable Status, PCI Express: DMA may go on */

#define EECD                 0x0010 /* EEPROM/Flash Control: the Microwire's pins */
#define EECD_SK              0x00000001
#define EECD_CS              0x00000002
#define EECD_DI              0x00000004
#define EECD_DO              0x00000008
#define EECD_FWE             0x00000030
#define EECD_SIZE            0x00000200
#define EECD_AUTO_RD         0x00000200 /* PCI Express: all that a reset reads has been read */

#define EERD                 0x0014 /* EEPROM Read; not on the 82544 and before */
#define EERD_START           0x00000001
#define EERD_DONE            0x00000010
#define EERD_ADDR            8
#define EERD_DONE_82541      0x00000002
#define EERD_ADDR_82541      2
#define EERD_DATA            16

#define CTRL_EXT             0x0018 /* Extended Device Control */
#define CTRL_EXT_EE_RST      0x00002000

#define MDIC                 0x0020 /* MDI Control: the PHY's registers */
#define MDIC_REGADD          16
#define MDIC_PHYADD_1        0x00200000
#define MDIC_OP_WRITE        0x04000000
#define MDIC_OP_READ         0x08000000
#define MDIC_R               0x10000000
#define MDIC_E               0x40000000

#define PHY_PCTRL            0 /* PHY Control Register (IEEE 802.3, 22.2.4.1) */
#define PHY_PCTRL_RESTART_AN 0x0200
#define PHY_PCTRL_ISOLATE    0x0400
#define PHY_PCTRL_POWER_DOWN 0x0800
#define PHY_PCTRL_AN_ENABLE  0x1000

#define ICR                  0x00c0 /* Interrupt Cause Read: clears it */
#define ITR                  0x00c4 /* Interrupt Throttling */
#define IMS                  0x00d0 /* Interrupt Mask Set */
#define IMC                  0x00d8 /* Interrupt Mask Clear */
#define INT_TXDW             0x00000001
#define INT_LSC              0x00000004
#define INT_RXDMT0           0x00000010
#define INT_RXO              0x00000040
#define INT_RXT0             0x00000080

#define RCTL                 0x0100 /* Receive Control */
#define RCTL_EN              0x00000002
#define RCTL_LPE             0x00000020 /* frames of more than 1522 bytes, up to 16384 */
#define RCTL_BAM             0x00008000
#define RCTL_BSIZE           16 /* 0: 2048 bytes; with BSEX 1: 16384, 2: 8192, 3: 4096 */
#define RCTL_BSEX            0x02000000
#define RCTL_SECRC           0x04000000
#define RCTL_START           (RCTL_EN | RCTL_BAM | RCTL_SECRC) /* and what the packets' size needs */

#define TXCW                 0x0178 /* Transmit Configuration Word of fibre links */
#define TXCW_FD              0x00000020
#define TXCW_ANE             0x80000000

#define TCTL                 0x0400 /* Transmit Control */
#define TCTL_EN              0x00000002
#define TCTL_PSP             0x00000008
#define TCTL_CT              4
#define TCTL_COLD            12

#define TIPG                 0x0410 /* Transmit IPG: IPGT, IPGR1, IPGR2 */
#define TIPG_IPGR1           10
#define TIPG_IPGR2           20

#define EXTCNF_CTRL          0x0f00     /* Extended Configuration Control, of 82573 and later */
#define EXTCNF_MDIO_SW       0x00000020 /* MDIO Software Ownership */

#define RDBAL                0x2800 /* Receive descriptor ring */
#define RDBAH                0x2804
#define RDLEN                0x2808
#define RDH                  0x2810
#define RDT                  0x2818
#define RDTR                 0x2820
#define RADV                 0x282c

#define TDBAL                0x3800 /* Transmit descriptor ring */
#define TDBAH                0x3804
#define TDLEN                0x3808
#define TDH                  0x3810
#define TDT                  0x3818
#define TIDV                 0x3820
#define TXDCTL               0x3828     /* Transmit Descriptor Control */
#define TXDCTL_PCIE          0x01400000 /* GRAN: descriptors, and bit 22, which is to be 1 */

#define CRCERRS              0x4000 /* Statistics; reading clears them */
#define ALGNERRC             0x4004
#define SYMERRS              0x4008
#define RXERRC               0x400c
#define MPC                  0x4010
#define ECOL                 0x4018
#define LATECOL              0x401c
#define RLEC                 0x4040
#define RNBC                 0x40a0

#define RXCSUM               0x5000 /* Receive Checksum Control */
#define RXCSUM_IPOFLD        0x00000100
#define RXCSUM_TUOFLD        0x00000200

#define MTA                  0x5200 /* Multicast Table Array, 128 registers */
#define MTA_COUNT            128
#define RAL                  0x5400 /* Receive Address Low and High, 16 pairs */
#define RAH                  0x5404
#define RA_COUNT             16
#define RAH_AV               0x80000000

#define WUC                  0x5800 /* Wakeup Control */
#define WUFC                 0x5808 /* Wakeup Filter Control */
#define MANC                 0x5820 /* Management Control, 82540 and later */
#define MANC_ARP_EN          0x00002000

#define SWSM                 0x5b50     /* Software Semaphore, of 82571 and 82572 */
#define SWSM_SMBI            0x00000001 /* reading it takes it: ours when it was 0 */
#define SWSM_SWESMBI         0x00000002 /* ours, and not the firmware's, when it stays set */

/* Receive descriptor (3.2.3). */
struct e1000_rx_desc {
    u64 address;
    u16 length;
    u16 checksum;
    u8 status;
    u8 errors;
    u16 special;
};
_Static_assert(sizeof(struct e1000_rx_desc) == 16, "as the NIC lays it out");
_Static_assert(offsetof(struct e1000_rx_desc, status) == 12, "as the NIC lays it out");

#define RXD_STATUS_DD    0x01
#define RXD_STATUS_EOP   0x02
#define RXD_STATUS_IXSM  0x04 /* the checksum bits below mean nothing */
#define RXD_STATUS_TCPCS 0x20
#define RXD_STATUS_IPCS  0x40
#define RXD_ERROR_CE     0x01
#define RXD_ERROR_SE     0x02
#define RXD_ERROR_SEQ    0x04
#define RXD_ERROR_CXE    0x10
#define RXD_ERROR_TCPE   0x20
#define RXD_ERROR_IPE    0x40
#define RXD_ERROR_RXE    0x80

/* Legacy transmit descriptor (3.3.3). */
struct e1000_tx_desc {
    u64 address;
    u16 length;
    u8 cso;
    u8 cmd;
    u8 status;
    u8 css;
    u16 special;
};
_Static_assert(sizeof(struct e1000_tx_desc) == 16, "as the NIC lays it out");
_Static_assert(offsetof(struct e1000_tx_desc, status) == 12, "as the NIC lays it out");

#define TXD_CMD_EOP   0x01
#define TXD_CMD_IFCS  0x02
#define TXD_CMD_RS    0x08
#define TXD_STATUS_DD 0x01
#define TXD_STATUS_EC 0x02
#define TXD_STATUS_LC 0x04

/* EEPROM words (5.6): the MAC address in the first three, and a checksum that makes the sum of all
 * 64 EEPROM_SUM. */
#define EEPROM_WORDS  64
#define EEPROM_SUM    0xbaba

#endif
