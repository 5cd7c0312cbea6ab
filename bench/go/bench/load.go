// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load asks an echo server: so many connections, each sends 64 bytes and waits for them, over and
// over. It prints how many answers came in so many seconds, after one to warm up.
func load(addr, connections, seconds string) {
	var answers atomic.Int64
	var ready sync.WaitGroup
	n, err := strconv.Atoi(connections)
	s, err2 := strconv.Atoi(seconds)
	if err != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, "usage: gobench load ADDR CONNECTIONS SECONDS")
		os.Exit(2)
	}
	ready.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				panic(err)
			}
			ready.Done()
			buf := make([]byte, 64)
			for {
				if _, err := c.Write(buf); err != nil {
					return
				}
				if _, err := io.ReadFull(c, buf); err != nil {
					return
				}
				answers.Add(1)
			}
		}()
	}
	ready.Wait()
	time.Sleep(time.Second)
	fmt.Println("warm")
	before := answers.Load()
	time.Sleep(time.Duration(s) * time.Second)
	fmt.Printf("answers=%d\n", answers.Load()-before)
	os.Exit(0)
}
