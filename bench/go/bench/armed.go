// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

func xorshift(x *uint64) uint64 {
	*x ^= *x << 13
	*x ^= *x >> 7
	*x ^= *x << 17
	return *x
}

// armAndStop is n timers armed at once, an hour ahead, and stopped again.
func armAndStop(n int64) (arm, stop float64) {
	timers := make([]*time.Timer, n)
	x := uint64(88172645463325252)
	start := time.Now()
	for i := range timers {
		timers[i] = time.AfterFunc(time.Hour+time.Duration(xorshift(&x)%uint64(time.Hour)), func() {})
	}
	half := time.Now()
	for i := len(timers) - 1; i >= 0; i-- {
		timers[i].Stop()
	}
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(n) }
	return each(half.Sub(start)), each(time.Since(half))
}

// armed is n timers at once: arming, stopping; and n sleepers, each until an instant of its own,
// 4 µs apart on the average.
func armed(n int64) {
	armAndStop(n / 10)
	arm, stop := armAndStop(n)
	late := make([]time.Duration, n)
	var asleep atomic.Int64
	var done sync.WaitGroup
	done.Add(int(n))
	x := uint64(88172645463325252)
	begin := time.Now().Add(time.Second + time.Duration(n)*10*time.Microsecond)
	for i := range late {
		i, at := i, begin.Add(time.Duration(xorshift(&x)%uint64(n*4*1000)))
		go func() {
			asleep.Add(1)
			time.Sleep(time.Until(at))
			late[i] = time.Since(at)
			done.Done()
		}()
	}
	for asleep.Load() < n {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Until(begin))
	used := cpu()
	done.Wait()
	used = cpu() - used
	fmt.Printf("n=%d arm_ns=%.1f cancel_ns=%.1f fire_cpu_ns=%.1f", n, arm, stop,
		float64(used.Nanoseconds())/float64(n))
	printTimes("late", late)
	fmt.Printf(" hwm_kb=%d\n", status("VmHWM"))
}
