#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""
The hand-over of a P (src/sched/smp/take.h, sched_inline.h) in all its executions under the weak
memory of weak.py: an owner that enters and leaves the runtime, lets its P go, gives it away before
a call that blocks and gets one again; and the monitor, which asks, decides and takes.

Rules: nobody uses a P that is not its own, what the last owner wrote is seen by the next, the
monitor takes the very P that it has read, and no P is ever lost. Then the same with each of the
known mistakes planted, each of which must break a rule.

    models/handover.py [--quick]
"""
import sys

import weak
from weak import ACQ, REL, RLX, State, Thread, Violation

STATE, TAKE, MP, DATA = 0, 1, 2, 3  # DATA + k: what P k guards
RUNTIME, USER = 0, 1
NONE, ASK, TAKEN, LOST = "NONE", "ASK", "TAKEN", "LOST"
OWNER, MONITOR = 0, 1


class Protocol:
    """The real one; a mistake is a name in `wrong`."""

    def __init__(self, enters, asks, fences=False, wrong="", ps=2):
        self.enters, self.asks, self.fences, self.wrong, self.ps = enters, asks, fences, wrong, ps

    def first(self):
        locations = DATA + self.ps
        zero = (0,) * locations
        start = {STATE: RUNTIME, TAKE: NONE, MP: 0}
        mem = [((start.get(i, 0), zero),) for i in range(locations)]
        owner = Thread("use", zero, zero, False, (self.enters, 0))  # entries left, its P
        monitor = Thread("ask", zero, zero, False, (self.asks, None))
        ghost = ("owner",) + ("pool",) * (self.ps - 1)  # where each P is in truth
        return State(mem, [owner, monitor], zero, tuple(range(1, self.ps)), zero, ghost)

    def step(self, state, me):
        name = ("o_" if me == OWNER else "m_") + state.threads[me].pc
        return getattr(self, name)(state)

    # --- the owner: var is (entries left, the P it believes to have)

    @staticmethod
    def to(state, me, pc, var=None):
        t = state.threads[me]
        t.pc = pc
        if var is not None:
            t.var = var
        return state

    @staticmethod
    def move(state, p, place):
        state.ghost = state.ghost[:p] + (place,) + state.ghost[p + 1 :]

    def o_user(self, state):
        left, p = state.threads[OWNER].var
        if not left:
            return None
        after = state.copy()
        if self.wrong == "look first":
            return [self.to(after, OWNER, "look", (left - 1, p))]
        after.store(OWNER, STATE, RUNTIME, RLX)
        return [self.to(after, OWNER, "fence" if self.fences else "look", (left - 1, p))]

    def o_fence(self, state):
        after = state.copy()
        after.fence(OWNER)
        return [self.to(after, OWNER, "look")]

    def o_look(self, state):
        out = []
        for take, after in state.loads(OWNER, TAKE, ACQ):
            seen = "in" if take == NONE else "answer"
            if seen == "answer" and self.wrong == "ask is loss":
                seen = "gone"
            if seen == "in" and self.wrong == "look first":
                seen = "late"
            out.append(self.to(after, OWNER, seen))
        return out

    def o_late(self, state):
        after = state.copy()
        after.store(OWNER, STATE, RUNTIME, RLX)
        return [self.to(after, OWNER, "in")]

    def o_answer(self, state):
        out = []
        for read, after in state.exchanges(OWNER, TAKE, ASK, NONE):
            kept = read is None or (read == NONE and self.wrong != "taken back is loss")
            out.append(self.to(after, OWNER, "in" if kept else "gone"))
        return out

    def o_gone(self, state):
        left, p = state.threads[OWNER].var
        if p is not None and state.ghost[p] == "owner":
            raise Violation("a P is lost: its owner thinks that it was taken")
        after = state.copy()
        after.store(OWNER, TAKE, LOST, RLX)
        return [self.to(after, OWNER, "get", (left, None))]

    def o_in(self, state):
        p = state.threads[OWNER].var[1]
        return [self.to(state.copy(), OWNER, "get" if p is None else "use")]

    def use(self, state, me, p):
        owner = "owner" if me == OWNER else "monitor"
        if state.ghost[p] != owner:
            raise Violation(f"two owners: the {owner} uses a P that is with the {state.ghost[p]}")
        state.plain(me, DATA + p)

    def o_use(self, state):
        left, p = state.threads[OWNER].var
        out = []
        for goes_on in ("leave", "let go", "give away") if left else ("leave",):
            after = state.copy()
            self.use(after, OWNER, p)
            out.append(self.to(after, OWNER, goes_on))
        return out

    def o_leave(self, state):
        after = state.copy()
        order = RLX if self.wrong == "relaxed leave" else REL
        after.store(OWNER, STATE, USER, order)
        return [self.to(after, OWNER, "user")]

    def without(self, state):
        left, p = state.threads[OWNER].var
        state.store(OWNER, MP, None, RLX)
        self.move(state, p, "pool")
        state.put(OWNER, p)
        state.threads[OWNER].var = (left - 1, None)  # so that this, too, has an end

    def get_let(self, state, pc):
        after = state.copy()
        self.without(after)
        return [self.to(after, OWNER, pc)]

    def step_let_go(self, state):
        return self.get_let(state, "sleep")

    def step_give_away(self, state):
        after = state.copy()
        if self.wrong != "given away unsaid":
            after.store(OWNER, TAKE, LOST, RLX)
        self.without(after)
        return [self.to(after, OWNER, "leave")]

    def o_sleep(self, state):
        return self.o_get(state) if state.pool else []

    def o_get(self, state):
        if not state.pool:
            return [self.to(state.copy(), OWNER, "leave")]
        after = state.copy()
        p = after.get(OWNER)
        self.move(after, p, "owner")
        after.store(OWNER, MP, p, RLX)
        left, _ = after.threads[OWNER].var
        return [self.to(after, OWNER, "owns", (left, p))]

    def o_owns(self, state):
        after = state.copy()
        after.store(OWNER, TAKE, NONE, RLX if self.wrong == "relaxed owns" else REL)
        return [self.to(after, OWNER, "use")]

    # --- the monitor: var is (asks left, the P it has read)

    def next_ask(self, state):
        left, _ = state.threads[MONITOR].var
        return self.to(state, MONITOR, "ask", (left - 1, None))

    def m_ask(self, state):
        if not state.threads[MONITOR].var[0]:
            return None
        out = []
        for read, after in state.exchanges(MONITOR, TAKE, NONE, ASK):
            out.append(self.to(after, MONITOR, "barrier") if read is None else self.next_ask(after))
        return out

    def m_barrier(self, state):
        after = state.copy()
        if self.wrong in ("no barrier", "no fence of the monitor's"):
            return [self.to(after, MONITOR, "read")]
        after.fence(MONITOR)
        if self.fences:
            return [self.to(after, MONITOR, "read")]
        after.threads[OWNER].ipi = True
        return [self.to(after, MONITOR, "passed")]

    def m_passed(self, state):
        if state.threads[OWNER].ipi:
            return []
        after = state.copy()
        after.fence(MONITOR)
        return [self.to(after, MONITOR, "read")]

    def m_read(self, state):
        out = []
        for p, after in state.loads(MONITOR, MP, RLX):
            left, _ = after.threads[MONITOR].var
            out.append(self.to(after, MONITOR, "decide", (left, p)))
        return out

    def m_decide(self, state):
        out = []
        for where, after in state.loads(MONITOR, STATE, ACQ):
            out.append(self.to(after, MONITOR, "take" if where == USER else "decline"))
        return out

    def m_take(self, state):
        out = []
        p = state.threads[MONITOR].var[1]
        for read, after in state.exchanges(MONITOR, TAKE, ASK, TAKEN):
            if read is not None:
                out.append(self.to(after, MONITOR, "decline"))
                continue
            if p is None or after.ghost[p] != "owner":
                raise Violation("the monitor takes a P that its owner does not have")
            self.move(after, p, "monitor")
            out.append(self.to(after, MONITOR, "use"))
        return out

    def m_use(self, state):
        after = state.copy()
        p = after.threads[MONITOR].var[1]
        self.use(after, MONITOR, p)
        self.move(after, p, "pool")
        after.put(MONITOR, p)
        return [self.next_ask(after)]

    def m_decline(self, state):
        return [self.next_ask(a) for _, a in state.exchanges(MONITOR, TAKE, ASK, NONE)]

    # --- the end

    def at_end(self, state):
        p = state.threads[OWNER].var[1]
        for k, place in enumerate(state.ghost):
            there = (place == "pool") == (k in state.pool)
            if place == "monitor" or not there or (place == "owner") != (p == k and place == "owner"):
                raise Violation(f"P {k} is nowhere at the end")


setattr(Protocol, "o_let go", Protocol.step_let_go)
setattr(Protocol, "o_give away", Protocol.step_give_away)


class Tickets:
    """A wait and a cancel that look at each other crosswise (sn__arm, sn__fence_tickets)."""

    WAIT, CANCELED = 0, 1

    def __init__(self, fences=False, wrong=""):
        self.fences, self.wrong = fences, wrong

    def first(self):
        zero = (0, 0)
        return State(
            [((0, zero),), ((0, zero),)],
            [Thread("arm", zero, zero, False, None), Thread("mark", zero, zero, False, None)],
            zero, (), zero, None,
        )

    def step(self, state, me):
        return getattr(self, "t_" + state.threads[me].pc)(state.copy(), me)

    @staticmethod
    def to(state, me, pc, var=None):
        state.threads[me].pc = pc
        state.threads[me].var = var
        return state

    def t_arm(self, state, me):
        state.store(me, self.WAIT, 1, REL)
        if self.fences:
            state.fence(me)
        return [self.to(state, me, "look")]

    def t_look(self, state, me):
        return [self.to(a, me, "end", v) for v, a in state.loads(me, self.CANCELED, ACQ)]

    def t_mark(self, state, me):
        state.store(me, self.CANCELED, 1, REL)
        state.fence(me)
        if self.fences or self.wrong == "no barrier":
            return [self.to(state, me, "wake")]
        state.threads[0].ipi = True
        return [self.to(state, me, "passed")]

    def t_passed(self, state, me):
        if state.threads[0].ipi:
            return []
        state.fence(me)
        return [self.to(state, me, "wake")]

    def t_wake(self, state, me):
        return [self.to(a, me, "end", v) for v, a in state.loads(me, self.WAIT, ACQ)]

    def t_end(self, state, me):
        return None

    def at_end(self, state):
        if not any(t.var for t in state.threads):
            raise Violation("a wait outlives the cancel of its scope: neither saw the other")


def run(what, model, breaks=False):
    """One line; whether it came out as it must."""
    try:
        n = weak.explore(model.first(), model.step, model.at_end)
        print(f"{'NOT FOUND' if breaks else 'holds':>9}  {what}: {n} states", flush=True)
        return not breaks
    except Violation as v:
        print(f"{'found' if breaks else 'BROKEN':>9}  {what}: {v}", flush=True)
        return breaks


def main():
    quick = "--quick" in sys.argv
    enters, asks = (2, 2) if quick else (3, 3)
    ok = [
        run(f"hand-over by barrier, {enters} entries, {asks} asks", Protocol(enters, asks)),
        run("hand-over by fences of the owner", Protocol(enters, asks, fences=True)),
        run("tickets and cancels by barrier", Tickets()),
        run("tickets and cancels by fences", Tickets(fences=True)),
    ]
    for wrong in ("no barrier", "look first", "ask is loss", "taken back is loss", "relaxed leave",
                  "given away unsaid"):
        ok.append(run(f"planted: {wrong}", Protocol(2, 2, wrong=wrong), breaks=True))
    for wrong in ("no fence of the monitor's", "relaxed owns"):
        ok.append(run(f"planted: {wrong}", Protocol(3, 2, True, wrong), breaks=True))
    ok.append(run("planted: tickets without a barrier", Tickets(wrong="no barrier"), breaks=True))
    return 0 if all(ok) else 1


if __name__ == "__main__":
    sys.exit(main())
