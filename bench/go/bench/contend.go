// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// contend is n goroutines that want one mutex all the time, for 3 s.
func contend(n int64) {
	var m sync.Mutex
	var on atomic.Int32
	var done sync.WaitGroup
	state := uint64(88172645463325252)
	waits := make([][]time.Duration, n)
	done.Add(int(n))
	for i := range waits {
		i := i
		go func() {
			defer done.Done()
			for {
				counts := on.Load()
				if counts == 2 {
					return
				}
				start := time.Now()
				m.Lock()
				waited := time.Since(start)
				x := state
				for k := 0; k < 600; k++ {
					x ^= x << 13
					x ^= x >> 7
					x ^= x << 17
				}
				state = x
				m.Unlock()
				if counts == 1 {
					waits[i] = append(waits[i], waited)
				}
				runtime.Gosched()
			}
		}()
	}
	time.Sleep(time.Second / 2)
	start := time.Now()
	on.Store(1)
	time.Sleep(3 * time.Second)
	on.Store(2)
	took := time.Since(start)
	done.Wait()
	least, most := len(waits[0]), 0
	var all []time.Duration
	for _, w := range waits {
		if len(w) < least {
			least = len(w)
		}
		if len(w) > most {
			most = len(w)
		}
		all = append(all, w...)
	}
	fmt.Printf("n=%d ops_s=%.0f least=%d most=%d", n, float64(len(all))/took.Seconds(), least, most)
	printTimes("wait", all)
	fmt.Println()
}
