// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"os"
	"sync"
)

const readers = 100

// readAll lets goroutines read the same 4 KiB of a file over and over, n times together.
func readAll(n int64) {
	var wg sync.WaitGroup
	for i := 0; i < readers; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			f, err := os.Open("/proc/self/exe")
			if err != nil {
				panic(err)
			}
			defer f.Close()
			buf := make([]byte, 4096)
			for k := n / readers; k > 0; k-- {
				if _, err := f.ReadAt(buf, 0); err != nil {
					panic(err)
				}
			}
		}()
	}
	wg.Wait()
}
