# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
"""Fields of the packets that an application receives by a socket: without BPF, a library or a privilege.

    import socket, pktmeta

    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tenant = pktmeta.Field(s, "tenant")
    ...
    print(tenant.next(s))  # of what the next recv() returns
    s.recv(2000)

Somebody has attached the programs that answer to the application's cgroup (pktmeta attach-to-cgroup --sockets).
pktmeta/socket.h has what each way to ask means, and what each error; here errors are pktmeta.Error, an OSError with that
errno. Sockets are sockets or their file descriptors. Python 3.7 and later.
"""

import ctypes
import errno
import os
import socket
import struct

__all__ = ["Error", "Field", "fields", "receive_at", "receive_bytes"]

# As in pktmeta/socket.h.
_NEXT, _AT, _BYTES, _MARK, _FIELDS = range(5)
_ANSWER = struct.Struct("=hHI")  # struct pktmeta_answer: err, size, bytes
_FIELD = struct.Struct("=IIII32s")  # struct pktmeta_socket_field: id, type, size, slot, name
_ANSWERS_SIZE_MAX = 4096
_SO_TIMESTAMPNS = 35
_SO_RCVMARK = 75
_FIONREAD = 0x541B

_libc = ctypes.CDLL(None, use_errno=True)

_WORDS = {
    errno.ENOPROTOOPT: "nobody answers, or not in this way: attach to the cgroup of this process, by pktmeta attach-to-cgroup --sockets",
    errno.EPROTONOSUPPORT: "what the next read returns is not known of this kind of socket",
    errno.ENOENT: "there is no such field, or the packet does not carry it",
    errno.EACCES: "the field is registered as none for sockets",
    errno.EINVAL: "the size is not the field's",
    errno.EAGAIN: "nothing is there to be read",
    errno.EBADMSG: "the datagram's checksum has not been looked at",
    errno.ENODATA: "TCP has merged the bytes of several packets",
    errno.ESTALE: "the packet came before it was asked for, or too long ago",
    errno.EFAULT: "the packet has no metadata area, or one that is older than the field",
}


class Error(OSError):
    """What the programs, or the kernel without them, refuse a question with; errno says why."""

    def __init__(self, number):
        super().__init__(number, _WORDS.get(number) or os.strerror(number))


def _descriptor(sock):
    return sock if isinstance(sock, int) else sock.fileno()


def _level(way, field):
    return 7 << 28 | way << 24 | field & 0x00FFFFFF


def _fail():
    number = ctypes.get_errno()
    raise Error(errno.ENOPROTOOPT if number == errno.EOPNOTSUPP else number)


def _ask(sock, way, field, name, size):
    """The bytes that a question is answered with."""
    answer = ctypes.create_string_buffer(size)
    length = ctypes.c_uint(size)
    if _libc.getsockopt(
        _descriptor(sock), _level(way, field), ctypes.c_int(name), answer, ctypes.byref(length)
    ):
        _fail()
    told = answer.raw[: length.value]
    if len(told) == 4:  # Linux before 5.18
        raise Error(-struct.unpack("=i", told)[0])
    return told


def _switch(sock, way, field):
    if _libc.setsockopt(_descriptor(sock), _level(way, field), 0, ctypes.byref(ctypes.c_int(1)), 4):
        _fail()


def _ask_kernel_for(sock, option):
    if _libc.setsockopt(_descriptor(sock), socket.SOL_SOCKET, option, ctypes.byref(ctypes.c_int(1)), 4):
        raise Error(ctypes.get_errno())


class Field:
    """A field of the registry that the programs answer for, found by its name; good until it is unregistered.

    Values are int of types that are numbers, in the host's byte order, True of flags, and bytes of others.
    """

    _NUMBERS = {2: "=B", 3: "=H", 4: "=I", 5: "=Q", 6: ">H", 7: ">I"}
    _FLAG = 1

    def __init__(self, sock, name):
        """Raises Error, with ENOENT if there is no such field for sockets."""
        for field in fields(sock):
            if field.name == name:
                self.__dict__ = field.__dict__
                return
        raise Error(errno.ENOENT)

    @classmethod
    def _make(cls, told):
        field = cls.__new__(cls)
        field.id, field.type, field.size, field.slot, name = _FIELD.unpack(told)
        field.name = name.rstrip(b"\0").decode()
        return field

    def __repr__(self):
        return f"<pktmeta.Field {self.name} {self.id:#010x}>"

    @property
    def _stride(self):
        return _ANSWER.size + (self.size + 7) // 8 * 8

    def _decode(self, told):
        """A value or an Error, and for how many bytes it is."""
        err, size, count = _ANSWER.unpack_from(told)
        if err:
            return Error(-err), count
        if size != self.size:
            return Error(errno.EINVAL), count
        if self.type == self._FLAG:
            return True, count
        value = told[_ANSWER.size : _ANSWER.size + size]
        layout = self._NUMBERS.get(self.type)
        return (struct.unpack(layout, value)[0] if layout else value), count

    def _answer(self, sock, way, name=0):
        return self._decode(_ask(sock, way, self.id, name, self._stride))

    @staticmethod
    def _value(answer):
        if isinstance(answer, Error):
            raise answer
        return answer

    def next(self, sock):
        """The value of what the next recv() returns."""
        for is_last in (False, True):
            try:
                return self._value(self._answer(sock, _NEXT)[0])
            except Error as error:
                if error.errno != errno.EBADMSG or is_last:
                    raise
                _check_next(sock)

    def next_batch(self, sock, count):
        """Of each of the next datagrams, at most that many: values, and Errors in the place of those there are not."""
        size = min(count * self._stride, _ANSWERS_SIZE_MAX // self._stride * self._stride)
        try:
            told = _ask(sock, _NEXT, self.id, 0, size)
        except Error as error:
            if error.errno != errno.EBADMSG:
                raise
            _check_next(sock)
            told = _ask(sock, _NEXT, self.id, 0, size)
        return [self._decode(told[start:])[0] for start in range(0, len(told), self._stride)]

    def at(self, sock, nanoseconds):
        """The value of the datagram that recvmsg() returned with that SCM_TIMESTAMPNS; after receive_at()."""
        ticket = nanoseconds & 0xFFFFFFFF
        return self._value(self._answer(sock, _AT, ticket - (ticket >> 31 << 32))[0])

    def next_bytes(self, sock):
        """Of the next bytes of TCP: the value, or an Error in its place, and for how many bytes that holds."""
        try:
            return self._answer(sock, _BYTES)
        except Error as error:
            if error.errno != errno.ENOPROTOOPT:
                raise
            return self._answer(sock, _NEXT)

    def receive_mark(self, sock):
        """Has recvmsg() tell the value, of at most 4 bytes, as SCM_MARK of packets that come from now on; 0 without."""
        _switch(sock, _MARK, self.id)
        _ask_kernel_for(sock, _SO_RCVMARK)


def _check_next(sock):
    """Has the kernel look at the next datagram's checksum, where nothing else has."""
    _libc.ioctl(_descriptor(sock), ctypes.c_ulong(_FIONREAD), ctypes.byref(ctypes.c_int()))


def fields(sock):
    """All fields that are for sockets."""
    found, slot = [], 0
    while True:
        field = Field._make(_ask(sock, _FIELDS, 0, slot, _FIELD.size))
        if not field.id:
            return found
        found.append(field)
        slot = field.slot + 1


def receive_at(sock):
    """Has fields of datagrams that come from now on kept for Field.at(), and their timestamps told by recvmsg()."""
    _switch(sock, _AT, 0)
    _ask_kernel_for(sock, _SO_TIMESTAMPNS)


def receive_bytes(sock):
    """Has fields of TCP's packets that come from now on kept for Field.next_bytes()."""
    _switch(sock, _BYTES, 0)
