// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"runtime"
	"sync"
)

func yieldTwo(n int64) {
	var done sync.WaitGroup
	done.Add(2)
	body := func() {
		for i := n; i > 0; i-- {
			runtime.Gosched()
		}
		done.Done()
	}
	go body()
	go body()
	done.Wait()
}

func bursts(n, burst int64) {
	for n > 0 {
		m := burst
		if m > n {
			m = n
		}
		var done sync.WaitGroup
		done.Add(int(m))
		for i := int64(0); i < m; i++ {
			go done.Done()
		}
		done.Wait()
		n -= m
	}
}

func spawn(n, burst int64) {
	if burst < n {
		bursts(10*burst, burst)
	}
	m := begin()
	bursts(n, burst)
	m.report(n)
}

const leaves, branch = 1000000, 10

func grow(up chan<- int64, num, size int64) {
	if size == 1 {
		up <- num
		return
	}
	c := make(chan int64)
	for i := int64(0); i < branch; i++ {
		go grow(c, num+i*(size/branch), size/branch)
	}
	var sum int64
	for i := 0; i < branch; i++ {
		sum += <-c
	}
	up <- sum
}

func skynet(int64) {
	c := make(chan int64)
	m := begin()
	go grow(c, 0, leaves)
	sum := <-c
	if sum != int64(leaves)*(leaves-1)/2 {
		panic("skynet: wrong sum")
	}
	m.report(1)
}
