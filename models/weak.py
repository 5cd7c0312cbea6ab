# SPDX-License-Identifier: MIT OR Apache-2.0
"""
Every execution of a few small threads under a weak memory model, one state after the other.

The model. Each location holds the messages written to it, in modification order: a value and the
view its writer passed on. A view is, for each location, the oldest message that may still be read.
Each thread has a current view and the one of its last fence. So

  a load reads any message that its thread's view allows, however old (loads are satisfied early,
  stores become visible late, and to different threads in different orders);
  an acquire load joins the message's view into its own, a relaxed one only learns of the message;
  a release store passes on the whole current view, a relaxed one the view of the last fence;
  a read-modify-write that succeeds reads the last message, and acquires and releases; one that
  fails is a load, and may read an old message;
  a full fence joins the thread's view with that of all full fences before it;
  a heavy barrier (membarrier) is a full fence of the caller, one of each other thread at some
  instant of its own during the call, and another of the caller;
  a plain access to shared data must have seen all others, else it is a data race.

Sequentially consistent accesses count as acquire-release only. That is weaker than C11, and than
what AArch64 and RISC-V do with the instructions that compilers choose for it (load-acquire RCpc,
store-release, LL/SC or atomics, dmb/fence). What is left out: a load that takes effect after a store
that follows it in the program (load buffering). The protocols modelled here have an acquire load
or a branch between any such two; and stores of other threads between two messages: each location
here has one writer that stores, all others exchange, so a store always comes last.
"""

RLX, ACQ, REL = "relaxed", "acquire", "release"


class Violation(Exception):
    """A rule of the protocol is broken."""


class Thread:
    """One thread's part of a state: where it is, what it knows, what it remembers."""

    __slots__ = ("pc", "cur", "fen", "ipi", "var")

    def __init__(self, pc, cur, fen, ipi, var):
        self.pc, self.cur, self.fen, self.ipi, self.var = pc, cur, fen, ipi, var

    def key(self):
        return (self.pc, self.cur, self.fen, self.ipi, self.var)


def join(a, b):
    return tuple(x if x > y else y for x, y in zip(a, b))


class State:
    """Memory, threads, the view of full fences, a pool under a lock, and ghosts for the rules."""

    def __init__(self, mem, threads, fences, pool, pool_view, ghost):
        self.mem, self.threads, self.fences = mem, threads, fences
        self.pool, self.pool_view, self.ghost = pool, pool_view, ghost

    def copy(self):
        threads = [Thread(t.pc, t.cur, t.fen, t.ipi, t.var) for t in self.threads]
        return State(list(self.mem), threads, self.fences, self.pool, self.pool_view, self.ghost)

    def key(self):
        """The same for states that differ only in messages which nobody can read any more."""
        low = list(self.threads[0].cur)
        for t in self.threads[1:]:
            low = [min(a, b) for a, b in zip(low, t.cur)]
        cut = lambda view: tuple(max(0, v - b) for v, b in zip(view, low))
        mem = tuple(
            tuple((value, cut(view)) for value, view in messages[b:])
            for messages, b in zip(self.mem, low)
        )
        threads = tuple((t.pc, cut(t.cur), cut(t.fen), t.ipi, t.var) for t in self.threads)
        return (mem, threads, cut(self.fences), self.pool, cut(self.pool_view), self.ghost)

    # what threads do; `me` is a thread's number

    def loads(self, me, where, order):
        """Pairs of a value and the state after it was read."""
        low = self.threads[me].cur[where]
        for ts in range(low, len(self.mem[where])):
            value, view = self.mem[where][ts]
            after = self.copy()
            t = after.threads[me]
            seen = list(t.cur)
            seen[where] = ts
            t.cur = join(tuple(seen), view) if order == ACQ else tuple(seen)
            yield value, after

    def store(self, me, where, value, order):
        t = self.threads[me]
        ts = len(self.mem[where])
        seen = list(t.cur)
        seen[where] = ts
        t.cur = tuple(seen)
        passed = list(t.cur if order == REL else t.fen)
        passed[where] = ts
        self.mem[where] = self.mem[where] + ((value, tuple(passed)),)

    def exchanges(self, me, where, expected, new):
        """As loads, of a strong compare-and-swap: (None, …) if it succeeded, else what it read."""
        last, view = self.mem[where][-1]
        if last == expected:
            after = self.copy()
            t = after.threads[me]
            t.cur = join(t.cur, view)
            after.store(me, where, new, REL)
            value, passed = after.mem[where][-1]
            after.mem[where] = after.mem[where][:-1] + ((value, join(passed, view)),)
            yield None, after
        for value, after in self.loads(me, where, ACQ):
            if value != expected:
                yield value, after

    def fence(self, me):
        t = self.threads[me]
        t.cur = t.fen = self.fences = join(t.cur, self.fences)

    def plain(self, me, where):
        """A write to what only one thread may use at a time."""
        if self.threads[me].cur[where] != len(self.mem[where]) - 1:
            raise Violation("data race: what the last owner wrote is not seen")
        self.store(me, where, 0, RLX)

    def put(self, me, what):
        self.pool = tuple(sorted(self.pool + (what,)))
        self.pool_view = join(self.pool_view, self.threads[me].cur)

    def get(self, me):
        what, self.pool = self.pool[0], self.pool[1:]
        self.threads[me].cur = join(self.threads[me].cur, self.pool_view)
        return what


def explore(first, step, at_end, most=5_000_000):
    """All states that can be reached. `step(state, me)` gives a thread's next states, None when it
    has ended, nothing while it waits. Returns their number; raises Violation."""
    seen = {first.key()}
    todo = [first]
    while todo:
        state = todo.pop()
        moved, ended = False, 0
        for me, t in enumerate(state.threads):
            nexts = []
            if t.ipi:
                after = state.copy()
                after.fence(me)
                after.threads[me].ipi = False
                nexts.append(after)
            own = step(state, me)
            if own is None:
                ended += 1
            else:
                nexts.extend(own)
            for after in nexts:
                moved = True
                key = after.key()
                if key not in seen:
                    if len(seen) >= most:
                        raise Violation(f"more than {most} states")
                    seen.add(key)
                    todo.append(after)
        if not moved:
            if ended != len(state.threads):
                raise Violation("stuck: a thread waits for ever")
            at_end(state)
    return len(seen)
