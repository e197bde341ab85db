"""QMP: what QEMU can be asked and told while it runs."""

import json
import shutil
import socket
import tempfile
import time


class Qmp:
    """A place for a QEMU's sockets, one of them QMP's; `arguments` are for its command line."""

    def __init__(self):
        # A socket's path has room for 107 bytes, a test's directory may not fit.
        self.sockets = tempfile.mkdtemp(prefix="lunboot-")
        self.arguments = ["-qmp", f"unix:{self.sockets}/qmp,server=on,wait=off"]
        self.file = None

    def ask(self, child, command, arguments):
        """Run a command of child's; its answer."""
        if not self.file:
            self.connect(child)
        json.dump({"execute": command, "arguments": arguments}, self.file)
        self.file.write("\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def connect(self, child):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        # The socket is there a little before QEMU listens on it.
        while connection.connect_ex(f"{self.sockets}/qmp"):
            child.check()
            time.sleep(0.01)
        self.file = connection.makefile("rw")
        self.file.readline()  # the greeting
        self.ask(child, "qmp_capabilities", {})

    def close(self):
        shutil.rmtree(self.sockets, ignore_errors=True)
