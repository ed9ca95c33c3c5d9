"""Asks the running kernel what it answers to a SYN that hits its TIME_WAIT.

Usage: kernel.py SERVER_NAMESPACE DEVICE_NAMESPACE
Reads one JSON object per line: {"delta": N, "oldTsval": N|null, "newTsval": N|null}, where delta is
added to R, the number that the server expects next (null: the old ISN again). Writes one per line:
{"R", "S", "isn", "kind", "sequence", "acknowledgement"}.

The server is a real listening socket; the device is a packet socket that speaks for an address which
no kernel owns, so nothing answers in its place.
"""

import ctypes
import json
import os
import select
import socket
import struct
import sys

SERVER, DEVICE = "10.99.7.1", "10.99.7.2"
SERVER_MAC, DEVICE_MAC = b"\x02\0\0\0\x63\x01", b"\x02\0\0\0\x63\x02"
FIN, SYN, RST, ACK = 1, 2, 4, 16
OLD_ISN = 0x10000000
CLONE_NEWNET = 0x40000000
ANSWER_S = 1.5


def enter(namespace):
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(handle, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(handle)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(port, server_port, flags, sequence, acknowledgement, times):
    options = b"" if times is None else b"\1\1" + struct.pack("!BBII", 8, 10, *times)
    offset = (20 + len(options)) // 4 << 4
    head = [port, server_port, sequence % 2**32, acknowledgement % 2**32, offset, flags, 64240]
    tcp = struct.pack("!HHIIBBHHH", *head, 0, 0) + options
    ends = socket.inet_aton(DEVICE) + socket.inet_aton(SERVER)
    value = checksum(ends + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", value) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + ends
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return SERVER_MAC + DEVICE_MAC + b"\x08\0" + ip + tcp


class Device:
    def __init__(self, wire, port, server_port):
        self.wire, self.port, self.server_port = wire, port, server_port

    def send(self, flags, sequence, acknowledgement=0, times=None):
        self.wire.send(frame(self.port, self.server_port, flags, sequence, acknowledgement, times))

    def receive(self, wanted=lambda flags: True):
        """Flags, sequence, acknowledgement and TSval of the next fitting packet, or None."""
        while select.select([self.wire], [], [], ANSWER_S)[0]:
            data = self.wire.recv(2048)
            if data[12:14] != b"\x08\0" or data[23] != 6:
                continue
            tcp = data[14 + (data[14] & 15) * 4 :]
            source, target, sequence, acknowledgement, offset, flags = struct.unpack("!HHIIBB", tcp[:14])
            if (source, target) != (self.server_port, self.port) or not wanted(flags):
                continue
            options = tcp[20 : (offset >> 4) * 4]
            at = options.find(b"\x08\x0a")
            tsval = struct.unpack("!I", options[at + 2 : at + 6])[0] if at >= 0 else 0
            return flags, sequence, acknowledgement, tsval
        return None


def ask(listener, wire, port, cell):
    device = Device(wire, port, listener.getsockname()[1])
    old, new = cell["oldTsval"], cell["newTsval"]
    device.send(SYN, OLD_ISN, 0, None if old is None else (old, 0))
    _, server_isn, _, echo = device.receive(lambda flags: flags & SYN)
    times = None if old is None else (old, echo)
    device.send(ACK, OLD_ISN + 1, server_isn + 1, times)
    accepted, _ = listener.accept()
    accepted.close()  # The server closes first, so TIME_WAIT is its own.
    device.receive(lambda flags: flags & FIN)
    device.send(FIN | ACK, OLD_ISN + 1, server_isn + 2, times)
    device.receive(lambda flags: flags == ACK)
    expected, following = OLD_ISN + 2, (server_isn + 2) % 2**32
    isn = OLD_ISN if cell["delta"] is None else (expected + cell["delta"]) % 2**32
    device.send(SYN, isn, 0, None if new is None else (new, 0))
    answer = device.receive()
    result = {"R": expected, "S": following, "isn": isn, "kind": "silence"}
    if answer is None:
        return result
    flags, sequence, acknowledgement, _ = answer
    kind = "rst" if flags & RST else "syn-ack" if flags & SYN else "ack"
    if kind == "syn-ack":
        device.send(RST, isn + 1)
    return {**result, "kind": kind, "sequence": sequence, "acknowledgement": acknowledgement}


def main():
    server, device = sys.argv[1:]
    enter(server)
    listener = socket.create_server((SERVER, 0), backlog=64)
    listener.settimeout(5)
    enter(device)
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    wire.bind(("device", 0))
    for number, line in enumerate(sys.stdin):
        print(json.dumps(ask(listener, wire, 20000 + number, json.loads(line))), flush=True)


main()
