/* Every way to fail, in one table, base tier. Functions return an enum error; the person at the
 * screen sees text, code and advice (README.md lists the codes), an INT 13h caller sees the status
 * byte. */
#ifndef LUNBOOT_ERROR_H
#define LUNBOOT_ERROR_H

#include "base/types.h"

/* X(name, code, INT 13h status, what happened, what to do)
 *
 * Codes are stable: they are what people search for. Tens are the floors: 10 NIC, 20 network
 * settings, 30 TCP/IP, 40 iSCSI login, 50 the LUN, 60 settings, 70 hand-off, 80 memory. INT 13h
 * status: 01h bad request, 04h sector not found, 03h write protected, 10h unrecoverable read error,
 * 80h time-out, AAh not ready, BBh undefined, CCh write fault. */
#define ERROR_TABLE(X)                                                                             \
    X(NIC_NONE, 10, 0xaa, "no supported NIC was found",                                            \
      "lunboot drives e1000, e1000e, virtio and VMXNET3")                                          \
    X(NIC_DEAD, 11, 0xaa, "the NIC does not answer", "power the machine off and on")               \
    X(NIC_EEPROM, 12, 0xaa, "the NIC has no valid MAC address", "check the NIC's EEPROM")          \
    X(NIC_ABOVE_4G, 14, 0xaa, "the NIC's registers lie above 4 GiB",                               \
      "switch above-4G decoding off in the BIOS setup")                                            \
    X(NIC_NO_LINK, 13, 0x80, "the NIC has no link", "check the cable and the switch port")         \
    X(NIC_UNDI, 15, 0xaa, "no PXE ROM has a driver (UNDI) that works",                             \
      "start lunboot.pxe by PXE, or switch the NIC's ROM on in the BIOS setup")                    \
    X(DHCP_TIMEOUT, 20, 0x80, "no DHCP server answered",                                           \
      "check the network, or give ip=, netmask= and root-path=")                                   \
    X(DHCP_NO_ROOT_PATH, 21, 0xaa, "no root path is set",                                          \
      "give root-path=, DHCP option 17 (iscsi:<server>::::<target>), or a settings file")          \
    X(ADDRESS_IN_USE, 22, 0xaa, "another machine uses our address",                                \
      "give this machine an address of its own")                                                   \
    X(DHCP_LEASE, 23, 0x80, "the DHCP lease has ended",                                            \
      "check the DHCP server; our address stays as it is")                                         \
    X(FILE_REFUSED, 24, 0xaa, "the TFTP server does not give the settings file",                   \
      "check the file's name, that it is there and may be read")                                   \
    X(FILE_NO_SERVER, 25, 0x80, "no TFTP server answered",                                         \
      "check the TFTP server and any firewall, or give root-path=")                                \
    X(FILE_TOO_LARGE, 26, 0xaa, "the file is too large for a settings file",                       \
      "check the file's name; 64 KiB are the most")                                                \
    X(FILE_NO_SETTINGS, 27, 0xaa, "the file is no settings file",                                  \
      "begin it with #!lunboot; or give config=, root-path= or DHCP option 17")                    \
    X(FILE_ADDRESS, 28, 0x01, "there is no way to the settings file",                              \
      "write config=tftp://<server>[:<port>]/<file>, or a file on DHCP's next server")             \
    X(NET_NO_ROUTE, 30, 0x80, "there is no route to the server",                                   \
      "give gateway= and netmask=, or DHCP options 1 and 3")                                       \
    X(NET_NO_ARP, 31, 0x80, "nobody answers at that address (ARP)",                                \
      "check that the server or the gateway is up and on this network")                            \
    X(TCP_REFUSED, 32, 0x80, "the server refused the connection",                                  \
      "check that the iSCSI target runs and listens on that port")                                 \
    X(TCP_TIMEOUT, 33, 0x80, "the server did not answer", "check the address and any firewall")    \
    X(TCP_RESET, 34, 0x80, "the server reset the connection", "look at the target's log")          \
    X(TCP_CLOSED, 35, 0x80, "the server closed the connection", "look at the target's log")        \
    X(DNS_FAILED, 36, 0x80, "the server's name was not found",                                     \
      "check the name and dns=, or give an address")                                               \
    X(NET_UNREACHABLE, 37, 0x80, "the network can't reach the server",                             \
      "check the gateway and any firewall")                                                        \
    X(LOGIN_CLOSED, 38, 0xaa, "the target hangs up at the login",                                  \
      "check its name, that it is enabled, and lets our address in")                               \
    X(DIGEST, 39, 0x10, "what the target sends is damaged on the way (CRC32C)",                    \
      "check cables, switches and the target's NIC")                                               \
    X(ISCSI_PROTOCOL, 40, 0xbb, "the target broke the iSCSI protocol", "look at the target's log") \
    X(LOGIN_AUTH, 41, 0xaa, "the target refused our name or secret (CHAP)",                        \
      "check username=, password= and chap=")                                                      \
    X(LOGIN_FORBIDDEN, 42, 0xaa, "the target does not let this initiator in",                      \
      "allow the initiator name at the target, or set initiator-iqn=")                             \
    X(LOGIN_NOT_FOUND, 43, 0xaa, "the target is not known there, or not to us",                    \
      "check its name, and that it lets ours in (initiator-iqn=)")                                 \
    X(LOGIN_TARGET_AUTH, 44, 0xaa, "the target did not prove who it is (mutual CHAP)",             \
      "check reverse-username= and reverse-password=, or leave them out")                          \
    X(LOGIN_UNAVAILABLE, 45, 0xaa, "the target is out of service, or not there",                   \
      "check its name (LIO says so of unknown ones); is it enabled?")                              \
    X(LOGIN_REFUSED, 46, 0xaa, "the target refused the login", "look at the target's log")         \
    X(LOGIN_REDIRECTS, 47, 0xaa, "the target redirects in circles",                                \
      "check the target's portal settings")                                                        \
    X(LOGIN_NO_METHOD, 48, 0xaa, "the target wants an authentication that we can't give",          \
      "set username= and password=, and allow CHAP there")                                         \
    X(LOGIN_TIMEOUT, 49, 0x80, "the target did not finish the login", "look at the target's log")  \
    X(LUN_NOT_FOUND, 50, 0xaa, "the target has no such LUN",                                       \
      "check the LUN in the root path (hexadecimal) and at the target")                            \
    X(LUN_NOT_READY, 51, 0xaa, "the LUN is not ready",                                             \
      "look at the target; is it still starting?")                                                 \
    X(LUN_EMPTY, 52, 0xaa, "the LUN has no medium or no blocks", "give the LUN a disk image")      \
    X(LUN_NOT_DISK, 53, 0xaa, "the LUN is not a disk", "choose a LUN that is a disk")              \
    X(LUN_BLOCK_SIZE, 54, 0xaa, "the LUN's blocks are not 512, 1024, 2048 or 4096 bytes",          \
      "export the LUN with blocks of 512 or 4096 bytes")                                           \
    X(LUN_PROTECTED, 55, 0x03, "the LUN is write protected", "allow writing at the target")        \
    X(MEDIUM, 56, 0x10, "the LUN reports a medium error", "check the disk behind the LUN")         \
    X(OUT_OF_RANGE, 57, 0x04, "the request lies outside the LUN", "check the partition table")     \
    X(SCSI, 58, 0xbb, "the LUN reports an error", "look at the target's log")                      \
    X(SCSI_BUSY, 59, 0x80, "the LUN stays busy", "look at the load of the target")                 \
    X(SETTING_UNKNOWN, 60, 0x01, "there is no such setting", "see the settings in README.md")      \
    X(SETTING_VALUE, 61, 0x01, "the value is not valid", "see the settings in README.md")          \
    X(ROOT_PATH, 62, 0x01, "the root path is not valid",                                           \
      "write iscsi:<server>:<protocol>:<port>:<LUN>:<target>")                                     \
    X(OTHER_DISK, 63, 0xaa, "another disk answers",                                                \
      "make all root paths lead to one LUN with one serial number")                                \
    X(LUN_STANDBY, 64, 0xaa, "the LUN is in standby on this path",                                 \
      "name the portals of the other controller in root-path=, too")                               \
    X(LUN_FULL, 65, 0xcc, "the LUN's pool is full", "free space in the target's pool")             \
    X(SETTING_LATE, 66, 0x01, "it is needed before the file can be read",                          \
      "give it on the medium or by DHCP")                                                          \
    X(FILE_LINE, 67, 0x01, "the line is not valid", "see the settings file in README.md")          \
    X(LOGIN_DIGEST, 68, 0xaa, "the target does not agree to our digests",                          \
      "check digest=, and HeaderDigest and DataDigest there")                                      \
    X(LOGIN_ALGORITHM, 69, 0xaa, "the target takes none of the CHAP algorithms that we offer",     \
      "allow SHA3-256, SHA-256, SHA-1 or MD5 there, or a weaker one by chap=")                     \
    X(NO_BOOT_SECTOR, 70, 0xbb, "the disk has no boot sector (no 55AAh)",                          \
      "install a boot loader on the LUN")                                                          \
    X(NO_BOOT_CODE, 71, 0xbb, "the disk has a partition table, but no boot code",                  \
      "install a boot loader for BIOS on the LUN (it may have one for UEFI)")                      \
    X(NO_BOOT_IMAGE, 72, 0xbb, "the CD has no boot image for a PC (El Torito)",                    \
      "choose a CD that boots by BIOS, or give boot=disk")                                         \
    X(LUN_RESERVED, 75, 0x03, "the LUN is reserved by another initiator",                          \
      "shut that one down, or clear its reservation at the target")                                \
    X(LUN_RESET, 76, 0x80, "another initiator resets the LUN again and again",                     \
      "look at the target's log for who does")                                                     \
    X(NO_BASE_MEMORY, 80, 0xbb, "there is no conventional memory left", "remove other ROMs")       \
    X(NO_MEMORY, 81, 0xbb, "there is not enough memory", "give the machine at least 16 MiB")       \
    X(NO_CLOCK, 82, 0xbb, "the processor has no time stamp counter",                               \
      "use a Pentium or a later one")                                                              \
    X(BAD_REQUEST, 90, 0x01, "the request is not valid", "this is a fault of the caller")          \
    X(BUSY, 91, 0xaa, "a request is under way already", "this is a fault of the caller")           \
    X(ABORTED, 92, 0x80, "given up at the keyboard", "press a key to try again")

enum error {
    OK = 0,
#define ERROR_NAME(name, code, status, text, advice) ERR_##name = (code),
    ERROR_TABLE(ERROR_NAME)
#undef ERROR_NAME
};

/* What happened, as half a sentence without a full stop. Never NULL. */
const char *error_text(enum error e);

/* What a person can do about it. Never NULL. */
const char *error_advice(enum error e);

/* Is it about the way to a server, as opposed to what the server said? */
static inline bool error_is_network(enum error e)
{
    return e >= ERR_NET_NO_ROUTE && e <= ERR_NET_UNREACHABLE;
}

/* Is it what a target has answered, be it by hanging up? */
static inline bool error_is_answer(enum error e)
{
    return e >= ERR_LOGIN_CLOSED;
}

/* May it heal by itself, as when a target or a switch is still starting? It is worth another try
 * then; anything else waits for a person. */
bool error_may_heal(enum error e);

/* The INT 13h status (AH) that tells it to a caller; 0 for OK. */
u8 error_int13_status(enum error e);

#endif
