// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// status is a number of /proc/self/status, in KiB, or -1.
func status(key string) int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return -1
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		name, rest, _ := strings.Cut(s.Text(), ":")
		if fields := strings.Fields(rest); name == key && len(fields) > 0 {
			n, _ := strconv.ParseInt(fields[0], 10, 64)
			return n
		}
	}
	return -1
}

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func idle(n int64) {
	gate := make(chan int64)
	var up atomic.Int64
	var done sync.WaitGroup
	done.Add(int(n))
	runtime.GC()
	rss, pte := status("VmRSS"), status("VmPTE")
	start := time.Now()
	for i := int64(0); i < n; i++ {
		go func() {
			up.Add(1)
			<-gate
			done.Done()
		}()
	}
	for up.Load() < n {
		runtime.Gosched()
	}
	create := time.Since(start)
	time.Sleep(50 * time.Millisecond)
	rss2, pte2 := status("VmRSS"), status("VmPTE")
	start = time.Now()
	close(gate)
	done.Wait()
	wake := time.Since(start)
	each := func(x int64) float64 { return float64(x) / float64(n) }
	fmt.Printf("n=%d rss_b=%.0f pte_b=%.0f create_ns=%.1f wake_exit_ns=%.1f rss_mb=%.1f\n", n,
		each((rss2-rss)*1024), each((pte2-pte)*1024), each(create.Nanoseconds()),
		each(wake.Nanoseconds()), float64(rss2)/1024)
}

// Lateness in a histogram of microseconds.
const latest = 200000

var hist [latest + 1]atomic.Int64

func percentile(q float64) int {
	var all, seen int64
	for i := range hist {
		all += hist[i].Load()
	}
	for i := range hist {
		seen += hist[i].Load()
		if float64(seen) > q*float64(all) {
			return i
		}
	}
	return latest
}

func timers(n int64) {
	var wakeups atomic.Int64
	var counting atomic.Bool
	for i := int64(0); i < n; i++ {
		x := uint64(i)*0x9E3779B97F4A7C15 + 88172645463325252
		go func() {
			for {
				x ^= x << 13
				x ^= x >> 7
				x ^= x << 17
				d := time.Duration(1+x%100) * time.Millisecond
				start := time.Now()
				time.Sleep(d)
				if counting.Load() {
					late := (time.Since(start) - d).Microseconds()
					if late < 0 {
						late = 0
					}
					if late > latest {
						late = latest
					}
					hist[late].Add(1)
					wakeups.Add(1)
				}
			}
		}()
	}
	time.Sleep(time.Second)
	used, start := cpu(), time.Now()
	counting.Store(true)
	time.Sleep(5 * time.Second)
	counting.Store(false)
	took := time.Since(start)
	used = cpu() - used
	k := float64(wakeups.Load())
	fmt.Printf("wakeups_s=%.0f cpu_ns=%.1f cpu_pct=%.1f p50_us=%d p99_us=%d max_us=%d hwm_kb=%d\n",
		k/took.Seconds(), float64(used)/k, 100*float64(used)/float64(took), percentile(.5),
		percentile(.99), percentile(.9999999), status("VmHWM"))
}

func preempt(int64) {
	go func() {
		for x := uint64(1); ; {
			x = x*6364136223846793005 + 1
		}
	}()
	var late []int64
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		start := time.Now()
		time.Sleep(time.Millisecond)
		late = append(late, (time.Since(start) - time.Millisecond).Microseconds())
	}
	sort.Slice(late, func(i, j int) bool { return late[i] < late[j] })
	n := len(late)
	fmt.Printf("n=%d p50_us=%d p99_us=%d max_us=%d\n", n, late[n/2], late[n*99/100], late[n-1])
}

func echo(addr string) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		panic(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			continue
		}
		go func() {
			defer c.Close()
			buf := make([]byte, 4096)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				if _, err := c.Write(buf[:n]); err != nil {
					return
				}
			}
		}()
	}
}
