// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"fmt"
	"runtime"
	"sort"
	"time"
)

var computed uint64

func spin() {
	for x := uint64(1); ; {
		x = x*6364136223846793005 + 1
	}
}

func compute(steps int64) time.Duration {
	start, x := time.Now(), computed
	for i := int64(0); i < steps; i++ {
		x = x*6364136223846793005 + 1
	}
	computed = x
	return time.Since(start)
}

// compute8 is eight goroutines that compute for 5 ms and yield, beside the sleeper.
func compute8(int64) {
	const steps = 1000000
	best := time.Hour
	for i := 0; i < 20; i++ {
		if took := compute(steps); took < best {
			best = took
		}
	}
	many := int64(steps * 5 * time.Millisecond / best)
	sleepBeside(func() {
		for {
			compute(many)
			runtime.Gosched()
		}
	}, 8)
}

// sleepBeside tells how late a sleeper of 1 ms wakes beside n of f, for 5 s.
func sleepBeside(f func(), n int) {
	for i := 0; i < n; i++ {
		go f()
	}
	var late []time.Duration
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		start := time.Now()
		time.Sleep(time.Millisecond)
		late = append(late, time.Since(start)-time.Millisecond)
	}
	fmt.Printf("n=%d p50_us=%.1f p99_us=%.1f max_us=%.1f\n", len(late), at(late, .5), at(late, .99),
		at(late, 1))
}

// at is a percentile in microseconds. It sorts what it is given.
func at(t []time.Duration, q float64) float64 {
	sort.Slice(t, func(i, j int) bool { return t[i] < t[j] })
	i := int(q * float64(len(t)))
	if i >= len(t) {
		i = len(t) - 1
	}
	return float64(t[i].Nanoseconds()) / 1e3
}

func printTimes(name string, t []time.Duration) {
	fmt.Printf(" %s_p50_us=%.2f %s_p90_us=%.2f %s_p99_us=%.2f %s_max_us=%.2f", name, at(t, .5),
		name, at(t, .9), name, at(t, .99), name, at(t, 1))
}
