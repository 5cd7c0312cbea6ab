// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"sync"
	"syscall"
)

const callers = 100

// blockAll lets goroutines make system calls of 1 ms, n together.
func blockAll(n int64) {
	var wg sync.WaitGroup
	for i := 0; i < callers; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := n / callers; k > 0; k-- {
				t := syscall.Timeval{Usec: 1000}
				// Go's own signals interrupt it, and then it has lasted less
				if _, err := syscall.Select(0, nil, nil, nil, &t); err != nil && err != syscall.EINTR {
					panic(err)
				}
			}
		}()
	}
	wg.Wait()
}
