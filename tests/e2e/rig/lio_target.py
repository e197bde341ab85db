"""What LIO serves: disks and targets, as directories of configfs. rig/lio.py makes them."""

CORE = "/sys/kernel/config/target/core/iblock_0"
ISCSI = "/sys/kernel/config/target/iscsi"
STATES = {"optimized": 0, "non-optimized": 1, "standby": 2, "unavailable": 3}  # of ALUA


class Disk:
    """A disk of the machine, and the storage object that LIO has on it."""

    def __init__(self, lio, name):
        self.lio, self.name, self.path = lio, name, f"{CORE}/{name}"
        # A disk that is plugged in shows up a little later.
        lio.sh(f"until device=$(grep -lx {name} /sys/block/*/serial 2>/dev/null); do usleep 20000; done",
               "device=${device%/serial}",
               f"mkdir -p {self.path}",
               f"echo udev_path=/dev/${{device##*/}} >{self.path}/control",
               f"echo 1 >{self.path}/enable",
               f"echo {name} >{self.path}/wwn/vpd_unit_serial")

    def attribute(self, **values):
        """As emulate_write_cache=1; of a disk that no target has yet."""
        self.lio.sh(*(f"echo {value} >{self.path}/attrib/{name}" for name, value in values.items()))
        return self

    def group(self, name, number, state):
        """Another ALUA target port group, for Target.join(), in one of STATES."""
        group = f"{self.path}/alua/{name}"
        self.lio.sh(f"mkdir {group}", f"echo {number} >{group}/tg_pt_gp_id", f"echo 3 >{group}/alua_access_type")
        self.state(name, state)
        return name

    def state(self, name, state):
        """Of such a group, from now on."""
        self.lio.sh(f"echo {STATES[state]} >{self.path}/alua/{name}/alua_access_state")

    def remove(self):
        """When no target has it any more. QEMU keeps its file open."""
        self.lio.sh(f"for group in {self.path}/alua/*/; do rmdir $group 2>/dev/null || true; done",
                    f"rmdir {self.path}")
        self.lio.ask("device_del", id=self.name)
        self.lio.sh(f"while grep -qx {self.name} /sys/block/*/serial 2>/dev/null; do usleep 20000; done")


class Target:
    """A target portal group, enabled; tag: its number, with which one target may have several.

    It lets in everybody, who needs no CHAP, and has every default of LIO's but that these may write.
    """

    def __init__(self, lio, iqn, portals, tag=1):
        self.lio, self.iqn, self.portals, self.tag = lio, iqn, portals, tag
        self.path = f"{ISCSI}/{iqn}/tpgt_{tag}"
        self.acls = []
        lio.sh(f"mkdir -p {self.path}", *(f"mkdir -p {self.path}/np/{portal}:3260" for portal in portals))
        self.attribute(generate_node_acls=1, cache_dynamic_acls=1, demo_mode_write_protect=0, authentication=0)
        self.enable()

    def enable(self, on=True):
        """A group that is not enabled closes connections at once."""
        self.lio.sh(f"echo {int(on)} >{self.path}/enable")
        return self

    def attribute(self, **values):
        self.lio.sh(*(f"echo {value} >{self.path}/attrib/{name}" for name, value in values.items()))
        return self

    def keys(self, **values):
        """What a login is answered with: HeaderDigest="CRC32C", AuthMethod="None"."""
        self.lio.sh(*(f"echo {value} >{self.path}/param/{name}" for name, value in values.items()))
        return self

    def lun(self, disk, lun=1):
        """Before allow()."""
        self.lio.sh(f"mkdir {self.path}/lun/lun_{lun}",
                    f"ln -s {disk.path} {self.path}/lun/lun_{lun}/{disk.name}")
        return self

    def join(self, group, lun=1):
        """A LUN becomes one of an ALUA group's."""
        self.lio.sh(f"echo {group} >{self.path}/lun/lun_{lun}/alua_tg_pt_gp")

    def allow(self, initiator, read_only=False):
        """An ACL, with all LUNs by their numbers: nobody else is let in."""
        acl = f"{self.path}/acls/{initiator}"
        self.lio.sh(f"mkdir {acl}",
                    f"for lun in {self.path}/lun/lun_*; do",
                    f'    mapped={acl}/${{lun##*/}}; mkdir "$mapped"; ln -s "$lun" "$mapped/"',
                    f'    echo {int(read_only)} >"$mapped/write_protect"',
                    "done")
        self.acls.append(acl)
        return self.attribute(generate_node_acls=0)

    def acl_attributes(self, **values):
        """Of all ACLs: nopin_timeout=3."""
        self.lio.sh(*(f"echo {value} >{acl}/attrib/{name}" for acl in self.acls for name, value in values.items()))
        return self

    def chap(self, user, secret, mutual_user=None, mutual_secret=None):
        """CHAP of all ACLs, or, without, of the group: it is demanded."""
        values = {"userid": user, "password": secret}
        if mutual_user:
            values |= {"userid_mutual": mutual_user, "password_mutual": mutual_secret}
        for place in self.acls or [self.path]:
            self.lio.sh(*(f"printf %s '{value}' >{place}/auth/{name}" for name, value in values.items()))
        return self.attribute(authentication=1)

    def root_path(self, lun=1, portal=0):
        return f"iscsi:{self.portals[portal]}:::{lun:x}:{self.iqn}"

    def sessions(self):
        """The names of those who are logged in."""
        shown = self.lio.sh(f"tr '\\0' '\\n' <{self.path}/dynamic_sessions",
                            f"grep -ls InitiatorName: {self.path}/acls/*/info || true")
        return [line.split("/acls/")[-1].removesuffix("/info") for line in shown.splitlines() if line]

    def remove(self):
        """All of it; its disks stay. Sessions end."""
        self.lio.sh(f"echo 0 >{self.path}/enable",
                    f"cd {self.path}",
                    "find acls lun -type l -exec rm {} +",
                    "find acls -mindepth 2 -maxdepth 2 -name 'lun_*' -exec rmdir {} +",
                    "find acls lun np -mindepth 1 -maxdepth 1 -type d -exec rmdir {} +",
                    "cd ..",
                    f"rmdir tpgt_{self.tag}",
                    f"cd .. && rmdir {self.iqn} 2>/dev/null || true  # another group is left")
