// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)

// Sends each datagram back, and says whose it is.
//
//	echofields PORT FIELD [COUNT]
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"syscall"

	"pktmeta"
)

// waits until a datagram is there, which stays.
func wait(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return err != syscall.EAGAIN
	})
}

func main() {
	port, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	count := -1
	if len(os.Args) > 3 {
		count, _ = strconv.Atoi(os.Args[3])
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{Port: port})
	if err != nil {
		log.Fatal(err)
	}
	field, err := pktmeta.Find(conn, os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	buffer := make([]byte, 65536)
	for ; count != 0; count-- {
		if err := wait(conn); err != nil {
			log.Fatal(err)
		}
		value, asked := field.NextUint(conn)
		size, sender, err := conn.ReadFromUDP(buffer)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := conn.WriteToUDP(buffer[:size], sender); err != nil {
			log.Fatal(err)
		}
		if asked != nil {
			fmt.Printf("%s=%v\n", field.Name, asked)
		} else {
			fmt.Printf("%s=%d\n", field.Name, value)
		}
	}
}
