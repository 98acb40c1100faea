// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)

// Package pktmeta gets fields of the packets that an application receives by a socket: without BPF, a library or a
// privilege.
//
//	tenant, err := pktmeta.Find(conn, "tenant")
//	...
//	value, err := tenant.NextUint(conn) // of what the next Read returns
//	conn.Read(buffer)
//
// Somebody has attached the programs that answer to the application's cgroup (pktmeta attach-to-cgroup --sockets).
// pktmeta/socket.h has what each way to ask means, and what each error; here errors are of type Error, and errors.Is knows
// them by their syscall.Errno. Connections are those of package net, and all else that has a syscall.RawConn. A
// connection of MPTCP, which Go's listeners accept since 1.24 unless told otherwise, is refused (EPROTONOSUPPORT) if both
// ends speak it.
package pktmeta

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

// As in pktmeta/socket.h.
const (
	wayNext = iota
	wayAt
	wayBytes
	wayMark
	wayFields

	answerSize     = 8
	answersSizeMax = 4096
	fieldSize      = 48
	valueSizeMax   = 64

	soTimestampNS = 35
	soRcvMark     = 75
	fionread      = 0x541b
)

// Error is what the programs, or the kernel without them, refuse a question with.
type Error struct{ Errno syscall.Errno }

func (e Error) Error() string {
	if words, found := words[e.Errno]; found {
		return "pktmeta: " + words
	}
	return "pktmeta: " + e.Errno.Error()
}

// Unwrap lets errors.Is compare with a syscall.Errno.
func (e Error) Unwrap() error { return e.Errno }

var words = map[syscall.Errno]string{
	syscall.ENOPROTOOPT:     "nobody answers, or not in this way: attach to the cgroup of this process, by pktmeta attach-to-cgroup --sockets",
	syscall.EPROTONOSUPPORT: "what the next read returns is not known of this kind of socket",
	syscall.ENOENT:          "there is no such field, or the packet does not carry it",
	syscall.EACCES:          "the field is registered as none for sockets",
	syscall.EINVAL:          "the size is not the field's",
	syscall.EAGAIN:          "nothing is there to be read",
	syscall.EBADMSG:         "the datagram's checksum has not been looked at",
	syscall.ENODATA:         "TCP has merged the bytes of several packets",
	syscall.ESTALE:          "the packet came before it was asked for, or too long ago",
	syscall.EFAULT:          "the packet has no metadata area, or one that is older than the field",
}

// native is the host's byte order, in which answers are.
var native = func() binary.ByteOrder {
	one := uint16(1)
	if *(*byte)(unsafe.Pointer(&one)) == 1 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}()

func level(way int, id uint32) uintptr { return uintptr(7<<28 | uint32(way)<<24 | id&0x00ffffff) }

func refusal(errno syscall.Errno) error {
	switch errno {
	case 0:
		return nil
	case syscall.EOPNOTSUPP:
		return Error{syscall.ENOPROTOOPT}
	}
	return Error{errno}
}

// control calls something with the connection's descriptor.
func control(conn syscall.Conn, do func(fd uintptr) syscall.Errno) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var errno syscall.Errno
	if err := raw.Control(func(fd uintptr) { errno = do(fd) }); err != nil {
		return err
	}
	return refusal(errno)
}

// ask is answered with so many of the buffer's bytes.
func ask(conn syscall.Conn, way int, id uint32, name uint32, answer []byte) ([]byte, error) {
	size := uint32(len(answer))
	err := control(conn, func(fd uintptr) syscall.Errno {
		_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, level(way, id), uintptr(name),
			uintptr(unsafe.Pointer(&answer[0])), uintptr(unsafe.Pointer(&size)), 0)
		return errno
	})
	if err != nil {
		return nil, err
	}
	if size == 4 { // Linux before 5.18
		return nil, Error{syscall.Errno(-int32(native.Uint32(answer)))}
	}
	return answer[:size], nil
}

func set(conn syscall.Conn, level, name uintptr) error {
	one := uint32(1)
	return control(conn, func(fd uintptr) syscall.Errno {
		_, _, errno := syscall.Syscall6(
			syscall.SYS_SETSOCKOPT, fd, level, name, uintptr(unsafe.Pointer(&one)), unsafe.Sizeof(one), 0)
		return errno
	})
}

// checkNext has the kernel look at the next datagram's checksum, where nothing else has.
func checkNext(conn syscall.Conn) {
	var waiting uint32
	_ = control(conn, func(fd uintptr) syscall.Errno {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, fionread, uintptr(unsafe.Pointer(&waiting)))
		return errno
	})
}

// Field is one of the registry that the programs answer for: good until it is unregistered.
type Field struct {
	ID   uint32
	Type uint32 // enum pktmeta_type
	Size int    // bytes
	Name string
	slot uint32
}

// Fields are all that are for sockets.
func Fields(conn syscall.Conn) ([]Field, error) {
	var fields []Field
	var buffer [fieldSize]byte
	for slot := uint32(0); ; {
		told, err := ask(conn, wayFields, 0, slot, buffer[:])
		if err != nil {
			return nil, err
		}
		field := Field{
			ID: native.Uint32(told), Type: native.Uint32(told[4:]), Size: int(native.Uint32(told[8:])),
			slot: native.Uint32(told[12:]),
		}
		if field.ID == 0 {
			return fields, nil
		}
		name := told[16:]
		for i, letter := range name {
			if letter == 0 {
				name = name[:i]
				break
			}
		}
		field.Name = string(name)
		fields = append(fields, field)
		slot = field.slot + 1
	}
}

// Find is the field of a name; ENOENT if there is none that is for sockets.
func Find(conn syscall.Conn, name string) (Field, error) {
	fields, err := Fields(conn)
	if err != nil {
		return Field{}, err
	}
	for _, field := range fields {
		if field.Name == name {
			return field, nil
		}
	}
	return Field{}, Error{syscall.ENOENT}
}

// Value is what an answer holds: bytes as they lie in the packet, none of a flag, or an error in their place.
type Value struct {
	Bytes []byte
	Err   error
}

func (f Field) stride() int { return answerSize + (f.Size+7)/8*8 }

func (f Field) decode(told []byte) (Value, int) {
	errno, size, count := int16(native.Uint16(told)), int(native.Uint16(told[2:])), int(native.Uint32(told[4:]))
	switch {
	case errno != 0:
		return Value{Err: Error{syscall.Errno(-errno)}}, count
	case size != f.Size:
		return Value{Err: Error{syscall.EINVAL}}, count
	}
	return Value{Bytes: append([]byte{}, told[answerSize:answerSize+size]...)}, count
}

func (f Field) one(conn syscall.Conn, way int, name uint32) (Value, int, error) {
	var buffer [answerSize + valueSizeMax]byte
	told, err := ask(conn, way, f.ID, name, buffer[:f.stride()])
	if err != nil {
		return Value{Err: err}, 0, err
	}
	value, count := f.decode(told)
	return value, count, nil
}

// Next gets the field of what the next read returns.
func (f Field) Next(conn syscall.Conn) ([]byte, error) {
	value, _, err := f.one(conn, wayNext, 0)
	if errors.Is(err, syscall.EBADMSG) {
		checkNext(conn)
		value, _, _ = f.one(conn, wayNext, 0)
	}
	return value.Bytes, value.Err
}

// NextUint is Next of a type that is a number in the host's byte order.
func (f Field) NextUint(conn syscall.Conn) (uint64, error) {
	bytes, err := f.Next(conn)
	if err != nil {
		return 0, err
	}
	return Uint(bytes)
}

// Uint is the number in 1, 2, 4 or 8 bytes in the host's byte order.
func Uint(bytes []byte) (uint64, error) {
	switch len(bytes) {
	case 1:
		return uint64(bytes[0]), nil
	case 2:
		return uint64(native.Uint16(bytes)), nil
	case 4:
		return uint64(native.Uint32(bytes)), nil
	case 8:
		return native.Uint64(bytes), nil
	}
	return 0, fmt.Errorf("pktmeta: %d bytes are no number", len(bytes))
}

// NextBatch gets the field of each of the next datagrams, of at most that many.
func (f Field) NextBatch(conn syscall.Conn, count int) ([]Value, error) {
	buffer := make([]byte, answersSizeMax)
	if most := answersSizeMax / f.stride(); count > most {
		count = most
	}
	if count < 1 {
		return nil, Error{syscall.EINVAL}
	}
	told, err := ask(conn, wayNext, f.ID, 0, buffer[:count*f.stride()])
	if errors.Is(err, syscall.EBADMSG) {
		checkNext(conn)
		told, err = ask(conn, wayNext, f.ID, 0, buffer[:count*f.stride()])
	}
	if err != nil {
		return nil, err
	}
	var values []Value
	for ; len(told) >= f.stride(); told = told[f.stride():] {
		value, _ := f.decode(told)
		values = append(values, value)
	}
	return values, nil
}

// At gets the field of the datagram that was read with this timestamp (SCM_TIMESTAMPNS), after ReceiveAt.
func (f Field) At(conn syscall.Conn, stamp time.Time) ([]byte, error) {
	value, _, _ := f.one(conn, wayAt, uint32(uint64(stamp.UnixNano())))
	return value.Bytes, value.Err
}

// NextBytes gets the field of the next bytes of TCP, and for how many of them that holds, be it an error; 0: for none.
func (f Field) NextBytes(conn syscall.Conn) (Value, int) {
	value, count, err := f.one(conn, wayBytes, 0)
	if errors.Is(err, syscall.ENOPROTOOPT) {
		value, count, _ = f.one(conn, wayNext, 0)
	}
	return value, count
}

// ReceiveMark has the field, of at most 4 bytes, told as the mark (SCM_MARK) of packets that come from now on; 0 without.
func (f Field) ReceiveMark(conn syscall.Conn) error {
	if err := set(conn, level(wayMark, f.ID), 0); err != nil {
		return err
	}
	return set(conn, syscall.SOL_SOCKET, soRcvMark)
}

// ReceiveAt has fields of datagrams that come from now on kept for At, and their timestamps told.
func ReceiveAt(conn syscall.Conn) error {
	if err := set(conn, level(wayAt, 0), 0); err != nil {
		return err
	}
	return set(conn, syscall.SOL_SOCKET, soTimestampNS)
}

// ReceiveBytes has fields of TCP's packets that come from now on kept for NextBytes.
func ReceiveBytes(conn syscall.Conn) error { return set(conn, level(wayBytes, 0), 0) }
