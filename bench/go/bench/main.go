// SPDX-License-Identifier: MIT OR Apache-2.0

// The workloads of sennit-bench on Go's runtime: same names, same operations, same line of
// output. GOMAXPROCS sets the number of Ps.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

type workload struct {
	name  string
	usual int64
	run   func(n int64)
}

var workloads = []workload{
	{"yield", 10000000, measured(yieldTwo, 2)},
	{"spawn1", 1000000, func(n int64) { spawn(n, 1) }},
	{"spawn10k", 1000000, func(n int64) { spawn(n, 10000) }},
	{"spawn1m", 1000000, func(n int64) { spawn(n, 1000000) }},
	{"pingpong", 3000000, measured(pingPong, 1)},
	{"pc11", 20000000, measured(func(n int64) { factory(n, 1, 1) }, 1)},
	{"pc44", 20000000, measured(func(n int64) { factory(n, 4, 4) }, 1)},
	{"sel4", 4000000, measured(selectFour, 1)},
	{"mutex8", 16000000, measured(func(n int64) { eight(n, false) }, 1)},
	{"mutex8w", 8000000, measured(func(n int64) { eight(n, true) }, 1)},
	{"skynet", 1, skynet},
	{"idle", 100000, idle},
	{"timers", 100000, timers},
	{"preempt", 1, preempt},
	{"readfile", 5000000, measured(readAll, 1)},
	{"blocksys", 200000, measured(blockAll, 1)},
	{"blockhint", 200000, measured(blockAll, 1)},
	{"preempt32", 1, func(int64) { sleepBeside(spin, 32) }},
	{"compute8", 1, compute8},
	{"contend", 1000, contend},
	{"cancel", 0, cancelTrees},
	{"armed", 1000000, armed},
}

// measured runs f on a tenth of n to warm up, then on n, and reports n*per operations.
func measured(f func(n int64), per int64) func(n int64) {
	return func(n int64) {
		f(n / 10)
		m := begin()
		f(n)
		m.report(n * per)
	}
}

// measure is where time and CPU are counted from.
type measure struct {
	at  time.Time
	cpu time.Duration
}

func begin() measure { return measure{cpu: cpu(), at: time.Now()} }

func (m measure) report(ops int64) {
	ns, used := float64(time.Since(m.at).Nanoseconds()), float64(cpu()-m.cpu)
	fmt.Printf("ns_op=%.2f cpu_op=%.2f ms=%.2f ops=%d hwm_kb=%d\n", ns/float64(ops),
		used/float64(ops), ns/1e6, ops, status("VmHWM"))
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: gobench WORKLOAD [N | ADDR]")
		os.Exit(2)
	}
	if os.Args[1] == "echo" {
		echo(os.Args[2])
	}
	if os.Args[1] == "load" && len(os.Args) == 5 {
		load(os.Args[2], os.Args[3], os.Args[4])
	}
	for _, w := range workloads {
		if w.name != os.Args[1] {
			continue
		}
		n := w.usual
		if len(os.Args) > 2 {
			given, err := strconv.ParseInt(os.Args[2], 10, 64)
			if err != nil || given < 1 {
				fmt.Fprintf(os.Stderr, "gobench: '%s' is not a count\n", os.Args[2])
				os.Exit(2)
			}
			n = given
		}
		w.run(n)
		return
	}
	fmt.Fprintf(os.Stderr, "gobench: no workload '%s'\n", os.Args[1])
	os.Exit(2)
}
