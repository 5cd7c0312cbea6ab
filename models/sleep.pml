/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sleeping and waking (src/sched/smp/sched.c, wake.c, thread.c, queue.c): MS threads, PS Ps, work
 * that comes from a coroutine that runs, from foreign threads by way of the global queue, and from
 * signal handlers by way of the inbox. When nothing moves any more, all work must have been done.
 *
 * With -DHOG one coroutine computes for ever, so that its M looks for nothing any more: while a P
 * idles nobody may be left in the inbox, unless there was no thread for it. The monitor takes part,
 * but looks only when it is told to. (Who waits in the queue of the one that computes is left to the
 * monitor's own looks: who would have stolen it may have been kept from spinning by a waker that
 * found no P.)
 *
 * One statement is one access to shared memory, or all that is done under rt.lock. Accesses are
 * sequentially consistent, as the code's are in these places. There are no threads beyond MS: who
 * needs a new one takes the way of a failed start.
 *
 * Planted mistakes: -DRELY: who finds no P as a spinner does not look again; -DNO_LAST_LOOK: who
 * stops spinning does not look again; -DBLIND_POLLER: who goes to sleep in the poller does not look
 * at the inbox; -DNO_POKE: who puts something there wakes nobody but the poller; -DDROP: a failed start just lays its P down, and nobody looks for what that leaves.
 */
#ifndef MS
#define MS 3
#endif
#ifndef PS
#define PS 2
#endif
#ifndef FOREIGN
#define FOREIGN 2
#endif
#ifndef HANDLERS
#define HANDLERS 1
#endif
#ifndef CHILDREN
#define CHILDREN 1
#endif
#define NONE 255

byte queued, inbox, ring[PS], idle_ps, spinning;
byte made, done, children = CHILDREN; /* pieces of work; how many more those that run will make */
bool p_idle[PS], m_idle[MS], wake[MS], polling, interrupted;
byte next_p[MS], given[MS]; /* given: 1 if it is to spin */
#ifdef HOG
bool hog = true, failed, poked, told; /* hog: it is still to come; failed: a start has */
#endif

inline pop_p(p) { /* under the lock */
    p = 0;
    do
    :: p < PS && !p_idle[p] -> p++
    :: else -> break
    od;
    if
    :: p < PS -> p_idle[p] = false; idle_ps--
    :: else -> p = NONE
    fi
}

inline push_p(p) { p_idle[p] = true; idle_ps++ }

inline pop_m(m) {
    m = 0;
    do
    :: m < MS && !m_idle[m] -> m++
    :: else -> break
    od;
    if
    :: m < MS -> m_idle[m] = false
    :: else -> m = NONE
    fi
}

/* sn__start_m, with no thread to be had beyond those that sleep */
inline start_m(p, spins, m) {
    atomic { pop_m(m) }
    if
    :: m != NONE -> atomic { next_p[m] = p; given[m] = spins } wake[m] = true
    :: else ->
        if
        :: spins -> spinning--
        :: else
        fi;
#ifdef HOG
        failed = true;
#endif
#ifdef DROP
        atomic { push_p(p) }
#else
        atomic {
            pop_m(m);
            if
            :: m == NONE -> push_p(p)
            :: else -> next_p[m] = p; given[m] = 0
            fi
        }
        if
        :: m != NONE -> wake[m] = true
        :: else ->
            if
            :: polling -> interrupted = true
            :: else
            fi
        fi
#endif
    fi
}

/* sn__wake_one */
inline wake_one(p, m) {
    do
    :: if
       :: idle_ps == 0 -> break
       :: else
       fi;
       if
       :: spinning -> break
       :: else
       fi;
       if
       :: atomic { spinning == 0 -> spinning = 1 }
       :: else -> break
       fi;
       atomic { pop_p(p) }
       if
       :: p != NONE -> start_m(p, 1, m); break
       :: else -> spinning--
#ifdef RELY
          ; break
#endif
       fi
    od;
    atomic { p = 0; m = 0 }
}

proctype M(byte me; byte p) {
    byte q, m, k;
    bool spins, found;
find:
    if
    :: p == NONE ->
        atomic { /* sn__m_sleep(m, true) */
            pop_p(p);
            m_idle[me] = (p == NONE)
        }
        if
        :: p == NONE -> goto asleep
        :: else
        fi
    :: else
    fi;
look:
    if
    :: inbox -> atomic { ring[p] = ring[p] + inbox; inbox = 0 }
    :: else
    fi;
    if
    :: atomic { ring[p] -> ring[p]-- } goto work
    :: else
    fi;
    if
    :: atomic { queued -> queued-- } goto work
    :: else
    fi;
    if
    :: !spins ->
        if
        :: atomic { spinning == 0 -> spinning = 1 } spins = true
        :: else
        fi
    :: else
    fi;
    if
    :: spins ->
        k = 0;
        do
        :: k < PS ->
            if
            :: atomic { ring[k] -> ring[k]--; k = 0 } goto work
            :: else -> k++
            fi
        :: else -> k = 0; break
        od
    :: else
    fi;
    /* let_go */
    atomic {
        if
        :: queued -> queued--; found = true
        :: else -> push_p(p); p = NONE; found = false
        fi
    }
    if
    :: found -> found = false; goto work
    :: else
    fi;
    /* last_look */
    if
    :: spins ->
        spins = false;
        spinning--;
#ifndef NO_LAST_LOOK
        found = false;
        if
        :: queued -> found = true
        :: else
        fi;
        if
        :: inbox -> found = true
        :: else
        fi;
        k = 0;
        do
        :: k < PS ->
            if
            :: ring[k] -> found = true
            :: else
            fi;
            k++
        :: else -> k = 0; break
        od;
        if
        :: found ->
            found = false;
            atomic { pop_p(p) }
            if
            :: p != NONE -> spins = true; spinning++; goto look
            :: else
            fi
        :: else
        fi
#endif
    :: else
    fi;
    if
    :: atomic { !polling -> polling = true } goto poller
    :: else
    fi;
    atomic { m_idle[me] = true } /* sn__m_sleep(m, false) */
asleep:
end_asleep:
    atomic { wake[me] -> wake[me] = false };
    atomic { p = next_p[me]; spins = given[me]; next_p[me] = NONE; given[me] = 0 }
    goto look;
poller:
#ifndef BLIND_POLLER
    if
    :: inbox -> goto woken
    :: else
    fi;
#endif
#ifndef DROP
    if
    :: queued -> goto woken
    :: else
    fi;
#endif
end_poller:
    interrupted;
woken:
    interrupted = false;
    polling = false;
    atomic { pop_p(p) }
    goto find;
work:
    if
    :: spins ->
        spins = false;
        spinning--;
        wake_one(q, m)
    :: else
#ifdef HOG
        -> /* the rest of share */
        if
        :: idle_ps && ring[p] -> wake_one(q, m)
        :: else
        fi
#endif
    fi;
#ifdef HOG
    if
    :: atomic { hog -> hog = false; done++ }
end_hog:
        false
    :: true
    fi;
#endif
    if /* a coroutine that starts another, which takes the slot and moves the last to the ring */
    :: atomic { children -> children--; made++; ring[p]++ }
        wake_one(q, m)
    :: else
    fi;
    done++;
    goto look
}

/* A thread of somebody else, or the monitor. */
proctype Foreign() {
    byte q, m;
    atomic { made++; queued++ }
    wake_one(q, m)
}

/* A signal handler: sn__inbox_put. */
proctype Handler() {
    atomic { made++; inbox++ }
    if
    :: polling -> interrupted = true
    :: else
#if defined(HOG) && !defined(NO_POKE)
        ->
        if
        :: spinning
        :: else ->
            if
            :: atomic { !poked -> poked = true } told = true
            :: else
            fi
        fi
#endif
    fi
}

#ifdef HOG
/* serve_inbox. A look that was of no use bars others from telling till the next, which comes. */
proctype Monitor() {
    byte q, m;
    bool was, idle;
end_monitor:
    do
    :: told ->
        told = false;
look:
        atomic { was = poked; poked = false }
        if
        :: inbox -> idle = idle_ps
        :: else -> idle = false
        fi;
        if
        :: idle -> wake_one(q, m); was = false; idle = false
        :: was && !idle -> was = false; poked = true; goto look
        :: else
        fi
    od
}
#endif

init {
    byte i;
    atomic {
        do
        :: i < PS -> push_p(i); i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < MS -> next_p[i] = NONE; run M(i, NONE); i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < FOREIGN -> run Foreign(); i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < HANDLERS -> run Handler(); i++
        :: else -> break
        od
#ifdef HOG
        ;
        run Monitor()
#endif
    }
    timeout;
#ifdef HOG
    assert(done <= made && (!inbox || !idle_ps || failed))
#else
    assert(made == done)
#endif
}
