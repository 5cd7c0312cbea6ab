// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

type grove struct {
	n, children int64
	waiting     sync.WaitGroup
	begun       time.Time
	took        []time.Duration
}

func (g *grove) grow(ctx context.Context, at int64) {
	first := at*g.children + 1
	if g.children == 0 || first >= g.n {
		g.waiting.Done()
		<-ctx.Done()
	} else {
		mine, cancel := context.WithCancel(ctx)
		var kids sync.WaitGroup
		for i := first; i < first+g.children && i < g.n; i++ {
			i := i
			kids.Add(1)
			go func() {
				g.grow(mine, i)
				kids.Done()
			}()
		}
		g.waiting.Done()
		<-mine.Done()
		kids.Wait()
		cancel()
	}
	g.took[at] = time.Since(g.begun)
}

// fell cancels it and waits for all; how long the cancel itself took.
func (g *grove) fell() time.Duration {
	ctx, cancel := context.WithCancel(context.Background())
	var roots sync.WaitGroup
	g.waiting.Add(int(g.n))
	for i := int64(0); i == 0 || g.children == 0 && i < g.n; i++ {
		i := i
		roots.Add(1)
		go func() {
			g.grow(ctx, i)
			roots.Done()
		}()
	}
	g.waiting.Wait()
	time.Sleep(time.Millisecond)
	g.begun = time.Now()
	cancel()
	spent := time.Since(g.begun)
	roots.Wait()
	return spent
}

func felled(shape string, children, n int64) {
	rounds := 20
	if n < 5000 {
		rounds = 400
	}
	if n < 100 {
		rounds = 2000
	}
	g := &grove{n: n, children: children, took: make([]time.Duration, n)}
	var each, call []time.Duration
	g.fell()
	for i := 0; i < rounds; i++ {
		call = append(call, g.fell())
		each = append(each, g.took...)
	}
	fmt.Printf("shape=%s n=%d rounds=%d", shape, n, rounds)
	printTimes("each", each)
	printTimes("call", call)
	fmt.Println()
}

// cancelTrees is from a cancel to the return of each goroutine, for all sizes or one.
func cancelTrees(only int64) {
	for _, n := range []int64{1, 100, 10000} {
		if only != 0 && n != only {
			continue
		}
		felled("flat", 0, n)
		if n > 1 {
			felled("tree", 10, n)
			felled("chain", 1, n)
		}
	}
}
