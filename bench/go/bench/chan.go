// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"sync"
	"sync/atomic"
)

// sink keeps sums from being thrown away unused.
var sink atomic.Int64

func pingPong(n int64) {
	a, b := make(chan int64), make(chan int64)
	go func() {
		for i := int64(0); i < n; i++ {
			v := <-a
			b <- v
		}
	}()
	for i := int64(0); i < n; i++ {
		a <- i
		<-b
	}
}

func factory(n int64, producers, consumers int) {
	c := make(chan int64, 128)
	var made, used sync.WaitGroup
	made.Add(producers)
	used.Add(consumers)
	for p := 0; p < producers; p++ {
		go func() {
			for i := int64(0); i < n/int64(producers); i++ {
				c <- i
			}
			made.Done()
		}()
	}
	for k := 0; k < consumers; k++ {
		go func() {
			var sum int64
			for v := range c {
				sum += v
			}
			sink.Add(sum)
			used.Done()
		}()
	}
	made.Wait()
	close(c)
	used.Wait()
}

func selectFour(n int64) {
	var c [4]chan int64
	for k := range c {
		feed := make(chan int64)
		c[k] = feed
		go func() {
			for i := int64(0); i < n/4; i++ {
				feed <- i
			}
		}()
	}
	var sum, v int64
	for i := int64(0); i < n/4*4; i++ {
		select {
		case v = <-c[0]:
		case v = <-c[1]:
		case v = <-c[2]:
		case v = <-c[3]:
		}
		sum += v
	}
	sink.Add(sum)
}

func stir(x uint64) uint64 {
	for k := 0; k < 60; k++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func eight(n int64, work bool) {
	var mu sync.Mutex
	var done sync.WaitGroup
	var count int64
	done.Add(8)
	for k := 0; k < 8; k++ {
		go func() {
			x := uint64(88172645463325252)
			for i := int64(0); i < n/8; i++ {
				mu.Lock()
				count++
				mu.Unlock()
				if work {
					x = stir(x)
				}
			}
			sink.Add(int64(x))
			done.Done()
		}()
	}
	done.Wait()
	if count != n/8*8 {
		panic("mutex8: wrong count")
	}
}
